/** persistentVolumeClaim: refused, as nothing provides storage that outlives its pod. */
import { unsupported } from "#base/fault.ts";
import type { RefusedVolumeType } from "./volume-type.ts";

export const persistentVolumeClaimVolume: RefusedVolumeType = {
  type: "persistentVolumeClaim",
  refuse: () =>
    unsupported("Pod.spec.volumes[].persistentVolumeClaim", "there are no claims; use emptyDir or hostPath"),
};
