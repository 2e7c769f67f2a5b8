/** Volumes with a hard limit: a file system in a file of the node, mounted by a loop device. What is written beyond its size fails with ENOSPC. */
import { chmod, mkdir, open, rm, stat } from "node:fs/promises";
import { run } from "#machine/command.ts";
import { isMountPoint } from "./mount-points.ts";

/** The file beside the folder at which it is mounted. */
function imageOf(folder: string): string {
  return `${folder}.img`;
}

export async function isLimited(folder: string): Promise<boolean> {
  return stat(imageOf(folder)).then(
    () => true,
    () => false,
  );
}

/** Blocks are taken from the disk as they are written: the size is a limit, not a reservation. */
export async function makeLimited(folder: string, bytes: number): Promise<void> {
  const image = imageOf(folder);
  await setLength(image, bytes);
  // Nothing is kept for root, and the tables are written when they are needed.
  await run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", image]);
  await attach(folder);
  await chmod(folder, 0o777); // Whom the pod runs as is not known yet.
}

/** Before a pod has it: mounted, until the volume is removed or the node's namespace is made anew; and as large as its file, if nobody uses it. */
export async function attachLimited(folder: string): Promise<void> {
  if (!(await isLimited(folder))) return;
  const isMounted = await isMountPoint(folder);
  if (await isOutgrown(folder)) await growIdle(folder);
  else if (!isMounted) await attach(folder);
}

/** Online where the kernel lets us (ext4 wants CAP_SYS_RESOURCE), else when no pod has it. False when it must wait. Never shrinks. */
export async function growLimited(folder: string, bytes: number): Promise<boolean> {
  const image = imageOf(folder);
  if ((await stat(image)).size < bytes) await setLength(image, bytes);
  await attachLimited(folder);
  if (!(await isOutgrown(folder))) return true;
  const [device = ""] = await devicesOf(folder);
  await run(["losetup", "-c", device]);
  return run(["resize2fs", device]).then(
    () => true,
    () => false, // It grows when its pods have ended.
  );
}

export async function removeLimited(folder: string): Promise<void> {
  if (await isMountPoint(folder)) await run(["umount", folder]);
  await rm(imageOf(folder), { force: true });
}

async function attach(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run(["mount", "-t", "ext4", "-o", "loop,nodev,nosuid", imageOf(folder), folder]);
}

/** While a pod has it the loop device outlives our own mount, and nothing is done. */
async function growIdle(folder: string): Promise<void> {
  const image = imageOf(folder);
  if (await isMountPoint(folder)) await run(["umount", folder]);
  if ((await devicesOf(folder)).length === 0) {
    await run(["e2fsck", "-f", "-p", image]);
    await run(["resize2fs", image]);
  }
  await attach(folder);
}

async function devicesOf(folder: string): Promise<readonly string[]> {
  const found = await run(["losetup", "-n", "-O", "NAME", "-j", imageOf(folder)]);
  return found.split("\n").filter((line) => line !== "");
}

// The superblock: Documentation/filesystems/ext4/super.rst of Linux.
const SUPERBLOCK = { offset: 1_024, length: 1_024, blocks: 0x4, logBlockSize: 0x18 };

/** Whether the file has room for more blocks than the file system has. */
async function isOutgrown(folder: string): Promise<boolean> {
  await using file = await open(imageOf(folder), "r");
  const { buffer } = await file.read(Buffer.alloc(SUPERBLOCK.length), 0, SUPERBLOCK.length, SUPERBLOCK.offset);
  const blockBytes = 1_024 << buffer.readUInt32LE(SUPERBLOCK.logBlockSize);
  const { size } = await file.stat();
  return Math.floor(size / blockBytes) > buffer.readUInt32LE(SUPERBLOCK.blocks);
}

async function setLength(image: string, bytes: number): Promise<void> {
  await using file = await open(image, "a", 0o600);
  await file.truncate(bytes);
  await file.sync();
}
