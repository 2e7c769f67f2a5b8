/** Lays the files of one folder over those of another, as hard links: no byte is copied. */
import { link, lstat, mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

/** What `over` has of the same name goes; folders become one. */
export async function linkOver(from: string, over: string): Promise<void> {
  await mkdir(over, { recursive: true, mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(over, entry.name)];
    if (entry.isDirectory()) {
      if (!(await isFolder(target))) await rm(target, { force: true });
      await linkOver(source, target);
      continue;
    }
    await rm(target, { recursive: true, force: true });
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await link(source, target);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isDirectory(),
    () => true,
  );
}
