/** downwardAPI: fields of the pod itself as files. */
import { contentVolume } from "./content.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const downwardVolume: ProvidedVolumeType = contentVolume("downwardAPI", ({ downwardAPI = {} }) => ({
  sources: [{ downwardAPI }],
  defaultMode: downwardAPI.defaultMode,
}));
