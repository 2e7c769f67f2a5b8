/** The Kubernetes door: HTTPS with HTTP/2 and HTTP/1.1 on one port; who asks, may he, which verb, answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Deck } from "#deck/deck.ts";
import { nodeKind } from "#kinds/node.ts";
import { askedKinds } from "#kinds/registry.ts";
import { serviceAccountKind } from "#kinds/service-account.ts";
import { type ApiPath, parseApiPath } from "./api-path.ts";
import { isTrue } from "./asked.ts";
import { anonymous, authenticate, type Identity, Tokens } from "./authenticate.ts";
import { type Attributes, Authorizer } from "./authorize.ts";
import { Discovery } from "./discovery.ts";
import { type Door, sendJson, type Verb } from "./door.ts";
import { type Exchange, http1Exchange, http2Exchange } from "./exchange.ts";
import { NodeEndpoint } from "./node-endpoint.ts";
import type { Pki } from "./pki.ts";
import { protobufBodies } from "./protobuf-bodies.ts";
import { getObject, listObjects } from "./read-verbs.ts";
import { answerReview } from "./reviews.ts";
import { statusOf } from "./status.ts";
import { bindPod, evictPod, podLog, refuseStream, requestToken } from "./subresources.ts";
import { watchObjects } from "./watch-verb.ts";
import { createObject, deleteCollection, deleteObject, patchObject, updateObject } from "./write-verbs.ts";

export interface KubeOptions {
  readonly deck: Deck;
  readonly pki: Pki;
  /** Addresses to listen on, all with the same port. */
  readonly hosts: readonly string[];
  /** 0 picks a free one on the first host. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface KubeDoor extends AsyncDisposable {
  readonly port: number;
  readonly nodes: NodeEndpoint;
}

/** Opens the door on every host; resolves when all of them accept. */
export async function listenKube(options: KubeOptions): Promise<KubeDoor> {
  const listener = new Listener(options);
  await listener.open();
  return listener;
}

// As client-go expects: many watches over one connection.
const MAX_STREAMS = 1_000;
const WINDOW_BYTES = 1024 * 1024;

class Listener implements KubeDoor {
  readonly #options: KubeOptions;
  readonly #door: Door;
  readonly #discovery: Discovery;
  readonly #servers: Http2SecureServer[] = [];
  readonly #accounts;
  readonly #stack = new AsyncDisposableStack();
  #port: number;

  constructor(options: KubeOptions) {
    const { deck, pki, clock, random, log } = options;
    this.#options = options;
    this.#port = options.port;
    const objects = deck.objects("kube-apiserver");
    const client = pki.clients["kube-apiserver"] ?? pki.server;
    this.#accounts = this.#stack.use(objects.view(serviceAccountKind));
    const nodes = this.#stack.use(new NodeEndpoint(this.#stack.use(objects.view(nodeKind)), pki.ca, client));
    const authorizer = this.#stack.use(new Authorizer(objects));
    this.#door = { deck, authorizer, tokens: new Tokens(pki.tokenKey), nodes, decodeProtobuf: protobufBodies(deck.registry), clock, random, log };
    this.#discovery = new Discovery(() => [...deck.registry.all(), ...askedKinds]);
    this.#stack.use(deck.registry.onChange(() => this.#discovery.renew()));
  }

  get port(): number {
    return this.#port;
  }

  get nodes(): NodeEndpoint {
    return this.#door.nodes;
  }

  async open(): Promise<void> {
    for (const host of this.#options.hosts) {
      const server = this.#server();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(this.#port, host, resolve);
      });
      this.#port = (server.address() as AddressInfo).port;
      this.#servers.push(server);
    }
  }

  #server(): Http2SecureServer {
    const { pki, log } = this.#options;
    const settings = { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW_BYTES };
    const server = createSecureServer({ allowHTTP1: true, key: pki.server.key, cert: pki.server.cert, ca: pki.ca, requestCert: true, rejectUnauthorized: false, settings });
    server.on("session", (session) => {
      session.setLocalWindowSize(WINDOW_BYTES * 4);
      session.on("error", (error) => log.debug("an HTTP/2 session failed", { reason: error.message }));
    });
    server.on("stream", (stream, headers) => void this.#answer(http2Exchange(stream, headers)));
    // Adding a "request" listener would route HTTP/2 through the compatibility layer as well; only HTTP/1.1 is to come this way.
    server.removeAllListeners("newListener");
    server.on("request", (request, response) => void this.#answer(http1Exchange(request as unknown as IncomingMessage, response as unknown as ServerResponse)));
    server.on("sessionError", (error) => log.debug("an HTTP/2 session failed", { reason: error.message }));
    return server;
  }

  async #answer(exchange: Exchange): Promise<void> {
    try {
      await this.#route(exchange);
    } catch (thrown) {
      const { code, body } = statusOf(thrown);
      if (code === 500) this.#options.log.error("a Kubernetes request failed", { method: exchange.method, path: exchange.path, reason: reasonOf(thrown), ...(thrown instanceof Error && { stack: thrown.stack }) });
      if (!exchange.hasAnswered) sendJson(exchange, code, body);
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const identity = this.#identify(exchange);
    if (await this.#health(exchange)) return;
    const path = parseApiPath(exchange.path, (group, version, plural) => this.#kind(group, version, plural));
    if (path !== null) return this.#object(exchange, identity, path);
    this.#allow(identity, { is: "path", verb: exchange.method === "HEAD" ? "head" : exchange.method.toLowerCase(), path: exchange.path });
    if (exchange.method === "GET" && this.#wellKnown(exchange)) return;
    if (exchange.method === "GET" && this.#discovery.answer(exchange)) return;
    throw new Fault("NotFound", "the server could not find the requested resource");
  }

  #kind(group: string, version: string, plural: string): ReturnType<Deck["registry"]["kind"]> {
    return this.#door.deck.registry.kind(group, version, plural) ?? askedKinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);
  }

  #identify(exchange: Exchange): Identity {
    const identity = authenticate(exchange, this.#door.tokens, this.#accounts, this.#options.clock.now());
    const user = exchange.headers["impersonate-user"];
    if (user === undefined) return identity;
    this.#door.authorizer.check(identity, { is: "resource", verb: "impersonate", group: "", resource: "users", namespace: "", name: user });
    const groups = exchange.headers["impersonate-group"]?.split(",").map((group) => group.trim()) ?? [];
    for (const name of groups) this.#door.authorizer.check(identity, { is: "resource", verb: "impersonate", group: "", resource: "groups", namespace: "", name });
    return { name: user, groups: [...groups, "system:authenticated"] };
  }

  #allow(identity: Identity, attributes: Attributes): void {
    if (this.#door.authorizer.isAllowed(identity, attributes)) return;
    if (identity === anonymous) throw new Fault("Unauthorized", "Unauthorized");
    this.#door.authorizer.check(identity, attributes);
  }

  async #health(exchange: Exchange): Promise<boolean> {
    if (!["/healthz", "/livez", "/readyz"].includes(exchange.path)) return false;
    exchange.send(200, { "content-type": "text/plain; charset=utf-8" }, isTrue(exchange.query, "verbose") || exchange.query.has("verbose") ? "[+]ping ok\n[+]journal ok\nhealthz check passed\n" : "ok");
    return true;
  }

  #wellKnown(exchange: Exchange): boolean {
    const { tokens } = this.#door;
    if (exchange.path === "/openid/v1/jwks") sendJson(exchange, 200, tokens.jwks());
    else if (exchange.path === "/.well-known/openid-configuration") {
      sendJson(exchange, 200, { issuer: tokens.issuer, jwks_uri: `${tokens.issuer}/openid/v1/jwks`, response_types_supported: ["id_token"], subject_types_supported: ["public"], id_token_signing_alg_values_supported: ["ES256"] });
    } else return false;
    return true;
  }

  async #object(exchange: Exchange, identity: Identity, path: ApiPath): Promise<void> {
    const { verb, run } = verbOf(exchange, path);
    const { kind, namespace, name, subresource } = path;
    this.#allow(identity, { is: "resource", verb, group: kind.group, resource: kind.plural, namespace, name, ...(subresource !== undefined && { subresource }) });
    if (identity.groups.includes("system:nodes")) restrictNode(identity, path, verb);
    await run(this.#door, { exchange, identity, path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    // Watches never end by themselves: whoever is connected comes back to the next server.
    for (const server of this.#servers) (server as unknown as { closeAllConnections?: () => void }).closeAllConnections?.();
    await this.#stack.disposeAsync();
  }
}

/** NodeRestriction: a node writes its own Node, Lease and the status of pods only. */
function restrictNode(identity: Identity, { kind, name, subresource, namespace }: ApiPath, verb: string): void {
  if (["get", "list", "watch", "create"].includes(verb)) return;
  const node = identity.name.replace(/^system:node:/, "");
  const isOther = (kind.plural === "nodes" && name !== node) || (kind.plural === "leases" && (namespace !== "kube-node-lease" || name !== node));
  if (isOther) throw new Fault("Forbidden", `${kind.plural} "${name}" is forbidden: node "${node}" is not allowed to modify ${kind.plural} of others`, { kind: kind.plural, name });
  if (kind.plural === "pods" && verb !== "delete" && subresource !== "status") throw new Fault("Forbidden", `pods "${name}" is forbidden: node "${node}" can only update the status of pods`, { kind: "pods", name });
}

interface Chosen {
  readonly verb: string;
  readonly run: Verb;
}

function verbOf(exchange: Exchange, path: ApiPath): Chosen {
  const { kind, name, subresource } = path;
  if (askedKinds.includes(kind)) {
    if (exchange.method === "POST" && name === "") return { verb: "create", run: answerReview };
    throw notAllowed();
  }
  const chosen = subresource === undefined ? objectVerb(exchange, path) : subresourceVerb(exchange, path);
  const isServed = kind.verbs === undefined || subresource !== undefined || (kind.verbs as readonly string[]).includes(chosen.verb);
  if (!isServed) throw notAllowed();
  return chosen;
}

function objectVerb(exchange: Exchange, { name }: ApiPath): Chosen {
  const isCollection = name === "";
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      if (isTrue(exchange.query, "watch")) return { verb: "watch", run: watchObjects };
      return isCollection ? { verb: "list", run: listObjects } : { verb: "get", run: getObject };
    case "POST":
      if (isCollection) return { verb: "create", run: createObject };
      break;
    case "PUT":
      if (!isCollection) return { verb: "update", run: updateObject };
      break;
    case "PATCH":
      if (!isCollection) return { verb: "patch", run: patchObject };
      break;
    case "DELETE":
      return isCollection ? { verb: "deletecollection", run: deleteCollection } : { verb: "delete", run: deleteObject };
    default:
  }
  throw notAllowed();
}

const POSTS: Readonly<Record<string, Verb>> = { eviction: evictPod, binding: bindPod, token: requestToken, exec: refuseStream, attach: refuseStream, portforward: refuseStream };

function subresourceVerb(exchange: Exchange, { kind, subresource = "status" }: ApiPath): Chosen {
  if (!kind.subresources.includes(subresource)) throw new Fault("NotFound", "the server could not find the requested resource");
  const post = POSTS[subresource];
  if (post !== undefined && (exchange.method === "POST" || exchange.method === "GET")) return { verb: "create", run: post };
  if (subresource === "log" && exchange.method === "GET") return { verb: "get", run: podLog };
  if (exchange.method === "GET") return { verb: "get", run: getObject };
  if (exchange.method === "PUT") return { verb: "update", run: updateObject };
  if (exchange.method === "PATCH") return { verb: "patch", run: patchObject };
  throw notAllowed();
}

function notAllowed(): Fault {
  return new Fault("MethodNotAllowed", "the server does not allow this method on the requested resource");
}
