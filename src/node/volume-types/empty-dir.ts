/** emptyDir: a folder that lives as long as its pod, on disk or in memory. */
import { chmod, chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { units } from "#base/quantity.ts";
import { run } from "#machine/command.ts";
import { podCgroup } from "#pods/cgroup.ts";
import { identityOf } from "../container-config.ts";
import { isMountPoint } from "../mount-points.ts";
import { podFolder } from "../node-facts.ts";
import type { PodVolume, ProvidedVolumeType } from "./volume-type.ts";

export const emptyDirVolume: ProvidedVolumeType = {
  type: "emptyDir",
  folder: ({ pod, volume, facts }) => join(podFolder(facts, identityOf(pod).uid), "volumes", volume.name),
  mount: mountEmptyDir,
  isThere: async (at) => at.volume.emptyDir?.medium !== "Memory" || isMountPoint(emptyDirVolume.folder(at)),
};

/** As kubelet's emptyDir: open to all, in memory with the sticky bit of a tmpfs, and what is made in it belongs to fsGroup. */
async function mountEmptyDir(at: PodVolume): Promise<void> {
  const folder = emptyDirVolume.folder(at);
  await mkdir(folder, { recursive: true });
  const isMemory = at.volume.emptyDir?.medium === "Memory";
  if (isMemory && !(await isMountPoint(folder)))
    await run(["mount", "-t", "tmpfs", "-o", `mode=1777,size=${memoryBytes(at)}`, "tmpfs", folder]);
  const group = at.pod.spec.securityContext?.fsGroup;
  if (group !== undefined) await chown(folder, 0, group);
  // mkdir's mode is cut by the umask.
  await chmod(folder, (isMemory ? 0o1777 : 0o777) | (group === undefined ? 0 : 0o2000));
}

/** KEP-1967: never more than the pod may use, or the node can give. */
function memoryBytes({ pod, volume, facts }: PodVolume): number {
  const ofPod = podCgroup(pod).memoryLimitBytes;
  const sizeLimit = volume.emptyDir?.sizeLimit;
  return Math.min(
    facts.allocatable.memoryBytes,
    ...(ofPod > 0 ? [ofPod] : []),
    ...(sizeLimit === undefined ? [] : [units(sizeLimit)]),
  );
}
