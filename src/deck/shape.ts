/** The first step of every write: the object as its kind's schema wants it, pruned, canonical and defaulted. */
import { checkObject, type Checked } from "#kinds/rules/check.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { jsonOf } from "./stored.ts";
import type { WriteRequest } from "./write-request.ts";

/** Throws BadRequest for what cannot be decoded, or for unknown fields if the client wants to be told. */
export function shape(kind: Kind, object: KubeObject, { fieldValidation = "Warn" }: WriteRequest): Checked<KubeObject> {
  const checked = checkObject(kind, jsonOf(object), { strict: fieldValidation === "Strict" });
  return fieldValidation === "Ignore" ? { ...checked, warnings: [] } : checked;
}
