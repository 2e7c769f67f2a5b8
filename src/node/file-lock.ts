/** A lock between processes as a file: for changes that take milliseconds. Whoever dies with it is waited for a few seconds, not for ever. */
import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 5;
// 10 s with one holder: longer than any change under it takes. It is dead then.
const STALE_POLLS = 2_000;

export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  let holder = 0n;
  for (let polls = 0; !(await take(path)); polls++) {
    const seen = await holderOf(path);
    if (seen !== holder) [holder, polls] = [seen, 0];
    if (polls >= STALE_POLLS) await removeStale(path);
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Each taking makes a new file. */
async function holderOf(path: string): Promise<bigint> {
  const facts = await stat(path, { bigint: true }).catch(() => null); // It was given back meanwhile.
  return facts === null ? 0n : facts.ino + facts.mtimeNs;
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw thrown;
  }
}

/** By a rename, so that of two that wait one removes it. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).then(
    () => rm(aside, { force: true }),
    () => {}, // Somebody else has removed it.
  );
}
