/** Patches and server-side apply as edits of a live object. The algebra is wire/'s; which document is edited is decided here. */
import type { Clock } from "#base/clock.ts";
import { Fault, unsupported } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
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

export function applied(
  _kind: Kind,
  _configuration: KubeObject,
  _request: WriteRequest & { readonly isForced?: boolean },
  _clock: Clock,
): (live: KubeObject | null) => KubeObject {
  throw unsupported("server-side apply");
}
