/** metadata.managedFields after a create or an update: who owns which fields. */
import type { KubeObject } from "#kinds/object.ts";
import type { Kind } from "#kinds/kind.ts";
import type { WriteRequest } from "./write-request.ts";

export function createdFields(_kind: Kind, object: KubeObject, _request: WriteRequest, _now: string): KubeObject {
  return object;
}

export function updatedFields(
  _kind: Kind,
  change: { readonly live: KubeObject; readonly next: KubeObject },
  _request: WriteRequest,
  _now: string,
): KubeObject {
  return change.next;
}
