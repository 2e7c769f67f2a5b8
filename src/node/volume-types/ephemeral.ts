/** ephemeral: refused, as a generic ephemeral volume is a claim made of a template (KEP-1698), and there are no claims. */
import { unsupported } from "#base/fault.ts";
import type { RefusedVolumeType } from "./volume-type.ts";

export const ephemeralVolume: RefusedVolumeType = {
  type: "ephemeral",
  refuse: () =>
    unsupported("Pod.spec.volumes[].ephemeral.volumeClaimTemplate", "there are no claims; use emptyDir or hostPath"),
};
