/** Bodies that are no stored objects: reviews, bindings, evictions, token requests, scales; read and checked as their kinds say. */
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import { invalid } from "#deck/refusals.ts";
import { checkObject } from "#kinds/rules/check.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { readDocument, requireWholeObject } from "./asked.ts";
import type { Ask, Door } from "./door.ts";

/** Faults: NotAcceptable for who wants another form than the object, BadRequest for what cannot be decoded, Invalid for what breaks the kind's rules. */
export async function readBody<T extends KubeObject>(door: Door, { exchange }: Ask, kind: Kind<T>): Promise<T> {
  requireWholeObject(exchange);
  const document = await readDocument(exchange, door.decodeProtobuf, MAX_BYTES);
  return checkBody(kind, document ?? {});
}

// Every account may ask reviews; none of these bodies is long.
const MAX_BYTES = 256 * 1024;

export function checkBody<T extends KubeObject>(kind: Kind<T>, document: JsonObject): T {
  const wanted = apiVersionOf(kind);
  const { apiVersion = wanted, kind: name = kind.kind } = document;
  if (apiVersion !== wanted || name !== kind.kind) {
    const given = `${JSON.stringify(apiVersion)}, ${JSON.stringify(name)}`;
    throw new Fault("BadRequest", `the body is no ${kind.kind} of ${wanted}, but ${given}`);
  }
  const { object, faults } = checkObject(kind, { ...document, apiVersion: wanted, kind: kind.kind }, { strict: false });
  const all = faults.length > 0 ? faults : (kind.validate?.(object, null) ?? []);
  if (all.length > 0) throw invalid(kind, object.metadata?.name ?? "", all);
  return object.metadata === undefined ? { ...object, metadata: {} } : object;
}
