/** projected: several sources in one folder, the service account's token among them. */
import { contentVolume } from "./content.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const projectedVolume: ProvidedVolumeType = contentVolume("projected", ({ projected = {} }) => ({
  sources: projected.sources ?? [],
  defaultMode: projected.defaultMode,
}));
