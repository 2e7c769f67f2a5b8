/** Gives what is in a volume to the pod's fsGroup: kubelet's SetVolumeOwnership. By programs of the machine: a volume may hold millions of files. */
import { stat } from "node:fs/promises";
import { run } from "#machine/command.ts";

// Kubelet has no limit; whoever has so many files says fsGroupChangePolicy: OnRootMismatch.
const PATIENCE_MS = 600_000;
const GROUP_RIGHTS = 0o2070;

export async function giveToGroup(
  folder: string,
  group: number,
  { onlyIfRootDiffers = false }: { readonly onlyIfRootDiffers?: boolean } = {},
): Promise<void> {
  const root = await stat(folder);
  const isRight = root.gid === group && (root.mode & GROUP_RIGHTS) === GROUP_RIGHTS;
  if (onlyIfRootDiffers && isRight) return;
  const options = { timeoutMs: PATIENCE_MS };
  // The folder itself last: it is what tells that all of it was done.
  const inside = ["find", folder, "-mindepth", "1", "-depth"];
  await run([...inside, "-exec", "chown", "-h", `:${group}`, "{}", "+"], options);
  await run([...inside, "-type", "d", "-exec", "chmod", "g+rwxs", "{}", "+"], options);
  await run([...inside, "-type", "f", "-exec", "chmod", "g+rw", "{}", "+"], options);
  await run(["chown", `:${group}`, folder], options);
  await run(["chmod", "g+rwxs", folder], options);
}
