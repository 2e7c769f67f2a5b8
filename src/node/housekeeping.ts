/** Small chores of the node: addresses of pods that are gone, images that nobody uses when the disk fills up. */
import { readdir, readFile, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { PAUSE_IMAGE, type NodePaths } from "./containerd-config.ts";
import type { Cri } from "./cri.ts";

// Kubelet's thresholds: above the high one images go, until the disk is below the low one.
const HIGH_SHARE = 0.85;
const LOW_SHARE = 0.8;

/**
 * Gives back addresses that are booked for sandboxes the runtime does not know: after a crash of the machine the address
 * manager would otherwise run out of its 254.
 */
export async function freeLostAddresses(cri: Cri, paths: NodePaths): Promise<void> {
  const known = new Set((await cri.sandboxes()).map(({ id }) => id));
  for (const network of await readdir(paths.cniDataDir)) {
    const folder = join(paths.cniDataDir, network);
    for (const name of (await readdir(folder)).filter((file) => /^\d+(\.\d+){3}$/.test(file))) {
      const [sandbox = ""] = (await readFile(join(folder, name), "utf8").catch(() => "")).split(/\s/); // Freed meanwhile.
      if (!known.has(sandbox)) await rm(join(folder, name), { force: true });
    }
  }
}

/** Removes images without containers, biggest first, while the disk is too full. They come back from the store when needed. */
export async function freeImages(cri: Cri, paths: NodePaths, log: Log): Promise<void> {
  if ((await usedShare(paths.root)) < HIGH_SHARE) return;
  const used = new Set((await cri.containers()).map(({ image_ref }) => image_ref));
  const unused = (await cri.images()).filter(
    ({ id, repo_tags, pinned }) => !used.has(id) && pinned !== true && !repo_tags.includes(PAUSE_IMAGE),
  );
  for (const { id, repo_tags } of unused.toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0))) {
    log.info("the disk is full; an unused image is removed", { image: repo_tags[0] ?? id });
    await cri.removeImage(id).catch((thrown: unknown) => log.debug("an image stays", { reason: reasonOf(thrown) }));
    if ((await usedShare(paths.root)) < LOW_SHARE) return;
  }
}

async function usedShare(path: string): Promise<number> {
  const { blocks, bavail } = await statfs(path);
  return blocks === 0 ? 0 : 1 - bavail / blocks;
}
