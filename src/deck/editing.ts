/** Patches and server-side apply as edits of a live object. The algebra is wire/'s; which document is edited is decided here. */
import { type Clock, timestamp } from "#base/clock.ts";
import { Fault, unsupported } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { applyServerSide } from "#wire/apply.ts";
import { applyJsonPatch } from "#wire/json-patch.ts";
import { applyMergePatch } from "#wire/merge-patch.ts";
import { applyStrategicMerge } from "#wire/strategic-merge.ts";
import { scaleOf, withScale } from "./scale.ts";
import { jsonOf, objectOf } from "./stored.ts";
import type { Patch, WriteRequest } from "./write-request.ts";
import type { Edit } from "./writer.ts";

export function patched(kind: Kind, patch: Patch, { subresource }: WriteRequest): Edit {
  return (live) => {
    const document = subresource === "scale" ? scaleOf(kind, live) : live;
    const next = patchJson(kind, patch, jsonOf(document));
    if (next === jsonOf(document)) return live;
    return subresource === "scale" ? withScale(kind, live, objectOf(next)) : objectOf(next);
  };
}

function patchJson(kind: Kind, { type, body }: Patch, document: Json): Json {
  switch (type) {
    case "json":
      return applyJsonPatch(document, body);
    case "merge":
      return applyMergePatch(document, body);
    case "strategic":
      if (kind.definedBy !== undefined) throw new Fault("UnsupportedMediaType", MEDIA_TYPES);
      return applyStrategicMerge(document, body, kind.schema, kind.table);
  }
}

// Strategic merge needs the types' Go tags, which custom resources do not have.
const MEDIA_TYPES =
  "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/** The configuration on top of the live object (null when there is none), with its new owners. Throws Conflict. */
export function applied(
  kind: Kind,
  configuration: KubeObject,
  { manager, subresource, isForced = false }: WriteRequest & { readonly isForced?: boolean },
  clock: Clock,
): (live: KubeObject | null) => KubeObject {
  if (subresource === "scale") throw unsupported(`server-side apply of ${kind.plural}/scale`);
  const fixed = {
    applied: jsonOf(configuration),
    manager,
    force: isForced,
    ...(subresource !== undefined && { subresource }),
    schema: kind.schema,
    table: kind.table,
    apiVersion: apiVersionOf(kind),
  };
  return (live) => {
    const { object } = applyServerSide({
      ...fixed,
      live: live === null ? null : jsonOf(live),
      now: timestamp(clock.now()),
    });
    return objectOf(object);
  };
}
