/** containerd's data when it is damaged: how that shows, and how it is put aside. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const MARK = ".damaged-";

/**
 * What containerd says before it ends, or goes on without its CRI, when its records (bbolt) or a snapshotter's cannot be read.
 * Other troubles, a taken port or a missing program, say none of this.
 */
const DAMAGE = [
  /io\.containerd\.(metadata\.v1\.bolt|snapshotter\.v1\.\w+|content\.v1\.content).*(failed|error)/is,
  /(invalid database|file size too small|version mismatch|checksum error|invalid page type|freelist|panic: page \d+)/i,
  /panic.*bbolt/is,
];

// The machine's trouble, not the data's: it ends without anything being thrown away.
const ELSEWHERE =
  /no space left|disk quota|read-only file system|permission denied|too many open files|input\/output error|cannot allocate memory|timeout/i;

export function isDamage(output: string): boolean {
  return DAMAGE.some((sign) => sign.test(output)) && !ELSEWHERE.test(output);
}

/** Moves the folder away, in place of an older one that was; a new and empty one is there afterwards. Returns where it is. */
export async function putAside(root: string, now: number): Promise<string> {
  const parent = dirname(root);
  for (const name of await readdir(parent))
    if (name.startsWith(`${basename(root)}${MARK}`)) await rm(join(parent, name), { recursive: true, force: true });
  const aside = `${root}${MARK}${new Date(now).toISOString().replaceAll(/[-:]|\..*/g, "")}`;
  await rename(root, aside);
  await mkdir(root, { recursive: true });
  return aside;
}
