/** Every volume type that the node knows, provided or refused by name. Adding one: a file beside this one, and its line here. */
import { unsupported } from "#base/fault.ts";
import type { Volume } from "#kinds/core/volume.ts";
import { configMapVolume } from "./config-map.ts";
import { downwardVolume } from "./downward.ts";
import { emptyDirVolume } from "./empty-dir.ts";
import { ephemeralVolume } from "./ephemeral.ts";
import { hostPathVolume } from "./host-path.ts";
import { persistentVolumeClaimVolume } from "./persistent-volume-claim.ts";
import { projectedVolume } from "./projected.ts";
import { secretVolume } from "./secret.ts";
import type { ProvidedVolumeType, VolumeType } from "./volume-type.ts";

export const volumeTypes: readonly VolumeType[] = [
  configMapVolume,
  downwardVolume,
  emptyDirVolume,
  ephemeralVolume,
  hostPathVolume,
  persistentVolumeClaimVolume,
  projectedVolume,
  secretVolume,
];

const byType = new Map(volumeTypes.map((each) => [each.type, each]));

/** Throws a Fault ("Unsupported") for what is not provided. A volume without any source is an emptyDir, as the API server's defaults say. */
export function volumeTypeOf(volume: Volume): ProvidedVolumeType {
  const source = Object.keys(volume).find((member) => member !== "name") ?? emptyDirVolume.type;
  const found = byType.get(source);
  if (found === undefined) throw unsupported(`Pod.spec.volumes[].${source}`);
  if ("refuse" in found) throw found.refuse(volume);
  return found;
}
