/** Where a node keeps the data of the volumes that it made for claims: a folder for each, named as its PersistentVolume. */
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import { annotationOf, BUILTIN_PROVISIONER, PROVISIONED_BY } from "#kinds/storage/binding.ts";
import { run } from "#machine/command.ts";
import { makeLimited, removeLimited } from "./limited-volume.ts";
import type { NodeFacts } from "./node-facts.ts";

// Some 100 GB of a slow disk.
const COPY_MS = 3_600_000;

export function claimFolder({ nodeDir }: NodeFacts, volumeName: string): string {
  return join(nodeDir, "claims", volumeName);
}

/** One of this node's own folders, whatever else of the node may be hidden from pods. */
export function isOwnFolder({ metadata, spec }: PersistentVolume, facts: NodeFacts): boolean {
  return spec.local?.path === claimFolder(facts, metadata.name);
}

/** Made by the built-in provisioner of this very node. */
export function isMadeHere(volume: PersistentVolume, facts: NodeFacts): boolean {
  return annotationOf(volume, PROVISIONED_BY) === BUILTIN_PROVISIONER && isOwnFolder(volume, facts);
}

export interface NewFolder {
  /** What is written beyond so much fails; absent: as much as the disk holds. */
  readonly limitBytes?: number;
  /** The folder whose data it begins with. */
  readonly from?: string;
}

/** Made anew, also over what a crash has left of it: nobody uses it before its object is there. Open to all, as an emptyDir. */
export async function makeClaimFolder(facts: NodeFacts, volumeName: string, options: NewFolder = {}): Promise<string> {
  const folder = claimFolder(facts, volumeName);
  await removeClaimFolder(facts, volumeName);
  await mkdir(dirname(folder), { recursive: true, mode: 0o711 });
  await mkdir(folder, { recursive: true });
  if (options.limitBytes !== undefined) await makeLimited(folder, options.limitBytes);
  await chmod(folder, 0o777); // mkdir's mode is cut by the umask.
  // Blocks are shared where the file system can (xfs, btrfs), copied elsewhere.
  if (options.from !== undefined)
    await run(["cp", "-a", "--reflink=auto", `${options.from}/.`, folder], { timeoutMs: COPY_MS });
  return folder;
}

/** Out of sight first: what a crash leaves of a half removed folder is nobody's data. */
export async function removeClaimFolder(facts: NodeFacts, volumeName: string): Promise<void> {
  const folder = claimFolder(facts, volumeName);
  const doomed = join(dirname(folder), `.removed-${volumeName}`);
  await removeLimited(folder);
  await rm(doomed, { recursive: true, force: true });
  await rename(folder, doomed).catch(unlessMissing);
  await rm(doomed, { recursive: true, force: true });
}

function unlessMissing(thrown: NodeJS.ErrnoException): void {
  if (thrown.code !== "ENOENT") throw thrown;
}
