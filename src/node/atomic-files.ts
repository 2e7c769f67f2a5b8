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
  if (group !== undefined) await chown(join(folder, next), 0, group);
  await rm(join(folder, "..data_tmp"), { force: true });
  await symlink(next, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, DATA));
  await linkNames(folder, files);
  if (current !== null) await rm(join(folder, current), { recursive: true, force: true });
  return true;
}

async function writeOne(folder: string, { path, bytes, mode }: VolumeFile, group: number | undefined): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await writeFile(target, bytes);
  await chmod(target, group === undefined ? mode : mode | 0o440);
  if (group !== undefined) await chown(target, 0, group);
}

/** The names that users see are links through `..data`, made once and removed when a key goes. */
async function linkNames(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split("/")[0] ?? ""));
  for (const name of await readdir(folder))
    if (!name.startsWith("..") && !wanted.has(name)) await rm(join(folder, name));
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
