/** secret: the keys of a Secret as files, in memory only. A projection calls the Secret's name `name`, this volume `secretName`. */
import { contentVolume } from "./content.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const secretVolume: ProvidedVolumeType = contentVolume("secret", ({ secret = {} }) => ({
  sources: [{ secret: { ...secret, name: secret.secretName ?? "" } }],
  defaultMode: secret.defaultMode,
}));
