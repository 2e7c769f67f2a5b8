/** persistentVolumeClaim: what the claim's volume is, mounted into the pod's own folder, so that a pod is taken apart without looking at claims. */
import { lstat, mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { claimsOf } from "#kinds/core/pod-claims.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import { run } from "#machine/command.ts";
import { isOwnFolder } from "../claim-folders.ts";
import { identityOf } from "../container-config.ts";
import { attachLimited } from "../limited-volume.ts";
import { masksOver } from "../hidden-paths.ts";
import { isMountPoint } from "../mount-points.ts";
import { podFolder, type NodeFacts } from "../node-facts.ts";
import { giveToGroup } from "./group-ownership.ts";
import { checkHostPath } from "./host-path.ts";
import type { PodVolume, ProvidedVolumeType, VolumeSources } from "./volume-type.ts";

export const persistentVolumeClaimVolume: ProvidedVolumeType = claimVolume("persistentVolumeClaim");

export function claimVolume(type: "ephemeral" | "persistentVolumeClaim"): ProvidedVolumeType {
  return { type, folder: folderOf, mount: mountClaim, isThere: (at) => isMountPoint(folderOf(at)) };
}

function folderOf({ pod, volume, facts }: PodVolume): string {
  return join(podFolder(facts, identityOf(pod).uid), "volumes", volume.name);
}

async function mountClaim(at: PodVolume, sources: VolumeSources): Promise<void> {
  const { readOnly = false } = at.volume.persistentVolumeClaim ?? {};
  const used = claimsOf(at.pod).find(({ volume }) => volume.name === at.volume.name);
  if (used === undefined) throw new Fault("Invalid", `there is no claim of volume ${at.volume.name}`);
  const target = folderOf(at);
  if (await isMountPoint(target)) return;
  const volume = await sources.claimed(used);
  const source = await sourceOf(volume, at.facts, await sources.hidden());
  const { fsGroup, fsGroupChangePolicy } = at.pod.spec.securityContext ?? {};
  // As kubelet: a hostPath keeps its owners.
  if (fsGroup !== undefined && !readOnly && volume.spec.local !== undefined)
    await giveToGroup(source, fsGroup, { onlyIfRootDiffers: fsGroupChangePolicy === "OnRootMismatch" });
  await prepareTarget(source, target);
  await run(["mount", "--bind", source, target]);
  if (readOnly) await run(["mount", "-o", "remount,bind,ro", target]);
}

/** The file or folder of the node that the volume is. Throws a Fault that names what is wrong. */
async function sourceOf(volume: PersistentVolume, facts: NodeFacts, hidden: readonly string[]): Promise<string> {
  const { name } = volume.metadata;
  const { hostPath, local } = volume.spec;
  if (hostPath !== undefined) await checkHostPath(hostPath.path, hostPath.type ?? "");
  const path = hostPath?.path ?? local?.path ?? "";
  if (isOwnFolder(volume, facts)) await attachLimited(path);
  const real = await realpath(path).catch((cause: unknown) => {
    throw new Fault("NotFound", `MountVolume.SetUp failed for volume "${name}" : path "${path}" does not exist`, {
      cause,
    });
  });
  if (isOwnFolder(volume, facts)) return real;
  const folders = await Promise.all(hidden.map((folder) => realpath(folder).catch(() => folder)));
  // Throws for what lies in a folder of the platform; what holds one cannot be covered here, below other mounts.
  const below = masksOver({ container_path: "/", host_path: real }, folders, "");
  if (below.length > 0) throw new Fault("Invalid", `volume "${name}": ${path} holds folders of the platform itself`);
  return real;
}

/** A mount lies on something of its own sort. */
async function prepareTarget(source: string, target: string): Promise<void> {
  if ((await stat(source)).isDirectory()) return void (await mkdir(target, { recursive: true }));
  if ((await lstat(target).catch(() => null)) === null) await writeFile(target, "");
}
