/** What configMap, secret, downwardAPI and projected volumes have in common: files made of objects, replaced as a whole when those change. */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Volume } from "#kinds/core/volume.ts";
import { run } from "#machine/command.ts";
import { projectedFiles, type ProjectedVolume, type VolumeFile } from "#pods/volumes.ts";
import { writeAtomically } from "../atomic-files.ts";
import { identityOf } from "../container-config.ts";
import { isMountPoint } from "../mount-points.ts";
import { podFolder, podMemoryFolder, type NodeFacts } from "../node-facts.ts";
import type { PodVolume, ProvidedVolumeType, VolumeSources } from "./volume-type.ts";

/** A type whose volumes are a projection of some sources, each later one over those before it. */
export function contentVolume(
  type: string,
  projectionOf: (volume: Volume) => Omit<ProjectedVolume, "name">,
): ProvidedVolumeType {
  const folder = ({ pod, volume, facts }: PodVolume): string => {
    const { uid } = identityOf(pod);
    return isSecret(projectionOf(volume))
      ? join(podMemoryFolder(facts, uid), volume.name)
      : join(podFolder(facts, uid), "volumes", volume.name);
  };
  const refresh = async (at: PodVolume, sources: VolumeSources): Promise<boolean> => {
    const files = await filesOf(at, { name: at.volume.name, ...projectionOf(at.volume) }, sources);
    const group = at.pod.spec.securityContext?.fsGroup;
    return writeAtomically(folder(at), files, randomUUID(), group === undefined ? {} : { group });
  };
  const mount = async (at: PodVolume, sources: VolumeSources): Promise<void> => void (await refresh(at, sources));
  return { type, folder, mount, refresh, isReadOnly: true };
}

/** One tmpfs for all secrets of the node; called once before the first pod. */
export async function ensureSecretMemory(facts: NodeFacts): Promise<void> {
  const folder = dirname(podMemoryFolder(facts, "x"));
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if (!(await isMountPoint(folder))) await run(["mount", "-t", "tmpfs", "-o", "mode=0711", "tmpfs", folder]);
}

/** Secrets and tokens are kept in memory only, as kubelet does. */
function isSecret({ sources }: Omit<ProjectedVolume, "name">): boolean {
  return sources.some(({ secret, serviceAccountToken }) => secret !== undefined || serviceAccountToken !== undefined);
}

/** Tokens are asked for and put in. Throws a Fault that names what is missing. */
async function filesOf(
  { pod }: PodVolume,
  projection: ProjectedVolume,
  { values, token }: VolumeSources,
): Promise<readonly VolumeFile[]> {
  const found = projectedFiles(pod, projection, values);
  if (!found.ok) throw new Fault("Invalid", found.message);
  const files: VolumeFile[] = [];
  for (const file of found.files) {
    const text = file.token === undefined ? null : await token(file.token);
    if (file.token === undefined) files.push(file);
    else if (text !== null) files.push({ ...file, bytes: encodeUtf8(text) });
  }
  return files;
}
