/** Patches and server-side apply as edits of a live object. The algebra is wire/'s; which document is edited is decided here. */
import type { Clock } from "#base/clock.ts";
import { unsupported } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { mergePatched } from "./merge.ts";
import { scaleOf, withScale } from "./scale.ts";
import { jsonOf, objectOf } from "./stored.ts";
import type { Patch, WriteRequest } from "./write-request.ts";
import type { Edit } from "./writer.ts";

export function patched(kind: Kind, patch: Patch, { subresource }: WriteRequest): Edit {
  return (live) => {
    const document = subresource === "scale" ? scaleOf(kind, live) : live;
    const next = patchJson(patch, jsonOf(document));
    if (next === jsonOf(document)) return live;
    return subresource === "scale" ? withScale(kind, live, objectOf(next)) : objectOf(next);
  };
}

function patchJson(patch: Patch, document: Json): Json {
  switch (patch.type) {
    case "merge":
      return mergePatched(document, patch.body);
    case "json":
    case "strategic":
      throw unsupported(`${patch.type} patch`);
  }
}

export function applied(_kind: Kind, _configuration: KubeObject, _request: WriteRequest & { readonly isForced?: boolean }, _clock: Clock): (live: KubeObject | null) => KubeObject {
  throw unsupported("server-side apply");
}
