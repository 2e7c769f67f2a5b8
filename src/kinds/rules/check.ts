/** From a client's document to an object of the kind: structure checked and pruned, canonical, with defaults. Semantic rules are Kind.validate's. */
import { Fault, type FieldFault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import { conform, type Conformed } from "#kinds/schema/conform.ts";
import { fillIn } from "./defaults.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import { metaFaults } from "./meta-rules.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface Checked<T extends KubeObject> {
  /** Pruned, canonical, defaulted. Not to be used while there are faults. */
  readonly object: T;
  readonly faults: readonly FieldFault[];
  /** Members that are set and that nothing acts on. */
  readonly inert: readonly string[];
  /** Unknown fields, when they are not refused. */
  readonly warnings: readonly string[];
}

/** Throws BadRequest for what a typed decoder cannot read and, if strict, for unknown fields; other faults are returned. */
export function checkObject<T extends KubeObject>(
  kind: Kind<T>,
  document: JsonObject,
  options: { readonly strict: boolean },
): Checked<T> {
  const conformed = decode(kind, document);
  const strangers = conformed.unknown.map((path) => `unknown field "${path}"`);
  if (options.strict && strangers.length > 0)
    throw cannotHandle(kind, `strict decoding error: ${strangers.join(", ")}`);
  const conforming = conformed.object as unknown as T;
  const { inert, faults } = conformed;
  if (faults.length > 0) return { object: conforming, faults, inert, warnings: strangers };
  return { object: fillIn(kind, conforming), faults: [], inert, warnings: strangers };
}

function decode(kind: Kind, document: JsonObject): Conformed {
  try {
    return conform(document, kind);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "BadRequest") throw cannotHandle(kind, thrown.message);
    throw thrown;
  }
}

function cannotHandle(kind: Kind, why: string): Fault {
  return new Fault(
    "BadRequest",
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`,
  );
}

/** Everything semantic: metadata first, then the kind's own rules. `live` is null on create. */
export function validateObject<T extends KubeObject>(
  kind: Kind<T>,
  next: T,
  live: T | null,
  part?: SubresourceName,
): readonly FieldFault[] {
  return [...metaFaults(kind, next, live), ...(kind.validate?.(next, live, part) ?? [])];
}
