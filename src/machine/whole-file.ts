/** Files that others read at any time: replaced in one step and on disk before it returns, so that nobody finds half of one. */
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

export interface WholeFileOptions {
  readonly mode?: number;
  /** Where the new file is made, on the same file system; for folders in which several write at once. */
  readonly temporary?: string;
}

/**
 * After a kill, a full disk or a power cut there is the old file or the new one. One writer at a time, unless each names a
 * temporary file of its own.
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array,
  { mode = 0o600, temporary = `${file}.new` }: WholeFileOptions = {},
): Promise<void> {
  try {
    if (await holds(file, content, mode)) return;
    await writeSynced(temporary, content, mode);
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(file));
}

/** What is there already is not written again: a start that changes nothing needs no room on the disk. */
async function holds(file: string, content: string | Uint8Array, mode: number): Promise<boolean> {
  const found = await stat(file).catch(() => null); // There is none yet.
  const bytes = Buffer.from(content);
  if (found?.isFile() !== true || found.size !== bytes.length || (found.mode & 0o777) !== mode) return false;
  return bytes.equals(await readFile(file));
}

async function writeSynced(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  // One that a kill left, or that another user may read, is not written into.
  await rm(file, { recursive: true, force: true });
  await using opened = await open(file, "wx", mode);
  await opened.writeFile(content);
  await opened.sync();
}

/** A rename is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using opened = await open(folder, "r");
  await opened.sync();
}
