/** What is mounted in this process's mount namespace, by the kernel's list (proc(5), /proc/pid/mountinfo). */
import { readFile } from "node:fs/promises";

/** In the order in which they were mounted: those inside others come later. */
export async function mountPoints(): Promise<readonly string[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  return text.split("\n").flatMap((line) => line.split(" ")[4] ?? []);
}

export async function isMountPoint(folder: string): Promise<boolean> {
  return (await mountPoints()).includes(folder);
}
