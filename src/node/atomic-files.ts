/** Writes a set of files so that a reader sees all of the old or all of the new: the `..data` symlink of Kubernetes' volumes. */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { VolumeFile } from "#pods/volumes.ts";

export interface Ownership {
  /** Pod.spec.securityContext.fsGroup: the group owns every file and may read it. */
  readonly group?: number;
}

const DATA = "..data";

/** True when something changed. `stamp` names the new folder and must be new. */
export async function writeAtomically(
  folder: string,
  files: readonly VolumeFile[],
  stamp: string,
  { group }: Ownership = {},
): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const current = await readlink(join(folder, DATA)).catch(() => null); // There is none yet.
  if (current !== null && (await isSame(join(folder, current), files))) return false;
  const next = `..${stamp}`;
  await mkdir(join(folder, next), { mode: 0o755 });
  for (const file of files) await writeOne(join(folder, next), file, group);
  if (group !== undefined) for (const path of [folder, join(folder, next)]) await giveFolder(path, group);
  await rm(join(folder, "..data_tmp"), { force: true });
  await symlink(next, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, DATA));
  await linkNames(folder, files);
  if (current !== null) await rm(join(folder, current), { recursive: true, force: true });
  return true;
}

async function writeOne(folder: string, file: VolumeFile, group: number | undefined): Promise<void> {
  const { path, bytes, mode, user = 0 } = file;
  const target = join(folder, path);
  const first = await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  // Never readable by others than it will be, not even while it is written.
  await writeFile(target, bytes, { mode: mode & 0o600 });
  await chown(target, user, group ?? 0);
  await chmod(target, group === undefined ? mode : mode | 0o440);
  if (group === undefined || first === undefined) return;
  for (let made = dirname(target); made.length >= first.length; made = dirname(made)) await giveFolder(made, group);
}

/** pkg/volume SetVolumeOwnership on a volume that is only read: what is made in it is the group's as well. */
async function giveFolder(path: string, group: number): Promise<void> {
  await chown(path, 0, group);
  await chmod(path, 0o2755);
}

/** The names that users see are links through `..data`, made once and removed when a key goes. */
async function linkNames(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split("/")[0] ?? ""));
  // A folder is none of ours: it stands in for a subPath whose source is missing.
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isSymbolicLink() && !entry.name.startsWith("..") && !wanted.has(entry.name))
      await rm(join(folder, entry.name));
  for (const name of wanted) {
    const isThere = await lstat(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!isThere) await symlink(join(DATA, name), join(folder, name));
  }
}

async function isSame(folder: string, files: readonly VolumeFile[]): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []); // Removed by hand: not the same.
  if (entries.filter((entry) => entry.isFile()).length !== files.length) return false;
  for (const { path, bytes, mode } of files) {
    const target = join(folder, path);
    const [kept, facts] = await Promise.all([readFile(target), lstat(target)]).catch(() => [null, null] as const);
    if (kept === null || !kept.equals(bytes) || (facts.mode & mode) !== mode) return false;
  }
  return true;
}
