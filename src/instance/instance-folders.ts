/** The folders of this instance and of all others that this machine's run folder knows of. */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Instance } from "./instance.ts";
import { jsonMember } from "./place.ts";

/** Keys, journals and sockets: nothing that a pod may see. */
export async function instanceFolders({
  dataDir,
  runDir,
}: Pick<Instance, "dataDir" | "runDir">): Promise<readonly string[]> {
  const runRoot = dirname(runDir);
  const owners = (await readdir(runRoot).catch(() => [])).filter((name) => name.endsWith(".owner"));
  return [dataDir, runRoot, ...owners.flatMap((name) => jsonMember(join(runRoot, name), "dataDir") ?? [])];
}
