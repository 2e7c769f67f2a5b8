/** metadata.managedFields after a create or an update: who owns which fields. */
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { trackUpdate } from "#wire/apply.ts";
import { jsonOf } from "./stored.ts";
import type { WriteRequest } from "./write-request.ts";

export interface OwnedChange {
  /** Null on create. */
  readonly live: KubeObject | null;
  readonly next: KubeObject;
}

/**
 * Entries name the fields of the version in which the client wrote, so both states are looked at in that version. They
 * are given and returned as stored; `now` is RFC 3339.
 */
export function withFieldOwners(
  kind: Kind,
  { live, next }: OwnedChange,
  { manager, subresource }: WriteRequest,
  now: string,
): KubeObject {
  const served = (object: KubeObject): KubeObject => kind.storedAs?.fromStored(object) ?? object;
  const managedFields = trackUpdate({
    live: live === null ? null : jsonOf(served(live)),
    next: jsonOf(served(next)),
    manager,
    ...(subresource !== undefined && { subresource }),
    schema: kind.schema,
    table: kind.table,
    apiVersion: apiVersionOf(kind),
    now,
  });
  const { managedFields: _before, ...metadata } = next.metadata;
  return { ...next, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}
