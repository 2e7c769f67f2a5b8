/** Audits requests: an event of audit.k8s.io/v1 for each stage that the policy wants. How they are kept is audit-file.ts's. */
import { microTimestamp } from "#base/clock.ts";
import type { Clock } from "#base/clock.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "#base/json.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import type { Random } from "#base/random.ts";
import type { Named } from "./api-path.ts";
import type { DecodeProtobuf } from "./asked.ts";
import { type AuditPolicy, type AuditStage, type Extent, extentOf } from "./audit-policy.ts";
import type { Identity } from "./authenticate.ts";
import type { Exchange } from "./exchange.ts";

export interface AuditParts {
  readonly policy: AuditPolicy;
  /** One event, as a line; must not throw. */
  readonly keep: (line: string) => void;
  readonly decodeProtobuf: DecodeProtobuf;
  readonly clock: Clock;
  readonly random: Random;
}

/** A request as it was understood, before anybody said whether it is allowed. */
export interface AuditSubject {
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly verb: string;
  /** Null for paths that are no objects'. */
  readonly path: (Named & { readonly version?: string }) | null;
}

/** One request that is written down. */
export interface AuditTrail {
  /** The same request, of which is remembered what the policy wants. */
  readonly exchange: Exchange;
  /** It is done as somebody else. */
  readonly actAs: (identity: Identity) => void;
  /** After the answer, whatever it was. */
  readonly end: () => void;
}

export class Audit {
  readonly #parts: AuditParts;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  /** Null when nothing of it is written down. */
  begin(subject: AuditSubject): AuditTrail | null {
    const { policy, clock, random } = this.#parts;
    const extent = extentOf(policy, auditedOf(subject));
    if (extent.level === "None") return null;
    const auditID = random.uuid();
    const receivedMs = clock.now();
    const seen: Seen = {};
    const exchange = watched(subject.exchange, seen, () => tell("ResponseStarted"));
    const tell = (stage: AuditStage): void => {
      if (extent.omitStages.includes(stage)) return;
      this.#keep({ subject, extent, seen, auditID, receivedMs, stage });
    };
    tell("RequestReceived");
    return { exchange, actAs: (identity) => void (seen.impersonated = identity), end: () => tell("ResponseComplete") };
  }

  #keep(told: Told): void {
    const { keep, clock, decodeProtobuf } = this.#parts;
    keep(JSON.stringify(eventOf(told, microTimestamp(clock.now()), decodeProtobuf)));
  }
}

interface Seen {
  impersonated?: Identity;
  request?: Uint8Array;
  response?: Uint8Array | string;
}

interface Told {
  readonly subject: AuditSubject;
  readonly extent: Extent;
  readonly seen: Seen;
  readonly auditID: string;
  readonly receivedMs: number;
  readonly stage: AuditStage;
}

function auditedOf({ exchange, identity, verb, path }: AuditSubject): Parameters<typeof extentOf>[1] {
  const { name, groups } = identity;
  return {
    user: name,
    groups,
    verb,
    path: exchange.path,
    ...(path !== null && { resource: { ...path, subresource: path.subresource ?? "" } }),
  };
}

/** DIFFERS: an answer that is sent in pieces, a list or a watch, is not written down at RequestResponse; upstream keeps lists whole. */
function watched(exchange: Exchange, seen: Seen, onStream: () => void): Exchange {
  const { method, path, query, rawQuery, headers, socket, closed, incoming, upgrade } = exchange;
  return {
    method,
    path,
    query,
    rawQuery,
    headers,
    socket,
    closed,
    incoming,
    body: async (maxBytes) => {
      const bytes = await exchange.body(maxBytes);
      seen.request = bytes;
      return bytes;
    },
    chargeTo: (sender) => exchange.chargeTo(sender),
    send: (status, more, body) => {
      seen.response = body;
      exchange.send(status, more, body);
    },
    stream: (status, more, options) => {
      const outlet = exchange.stream(status, more, options);
      onStream();
      return outlet;
    },
    abort: () => exchange.abort(),
    get status() {
      return exchange.status;
    },
    ...(upgrade && { upgrade }),
  };
}

function eventOf(
  { subject, extent, seen, auditID, receivedMs, stage }: Told,
  now: string,
  decode: DecodeProtobuf,
): JsonObject {
  const { exchange, identity, verb, path } = subject;
  const { level } = extent;
  const isAnswered = stage !== "RequestReceived";
  const hasRequest = level !== "Metadata" && isAnswered;
  const query = exchange.rawQuery === "" ? "" : `?${exchange.rawQuery}`;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level,
    auditID,
    stage,
    requestURI: `${exchange.path}${query}`,
    verb,
    user: userOf(identity),
    ...(seen.impersonated && { impersonatedUser: userOf(seen.impersonated) }),
    sourceIPs: [exchange.socket.remoteAddress ?? ""],
    ...(exchange.headers["user-agent"] !== undefined && { userAgent: exchange.headers["user-agent"] }),
    ...(path !== null && { objectRef: referenceTo(path) }),
    ...(isAnswered && { responseStatus: { metadata: {}, code: exchange.status } }),
    ...(hasRequest && objectIn("requestObject", seen.request, { extent, decode })),
    ...(hasRequest && level === "RequestResponse" && objectIn("responseObject", seen.response, { extent, decode })),
    requestReceivedTimestamp: microTimestamp(receivedMs),
    stageTimestamp: now,
  };
}

function userOf({ name, groups, uid, extra }: Identity): JsonObject {
  return {
    username: name,
    groups: [...groups],
    ...(uid !== undefined && { uid }),
    ...(extra && { extra: { ...extra } as unknown as JsonObject }),
  };
}

function referenceTo({
  group,
  version,
  plural,
  namespace,
  name,
  subresource,
}: NonNullable<AuditSubject["path"]>): JsonObject {
  return {
    resource: plural,
    ...(namespace !== "" && { namespace }),
    ...(name !== "" && { name }),
    ...(group !== "" && { apiGroup: group }),
    ...(version !== undefined && { apiVersion: version }),
    ...(subresource !== undefined && { subresource }),
  };
}

/** What is no object, a log or a patch in a list, is left out. */
function objectIn(
  member: "requestObject" | "responseObject",
  body: Uint8Array | string | undefined,
  { extent, decode }: { readonly extent: Extent; readonly decode: DecodeProtobuf },
): JsonObject {
  if (body === undefined || body.length === 0) return {};
  const object = readObject(body, decode);
  return isJsonObject(object) ? { [member]: extent.omitManagedFields ? withoutManagedFields(object) : object } : {};
}

function readObject(body: Uint8Array | string, decode: DecodeProtobuf): Json {
  try {
    // "k8s\0" begins every body in protobuf.
    if (typeof body !== "string" && body[0] === 0x6b && body[3] === 0) return decode(body);
    return parseJson(typeof body === "string" ? body : decodeUtf8(body));
  } catch {
    return null; // The door says what is wrong with it.
  }
}

function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isJsonObject(object["metadata"])) return object;
  const { managedFields: _managed, ...metadata } = object["metadata"];
  return { ...object, metadata };
}
