/** ephemeral: a claim that is made for the pod and goes with it (KEP-1698); on the node it is a claim like any other. */
import { claimVolume } from "./persistent-volume-claim.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const ephemeralVolume: ProvidedVolumeType = claimVolume("ephemeral");
