/** A pod's folders and volumes on the node: prepared, kept current, removed. How each type does it is said in volume-types/. */
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Container } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Projection, Volume } from "#kinds/core/volume.ts";
import { run } from "#machine/command.ts";
import { identityOf } from "./container-config.ts";
import { mountPoints } from "./mount-points.ts";
import { podFolder, podLogFolder, podMemoryFolder, type NodeFacts } from "./node-facts.ts";
import { volumeTypeOf } from "./volume-types/all.ts";
import type { VolumeSources } from "./volume-types/volume-type.ts";

/** The volume that gives a pod its identity; the name that upstream's admission would make up a suffix for. */
export const ACCESS_VOLUME = "kube-api-access";
export const ACCESS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_SECONDS = 3_607; // Upstream's value, which tells automatic tokens from asked ones.
const READY = "ready";

/** The volumes of the spec and the one with the service account's token, unless the pod or its account does not want it. */
export function volumesOf(pod: Pod, automounts: boolean): readonly Volume[] {
  const own = pod.spec.volumes ?? [];
  const needsAccess =
    automounts &&
    pod.spec.automountServiceAccountToken !== false &&
    pod.spec.containers.some((container) => !mountsAccess(container));
  return needsAccess
    ? [...own, { name: ACCESS_VOLUME, projected: { defaultMode: 0o644, sources: ACCESS_SOURCES } }]
    : own;
}

const ACCESS_SOURCES: readonly Projection[] = [
  { serviceAccountToken: { path: "token", expirationSeconds: TOKEN_SECONDS } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }], optional: true } },
  { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
];

export function mountsAccess(container: Container): boolean {
  return (container.volumeMounts ?? []).some(({ mountPath }) => posix.normalize(mountPath) === ACCESS_PATH);
}

/** Everything that must be on disk before the pod's first container. Throws a Fault that names the volume. */
export async function prepareVolumes(
  pod: Pod,
  volumes: readonly Volume[],
  sources: VolumeSources,
  facts: NodeFacts,
): Promise<void> {
  const identity = identityOf(pod);
  await mkdir(join(podFolder(facts, identity.uid), "volumes"), { recursive: true, mode: 0o755 });
  await mkdir(podLogFolder(facts, identity), { recursive: true });
  for (const volume of volumes) await volumeTypeOf(volume).mount({ pod, volume, facts }, sources);
  await writeFile(join(podFolder(facts, identity.uid), READY), "");
}

/** Brings changed configMaps, secrets, labels and tokens into running containers. True when a file changed. */
export async function refreshVolumes(
  pod: Pod,
  volumes: readonly Volume[],
  sources: VolumeSources,
  facts: NodeFacts,
): Promise<boolean> {
  let hasChanged = false;
  for (const volume of volumes)
    if ((await volumeTypeOf(volume).refresh?.({ pod, volume, facts }, sources)) === true) hasChanged = true;
  return hasChanged;
}

export async function areVolumesThere(pod: Pod, volumes: readonly Volume[], facts: NodeFacts): Promise<boolean> {
  if (!(await exists(join(podFolder(facts, identityOf(pod).uid), READY)))) return false;
  for (const volume of volumes)
    if ((await volumeTypeOf(volume).isThere?.({ pod, volume, facts })) === false) return false;
  return true;
}

export async function hasFolders(uid: string, facts: NodeFacts): Promise<boolean> {
  return (await exists(podFolder(facts, uid))) || (await exists(podMemoryFolder(facts, uid)));
}

/** Unmounts and removes all that the pod has on disk, its logs too. */
export async function removeVolumes(
  identity: { readonly name: string; readonly namespace: string; readonly uid: string },
  facts: NodeFacts,
): Promise<void> {
  const folder = podFolder(facts, identity.uid);
  const below = (await mountPoints()).filter((path) => path.startsWith(`${folder}/`));
  for (const path of below.toReversed()) await run(["umount", path]);
  await rm(folder, { recursive: true, force: true });
  await rm(podMemoryFolder(facts, identity.uid), { recursive: true, force: true });
  await rm(podLogFolder(facts, identity), { recursive: true, force: true });
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
