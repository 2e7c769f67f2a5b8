/** What a request asks for beside its path: representation, options of writes, selections. Parsing only. */
import { Fault, unsupported } from "#base/fault.ts";
import { type Json, type JsonObject, isJsonObject, parseJson } from "#base/json.ts";
import type { JsonLimits } from "#base/json-text.ts";
import { parseFieldSelector, parseSelector } from "#base/selector.ts";
import { decodeUtf8Strictly } from "#base/utf8.ts";
import type { ListOptions } from "#deck/list.ts";
import type { DeckRemoveOptions, WriteRequest } from "#deck/write-request.ts";
import { conform, MAX_KEYS } from "#kinds/schema/conform.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { parseYamlBody } from "#wire/yaml.ts";
import type { Identity } from "./authenticate.ts";
import type { Exchange } from "./exchange.ts";
import type { IncludeObject } from "./table.ts";

export type Representation =
  | { readonly is: "object" }
  | { readonly is: "table"; readonly include: IncludeObject }
  | { readonly is: "partial" };

/**
 * The first of the accepted forms that can be given; NotAcceptable when none can.
 * DIFFERS: who accepts protobuf alone is answered in JSON, which clients decode by its Content-Type.
 */
export function representation(exchange: Exchange): Representation {
  for (const { type, as } of accepted(exchange)) {
    if (as === undefined && ANY_JSON.includes(type)) return { is: "object" };
    if (!JSON_TYPES.includes(type)) continue;
    if (as === "Table") return { is: "table", include: includeOf(exchange) };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { is: "partial" };
  }
  throw notAcceptable();
}

/** For answers that have no columns and no metadata to be cut down to: reviews, scales, what actions return. */
export function requireWholeObject(exchange: Exchange): void {
  const isAccepted = accepted(exchange).some(({ type, as }) => as === undefined && ANY_JSON.includes(type));
  if (!isAccepted) throw notAcceptable();
}

interface AcceptedForm {
  readonly type: string;
  /** What the object is to be turned into; absent for the object itself. */
  readonly as?: string;
}

const JSON_TYPES = ["application/json", "application/*", "*/*"];
const ANY_JSON = [...JSON_TYPES, "application/vnd.kubernetes.protobuf"];
const META = "meta.k8s.io";

/** RFC 9110, 12.5.1, in the order in which the client names them; forms of unknown groups and versions are left out. */
function accepted({ headers }: Exchange): readonly AcceptedForm[] {
  return (headers["accept"] || "*/*").split(",").flatMap((part): readonly AcceptedForm[] => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const values = new Map(parameters.map((parameter) => parameter.split("=", 2) as [string, string]));
    const as = values.get("as");
    if (as === undefined) return [{ type }];
    return values.get("g") === META && ["v1", "v1beta1"].includes(values.get("v") ?? "") ? [{ type, as }] : [];
  });
}

function notAcceptable(): Fault {
  return new Fault("NotAcceptable", "only the following media types are accepted: application/json");
}

function includeOf({ query }: Exchange): IncludeObject {
  const include = query.get("includeObject") ?? "Metadata";
  if (include === "None" || include === "Metadata" || include === "Object") return include;
  throw new Fault("BadRequest", `invalid includeObject value: "${include}"`);
}

export function listOptions({ query }: Exchange, namespace: string): ListOptions {
  const limit = query.get("limit");
  const token = query.get("continue");
  const version = query.get("resourceVersion");
  const match = query.get("resourceVersionMatch");
  checkMatch(match ?? "", version ?? "", token ?? "");
  if (query.has("sendInitialEvents"))
    throw optionsFault("GET", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list");
  return {
    namespace,
    ...selection(query),
    ...(limit !== null && { limit: whole("limit", limit) }),
    ...(token !== null && token !== "" && { continue: token }),
    ...(version !== null && version !== "" && { revision: whole("resourceVersion", version) }),
    ...(match === "Exact" && { match: "Exact" as const }),
  };
}

function checkMatch(match: string, version: string, token: string): void {
  if (match === "") return;
  const refuse = (why: string): Fault => optionsFault("GET", `resourceVersionMatch: ${why}`);
  const forbidden = "Forbidden: resourceVersionMatch is forbidden";
  if (version === "") throw refuse(`${forbidden} unless resourceVersion is provided`);
  if (token !== "") throw refuse(`${forbidden} when continue is provided`);
  if (match !== "Exact" && match !== "NotOlderThan")
    throw refuse(`Unsupported value: "${match}": supported values: "Exact", "NotOlderThan"`);
  if (match === "Exact" && version === "0")
    throw refuse('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
}

export function selection(query: URLSearchParams): Pick<ListOptions, "labels" | "fields"> {
  const [labels, fields] = [query.get("labelSelector"), query.get("fieldSelector")];
  return {
    ...(labels !== null && labels !== "" && { labels: parseSelector(labels) }),
    ...(fields !== null && fields !== "" && { fields: parseFieldSelector(fields) }),
  };
}

/** The one name that a field selector asks for. */
export function selectedName(query: URLSearchParams): string | undefined {
  for (const field of parseFieldSelector(query.get("fieldSelector") ?? ""))
    if (field.key === "metadata.name" && field.operator === "In" && field.values.length === 1) return field.values[0];
  return undefined;
}

export function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new Fault("BadRequest", `${name}: Invalid value: "${text}": must be a non-negative whole number`);
  return Number(text);
}

export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "false" && value !== "0";
}

export function writeRequest(exchange: Exchange, identity: Identity): WriteRequest {
  const { query } = exchange;
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  const validation = query.get("fieldValidation") ?? "";
  const manager = query.get("fieldManager") ?? "";
  const refuse = (why: string): Fault => optionsFault(exchange.method, why);
  checkDryRun(exchange.method, dryRun);
  if (validation !== "" && !isOneOf(VALIDATIONS, validation))
    throw refuse(`fieldValidation: Unsupported value: "${validation}": supported values: "Ignore", "Strict", "Warn"`);
  if (manager.length > MAX_MANAGER) throw refuse(`fieldManager: Too long: may not be more than ${MAX_MANAGER} bytes`);
  return {
    manager: manager || managerOf(exchange.headers["user-agent"]),
    subject: identity,
    ...(dryRun.length > 0 && { dryRun: true }),
    ...(validation !== "" && { fieldValidation: validation }),
  };
}

const MAX_MANAGER = 128;
const VALIDATIONS = ["Strict", "Warn", "Ignore"] as const;
const PROPAGATIONS = ["Foreground", "Background", "Orphan"] as const;

function isOneOf<T extends string>(set: readonly T[], text: string): text is T {
  return set.some((known) => known === text);
}

const OPTIONS: Readonly<Record<string, string>> = {
  POST: "CreateOptions",
  PUT: "UpdateOptions",
  PATCH: "PatchOptions",
  DELETE: "DeleteOptions",
};

/** What is wrong with the options of a request, by method, as upstream words it. */
export function optionsFault(method: string, why: string): Fault {
  return new Fault("Invalid", `${OPTIONS[method] ?? "ListOptions"}.meta.k8s.io "" is invalid: ${why}`);
}

function checkDryRun(method: string, values: readonly Json[]): void {
  for (const value of values)
    if (value !== "All")
      throw optionsFault(method, `dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
}

// As upstream: the part of the user agent before the first slash.
function managerOf(agent = "unknown"): string {
  return agent.split("/")[0]?.slice(0, MAX_MANAGER) || "unknown";
}

export interface RemovalRequest {
  readonly options: DeckRemoveOptions;
  readonly request: WriteRequest;
}

/** Options of a delete come in the body, in the query or in both. */
export function removalRequest(exchange: Exchange, identity: Identity, body: JsonObject | null): RemovalRequest {
  const asked = body === null ? {} : deleteOptions(body);
  const dryRun = Array.isArray(asked["dryRun"]) ? asked["dryRun"] : [];
  checkDryRun("DELETE", dryRun);
  const request = writeRequest(exchange, identity);
  // kubectl delete --dry-run=server says it in the body only.
  return {
    options: removeOptions(exchange, asked),
    request: dryRun.length > 0 ? { ...request, dryRun: true } : request,
  };
}

const DELETE_OPTIONS = builtinTable.resolve("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");

function deleteOptions(body: JsonObject): JsonObject {
  const { kind = "DeleteOptions" } = body;
  if (kind !== "DeleteOptions")
    throw new Fault("BadRequest", `the body of a delete is DeleteOptions, not ${JSON.stringify(kind)}`);
  return conform(body, { kind: "DeleteOptions", schema: DELETE_OPTIONS, table: builtinTable }).object;
}

function removeOptions({ query }: Exchange, body: JsonObject): DeckRemoveOptions {
  const grace = body["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds");
  const propagation = body["propagationPolicy"] ?? query.get("propagationPolicy");
  const orphan = body["orphanDependents"] ?? query.get("orphanDependents");
  const preconditions = body["preconditions"] as
    | { readonly uid?: string; readonly resourceVersion?: string }
    | undefined;
  if (typeof propagation === "string" && !isOneOf(PROPAGATIONS, propagation)) {
    throw optionsFault(
      "DELETE",
      `propagationPolicy: Unsupported value: "${propagation}": supported values: "Foreground", "Background", "Orphan"`,
    );
  }
  return {
    ...(grace !== null && grace !== undefined && { gracePeriodSeconds: whole("gracePeriodSeconds", scalar(grace)) }),
    ...(typeof propagation === "string" && { propagation }),
    ...((orphan === true || orphan === "true") && { propagation: "Orphan" as const }),
    ...(preconditions?.uid !== undefined && { uid: preconditions.uid }),
    ...(preconditions?.resourceVersion !== undefined && {
      revision: whole("resourceVersion", preconditions.resourceVersion),
    }),
  };
}

function scalar(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** How a body in protobuf becomes the JSON that it stands for. */
export type DecodeProtobuf = (bytes: Uint8Array) => JsonObject;

/** Null for an empty body. */
export async function readDocument(
  exchange: Exchange,
  decodeProtobuf: DecodeProtobuf,
  maxBytes?: number,
): Promise<JsonObject | null> {
  const bytes = await exchange.body(maxBytes);
  if (bytes.length === 0) return null;
  const type = mediaType(exchange);
  const document = type === "application/vnd.kubernetes.protobuf" ? decodeProtobuf(bytes) : textDocument(bytes, type);
  if (!isJsonObject(document))
    throw new Fault("BadRequest", "the object provided is unrecognized (must be of type object)");
  return document;
}

export function mediaType(exchange: Exchange): string {
  return (exchange.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
}

// The largest definitions of well-known operators have 30,000 values; what is done with each of them takes about 2 µs.
// DIFFERS: upstream is bounded by the size of the object alone; here 10,000 members may crowd its maps and lists.
const LIMITS: JsonLimits = { values: 50_000, crowd: MAX_KEYS };

export function textDocument(bytes: Uint8Array, type: string): Json {
  const text = decodeText(bytes);
  if (type === "application/yaml" || type === "application/apply-patch+yaml") return parseYamlBody(text, LIMITS);
  if (type === "" || type === "application/json" || type.endsWith("+json")) return parseJson(text, LIMITS);
  if (type === "application/cbor" || type.endsWith("+cbor")) throw unsupported("CBOR", "send JSON");
  throw new Fault(
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decodeUtf8Strictly(bytes);
  } catch (cause) {
    throw new Fault("BadRequest", "the body is not valid UTF-8", { cause });
  }
}
