/** The first step of every write: the object as its kind's schema wants it, pruned and defaulted. */
import type { FieldFault } from "#base/fault.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface Shaped {
  readonly object: KubeObject;
  readonly faults: readonly FieldFault[];
  readonly warnings: readonly string[];
}

export function shape(kind: Kind, object: KubeObject, _validation: "Strict" | "Warn" | "Ignore"): Shaped {
  return { object: kind.defaults?.(object) ?? object, faults: [], warnings: [] };
}
