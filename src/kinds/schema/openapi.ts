/** The OpenAPI documents of the API: one per group-version for v3, one for everything for v2. Built when asked; who serves them keeps them. */
import { draft } from "#base/dictionary.ts";
import type { Json, JsonObject } from "#base/json.ts";
import type { TypeName } from "#base/schema.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { hasStatus } from "#kinds/subresources.ts";
import { publishedDefinition } from "./openapi-definition.ts";
import { type Dialect, SchemaWriter } from "./openapi-schema.ts";
import { builtinTable } from "./schema-table.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const INFO: JsonObject = { title: "Kubernetes", version: "v1.34.1" };

/** The document of one group-version; `kinds` are all that are served. Null when the group-version has none. */
export function openApiV3(kinds: readonly Kind[], group: string, version: string): JsonObject | null {
  const mine = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (mine.length === 0) return null;
  const { paths, schemas } = describe(mine, "v3");
  return { openapi: "3.0.0", info: INFO, paths, components: { schemas } };
}

export function openApiV2(kinds: readonly Kind[]): JsonObject {
  const { paths, schemas } = describe(kinds, "v2");
  return { swagger: "2.0", info: INFO, paths, definitions: schemas };
}

/** "api/v1" or "apis/apps/v1", as the v3 index names its documents. */
export function documentPath({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function describe(
  kinds: readonly Kind[],
  dialect: Dialect,
): { readonly paths: JsonObject; readonly schemas: JsonObject } {
  const writer = new SchemaWriter(dialect);
  const paths = draft<Json>();
  writer.use(`${META}.DeleteOptions`, builtinTable);
  writer.use(`${META}.Status`, builtinTable);
  for (const kind of kinds) {
    defineKind(kind, writer);
    Object.assign(paths, new KindPaths(kind, dialect, writer).all());
  }
  return { paths, schemas: writer.finish() };
}

/** What a kind's type is called in the documents. */
function typeNameOf(kind: Kind): TypeName {
  return kind.typeName ?? [...kind.group.split(".").toReversed(), kind.version, kind.kind].join(".");
}

function defineKind(kind: Kind, writer: SchemaWriter): void {
  const marks = { "x-kubernetes-group-version-kind": [kindMark(kind)] };
  const metadata = writer.use(`${META}.ObjectMeta`, builtinTable);
  const schema =
    kind.definedBy === undefined
      ? writer.write(kind.schema, kind.table)
      : publishedDefinition(kind.definition, metadata, writer.dialect);
  writer.define(typeNameOf(kind), { ...schema, ...marks });
  if (kind.verbs !== undefined && !kind.verbs.includes("list")) return;
  writer.define(`${typeNameOf(kind)}List`, {
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: writer.use(`${META}.ListMeta`, builtinTable),
      items: { type: "array", items: writer.reference(typeNameOf(kind)) },
    },
    "x-kubernetes-group-version-kind": [{ ...kindMark(kind), kind: `${kind.kind}List` }],
  });
}

function kindMark({ group, version, kind }: Kind): JsonObject {
  return { group, version, kind };
}

const PATCHES = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
const STRATEGIC = "application/strategic-merge-patch+json";

/** The parameters that kubectl looks for before it relies on them. */
const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"];
const LIST_PARAMETERS = [
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeoutSeconds",
  "watch",
];
const DELETE_PARAMETERS = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];
const TYPES: Readonly<Record<string, string>> = {
  allowWatchBookmarks: "boolean",
  force: "boolean",
  gracePeriodSeconds: "integer",
  limit: "integer",
  orphanDependents: "boolean",
  sendInitialEvents: "boolean",
  timeoutSeconds: "integer",
  watch: "boolean",
};

class KindPaths {
  readonly #kind: Kind;
  readonly #dialect: Dialect;
  readonly #writer: SchemaWriter;

  constructor(kind: Kind, dialect: Dialect, writer: SchemaWriter) {
    this.#kind = kind;
    this.#dialect = dialect;
    this.#writer = writer;
  }

  all(): Record<string, Json> {
    const { scope, plural, verbs } = this.#kind;
    const root = `/${documentPath(this.#kind)}`;
    const isNamespaced = scope === "Namespaced";
    const collection = `${root}${isNamespaced ? "/namespaces/{namespace}" : ""}/${plural}`;
    if (verbs !== undefined && verbs.length === 0) return {};
    const can = (verb: "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update"): boolean =>
      verbs === undefined || verbs.includes(verb);
    const item = {
      ...this.#when(can("get"), "get", () => this.#operation("get", [])),
      ...this.#when(can("update"), "put", () => this.#operation("put", WRITE_PARAMETERS)),
      ...this.#when(can("patch"), "patch", () => this.#operation("patch", [...WRITE_PARAMETERS, "force"])),
      ...this.#when(can("delete"), "delete", () => this.#operation("delete", DELETE_PARAMETERS)),
    };
    const list = this.#when(can("list"), "get", () => this.#operation("list", LIST_PARAMETERS));
    return {
      [collection]: {
        ...list,
        ...this.#when(can("create"), "post", () => this.#operation("post", WRITE_PARAMETERS)),
        ...this.#when(can("deletecollection"), "delete", () =>
          this.#operation("deletecollection", [...DELETE_PARAMETERS, ...LIST_PARAMETERS]),
        ),
        parameters: this.#pathParameters(isNamespaced ? ["namespace"] : []),
      },
      ...(isNamespaced && can("list") && { [`${root}/${plural}`]: list }),
      ...(Object.keys(item).length > 0 && {
        [`${collection}/{name}`]: {
          ...item,
          parameters: this.#pathParameters(isNamespaced ? ["name", "namespace"] : ["name"]),
        },
      }),
      ...(hasStatus(this.#kind) && {
        [`${collection}/{name}/status`]: {
          get: this.#operation("get", []),
          put: this.#operation("put", WRITE_PARAMETERS),
          patch: this.#operation("patch", [...WRITE_PARAMETERS, "force"]),
          parameters: this.#pathParameters(isNamespaced ? ["name", "namespace"] : ["name"]),
        },
      }),
    };
  }

  #when(isServed: boolean, method: string, operation: () => JsonObject): JsonObject {
    return isServed ? { [method]: operation() } : {};
  }

  #operation(action: string, parameters: readonly string[]): JsonObject {
    const isList = action === "list";
    const own = this.#writer.reference(typeNameOf(this.#kind) + (isList ? "List" : ""));
    const answer =
      action === "delete" || action === "deletecollection" ? this.#writer.reference(`${META}.Status`) : own;
    const body = this.#bodyOf(action);
    const query = [...new Set(parameters)].map((name) => this.#parameter(name, "query", false));
    const asked =
      this.#dialect === "v2" && body !== null
        ? [{ in: "body", name: "body", required: true, schema: body }, ...query]
        : query;
    return {
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": kindMark(this.#kind),
      ...(asked.length > 0 && { parameters: asked }),
      ...(this.#dialect === "v3" &&
        body !== null && {
          requestBody: { content: Object.fromEntries(this.#bodyTypes(action).map((type) => [type, { schema: body }])) },
        }),
      ...(this.#dialect === "v2" && {
        produces: ["application/json"],
        ...(body !== null && { consumes: this.#bodyTypes(action) }),
      }),
      responses: {
        "200":
          this.#dialect === "v2"
            ? { description: "OK", schema: answer }
            : { description: "OK", content: { "application/json": { schema: answer } } },
      },
    };
  }

  #bodyOf(action: string): JsonObject | null {
    switch (action) {
      case "post":
      case "put":
        return this.#writer.reference(typeNameOf(this.#kind));
      case "patch":
        return { type: "object" };
      case "delete":
      case "deletecollection":
        return this.#writer.reference(`${META}.DeleteOptions`);
      default:
        return null;
    }
  }

  /** Only built-in types know strategic merge; kubectl reads it from here. */
  #bodyTypes(action: string): readonly string[] {
    if (action !== "patch") return ["*/*"];
    return this.#kind.definedBy === undefined ? [...PATCHES, STRATEGIC] : PATCHES;
  }

  #pathParameters(names: readonly string[]): readonly Json[] {
    return [...names.map((name) => this.#parameter(name, "path", true)), this.#parameter("pretty", "query", false)];
  }

  #parameter(name: string, place: "path" | "query", isRequired: boolean): JsonObject {
    const schema = { type: TYPES[name] ?? "string", uniqueItems: true };
    return {
      name,
      in: place,
      ...(isRequired && { required: true }),
      ...(this.#dialect === "v2" ? schema : { schema }),
    };
  }
}

/** Names of the documents of all group-versions that `kinds` have, each once. */
export function documentsOf(
  kinds: readonly Kind[],
): readonly { readonly group: string; readonly version: string; readonly path: string }[] {
  const seen = new Map(
    kinds.map((kind) => [apiVersionOf(kind), { group: kind.group, version: kind.version, path: documentPath(kind) }]),
  );
  return [...seen.values()];
}
