/** configMap: the keys of a ConfigMap as files. */
import { contentVolume } from "./content.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const configMapVolume: ProvidedVolumeType = contentVolume("configMap", ({ configMap = {} }) => ({
  sources: [{ configMap }],
  defaultMode: configMap.defaultMode,
}));
