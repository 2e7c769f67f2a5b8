/** Defaults of an object: those of the schema, then those that depend on other fields. */
import { conform } from "#kinds/schema/conform.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

/** Applied twice it changes nothing: the second time everything is there. */
export function withDefaults<T extends KubeObject>(kind: Kind<T>, object: T): T {
  const { object: conformed } = conform(object, kind);
  return fillIn(kind, conformed as unknown as T);
}

/** Only the conditional defaults, for an object that conforms already. */
export function fillIn<T extends KubeObject>(kind: Kind<T>, object: T): T {
  return kind.defaults === undefined ? object : kind.defaults(object);
}
