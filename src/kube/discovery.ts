/** What the server has: API groups, versions and kinds, legacy and aggregated, the version, the OpenAPI documents. */
import { createHash } from "node:crypto";
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import { apiVersionOf, type Kind, type Subresource, type Verb } from "#kinds/kind.ts";
import { documentPath, openApiV2, openApiV3 } from "#kinds/schema/openapi.ts";
import { sendJson } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { openApiProtobuf } from "./openapi-protobuf.ts";

const ALL_VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

// 1.34 until newer behaviour is all there: clients switch features on by it.
const VERSION = {
  major: "1",
  minor: "34",
  gitVersion: "v1.34.1+catamaran",
  // Whether the tree was clean is not known of a checkout.
  gitTreeState: "",
  buildDate: "2026-11-23T00:00:00Z",
  goVersion: "node",
  compiler: "v8",
  platform: "linux/amd64",
};

// Clients expect hexadecimal digits, also where nobody knows the commit.
const NO_COMMIT = "0".repeat(40);

// DIFFERS: preferred order of groups is upstream's; kubectl api-resources prints in it.
const GROUP_ORDER = ["", "apps", "autoscaling", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"];

const PROTO_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

interface Document {
  readonly body: string | Uint8Array;
  readonly hash: string;
}

export class Discovery {
  readonly #kinds: () => readonly Kind[];
  readonly #version: JsonObject;
  #documents = new Map<string, Document>();

  constructor(kinds: () => readonly Kind[], commit: string = NO_COMMIT) {
    this.#kinds = kinds;
    this.#version = { ...VERSION, gitCommit: commit };
  }

  /** Forgets what was built from the kinds: a definition came or went. */
  renew(): void {
    this.#documents = new Map();
  }

  /** True when the path was one of discovery and is answered. */
  answer(exchange: Exchange): boolean {
    const { path } = exchange;
    const bare = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    if (bare === "/version") return done(sendJson(exchange, 200, this.#version));
    if (bare === "/api" || bare === "/apis") return done(this.#roots(exchange, bare));
    if (bare === "/openapi/v2") return done(this.#sendV2(exchange));
    if (bare === "/openapi/v3") return done(sendJson(exchange, 200, this.#v3Index()));
    if (bare.startsWith("/openapi/v3/")) return done(this.#sendV3(exchange, bare.slice("/openapi/v3/".length)));
    if (bare === "/") return done(sendJson(exchange, 200, { paths: this.#paths() }));
    return this.#groups(exchange, bare);
  }

  #roots(exchange: Exchange, root: "/api" | "/apis"): void {
    const version = aggregatedVersion(exchange);
    if (version !== null) {
      const body = {
        kind: "APIGroupDiscoveryList",
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: this.#groupNames()
          .filter((name) => (name === "") === (root === "/api"))
          .map((name) => this.#aggregated(name)),
      };
      return exchange.send(
        200,
        {
          "content-type": `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
          vary: "Accept",
        },
        JSON.stringify(body),
      );
    }
    if (root === "/api")
      return sendJson(exchange, 200, {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [
          { clientCIDR: "0.0.0.0/0", serverAddress: exchange.headers["host"] ?? exchange.headers[":authority"] ?? "" },
        ],
      });
    sendJson(exchange, 200, {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: this.#groupNames()
        .filter((name) => name !== "")
        .map((name) => this.#group(name)),
    });
  }

  #groups(exchange: Exchange, path: string): boolean {
    const [, root, first, second, ...rest] = path.split("/");
    if (rest.length > 0 || first === undefined) return false;
    if (root === "api" && second === undefined) return done(sendJson(exchange, 200, this.#resources("", first)));
    if (root !== "apis") return false;
    if (second !== undefined) return done(sendJson(exchange, 200, this.#resources(first, second)));
    if (!this.#groupNames().includes(first)) throw notFound();
    return done(sendJson(exchange, 200, { kind: "APIGroup", apiVersion: "v1", ...this.#group(first) }));
  }

  #groupNames(): readonly string[] {
    const names = [...new Set(this.#kinds().map(({ group }) => group))];
    const rank = (name: string): number =>
      GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length;
    return names.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }

  #versions(group: string): readonly string[] {
    const versions = new Set(
      this.#kinds()
        .filter((kind) => kind.group === group)
        .map(({ version }) => version),
    );
    return [...versions].toSorted(byVersionPriority);
  }

  #group(name: string): JsonObject {
    const versions = this.#versions(name).map((version) => ({
      groupVersion: apiVersionOf({ group: name, version }),
      version,
    }));
    return { name, versions, preferredVersion: versions[0] ?? {} };
  }

  #resources(group: string, version: string): JsonObject {
    const kinds = this.#kinds().filter((kind) => kind.group === group && kind.version === version);
    if (kinds.length === 0) throw notFound();
    return {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: apiVersionOf({ group, version }),
      resources: kinds.flatMap(legacyEntries),
    };
  }

  #aggregated(group: string): JsonObject {
    const versions = this.#versions(group).map((version) => ({
      version,
      resources: this.#kinds()
        .filter((kind) => kind.group === group && kind.version === version && isListed(kind))
        .map(aggregatedEntry),
      freshness: "Current",
    }));
    return { metadata: { name: group, creationTimestamp: null }, versions };
  }

  #paths(): readonly string[] {
    const groups = this.#groupNames().flatMap((name) =>
      name === ""
        ? ["/api/v1"]
        : [`/apis/${name}`, ...this.#versions(name).map((version) => `/apis/${name}/${version}`)],
    );
    return [
      "/api",
      "/apis",
      ...groups,
      "/healthz",
      "/livez",
      "/metrics",
      "/openapi/v2",
      "/openapi/v3",
      "/readyz",
      "/version",
    ].toSorted();
  }

  #v3Index(): JsonObject {
    const groupVersions = new Map(this.#kinds().map((kind) => [documentPath(kind), kind]));
    return {
      paths: Object.fromEntries(
        [...groupVersions].map(([path, kind]) => [
          path,
          { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#v3(kind.group, kind.version).hash}` },
        ]),
      ),
    };
  }

  #v3(group: string, version: string): Document {
    return this.#document(`${group}/${version}`, () => {
      const built = openApiV3(this.#kinds(), group, version);
      if (built === null) throw notFound();
      return JSON.stringify(built);
    });
  }

  #document(key: string, build: () => string | Uint8Array): Document {
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const body = build();
    const document = { body, hash: createHash("sha256").update(body).digest("hex").slice(0, 32).toUpperCase() };
    this.#documents.set(key, document);
    return document;
  }

  #sendV3(exchange: Exchange, path: string): void {
    const [root, first = "", second = ""] = path.split("/");
    this.#sendDocument(exchange, root === "api" ? this.#v3("", first) : this.#v3(first, second), "application/json");
  }

  #sendV2(exchange: Exchange): void {
    const accept = exchange.headers["accept"] ?? "";
    const isProtobuf = accept.includes("com.github.proto-openapi") && !accept.includes("json");
    const document = this.#document(isProtobuf ? "v2 protobuf" : "v2", () => {
      const built = openApiV2(this.#kinds());
      return isProtobuf ? openApiProtobuf(built) : JSON.stringify(built);
    });
    this.#sendDocument(exchange, document, isProtobuf ? PROTO_V2 : "application/json");
  }

  #sendDocument(exchange: Exchange, { body, hash }: Document, type: string): void {
    const etag = `"${hash}"`;
    if (exchange.headers["if-none-match"] === etag) return exchange.send(304, { etag }, "");
    const isPinned = exchange.query.get("hash") === hash;
    exchange.send(
      200,
      {
        "content-type": type,
        etag,
        "cache-control": isPinned ? "public, immutable, max-age=31536000" : "no-cache, private",
      },
      body,
    );
  }
}

function done(_answered: void): true {
  return true;
}

function notFound(): Fault {
  return new Fault("NotFound", "the server could not find the requested resource");
}

function aggregatedVersion(exchange: Exchange): "v2" | "v2beta1" | null {
  for (const part of (exchange.headers["accept"] ?? "").split(",")) {
    if (!part.includes("g=apidiscovery.k8s.io")) continue;
    if (part.includes("v=v2;") || part.endsWith("v=v2")) return "v2";
    if (part.includes("v=v2beta1")) return "v2beta1";
  }
  return null;
}

/** Kinds that are only bodies of subresources have no path. */
function isListed(kind: Kind): boolean {
  return kind.verbs === undefined || kind.verbs.length > 0;
}

function legacyEntries(kind: Kind): readonly JsonObject[] {
  const { plural, singular, scope, shortNames, categories } = kind;
  const main: JsonObject = {
    name: plural,
    singularName: singular,
    namespaced: scope === "Namespaced",
    kind: kind.kind,
    verbs: [...(kind.verbs ?? ALL_VERBS)],
    ...(shortNames !== undefined && { shortNames: [...shortNames] }),
    ...(categories !== undefined && { categories: [...categories] }),
    ...storageHash(kind),
  };
  const below = kind.subresources.map((subresource) => ({
    name: `${plural}/${subresource.name}`,
    singularName: "",
    namespaced: scope === "Namespaced",
    ...typeOf(kind, subresource),
    verbs: [...subresource.verbs],
  }));
  return isListed(kind) ? [main, ...below] : [];
}

/** Which version is stored, as an opaque word: kinds with the same word are the same objects (apiserver discovery, StorageVersionHash). */
function storageHash(kind: Kind): JsonObject {
  // What is only asked or measured is not stored.
  if (kind.isEphemeral === true || (kind.verbs !== undefined && !kind.verbs.includes("list"))) return {};
  const { group, version, kind: name } = kind.storedAs?.kind ?? kind;
  const digest = createHash("sha256").update(`${group}/${version}/${name}`).digest();
  return { storageVersionHash: digest.subarray(0, 8).toString("base64") };
}

function aggregatedEntry(kind: Kind): JsonObject {
  const { plural, singular, scope, shortNames, categories } = kind;
  return {
    resource: plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: scope === "Namespaced" ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: [...(kind.verbs ?? ALL_VERBS)],
    ...(shortNames !== undefined && { shortNames: [...shortNames] }),
    ...(categories !== undefined && { categories: [...categories] }),
    ...(kind.subresources.length > 0 && {
      subresources: kind.subresources.map((subresource) => {
        const { group = "", version = "", kind: name } = typeOf(kind, subresource);
        const responseKind = { group, version, kind: name };
        return { subresource: subresource.name, responseKind, verbs: [...subresource.verbs] };
      }),
    }),
  };
}

function typeOf(
  kind: Kind,
  { body, options }: Subresource,
): { readonly group?: string; readonly version?: string; readonly kind: string } {
  if (options !== undefined) return { kind: `${kind.kind}${options}` };
  if (body === undefined) return { kind: kind.kind };
  // What is of the core group stands in its own version's list.
  return body.group === "" ? { kind: body.kind } : { group: body.group, version: body.version, kind: body.kind };
}

/** GA before beta before alpha, newest first (apimachinery version priority). */
function byVersionPriority(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [-1, 0, 0];
    return [match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [x, y] = [rank(a), rank(b)];
  return (y[0] ?? 0) - (x[0] ?? 0) || (y[1] ?? 0) - (x[1] ?? 0) || (y[2] ?? 0) - (x[2] ?? 0) || (a < b ? -1 : 1);
}
