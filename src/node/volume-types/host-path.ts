/** hostPath: a file or folder of the machine, checked or made as its type says. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { Fault } from "#base/fault.ts";
import type { ProvidedVolumeType } from "./volume-type.ts";

export const hostPathVolume: ProvidedVolumeType = {
  type: "hostPath",
  folder: ({ volume }) => volume.hostPath?.path ?? "",
  mount: ({ volume: { hostPath } }) => checkHostPath(hostPath?.path ?? "", hostPath?.type ?? ""),
  isOfMachine: true,
};

/** The types of core/v1 HostPathType; "" checks nothing. */
export async function checkHostPath(path: string, type: string): Promise<void> {
  if (type === "DirectoryOrCreate") return void (await mkdir(path, { recursive: true }));
  const facts = await stat(path).catch(() => null); // It is not there.
  if (type === "FileOrCreate" && facts === null) return writeFile(path, "");
  if (type === "") return;
  const isRight = {
    Directory: facts?.isDirectory(),
    File: facts?.isFile(),
    FileOrCreate: facts?.isFile(),
    Socket: facts?.isSocket(),
    CharDevice: facts?.isCharacterDevice(),
    BlockDevice: facts?.isBlockDevice(),
  }[type];
  if (isRight !== true) throw new Fault("Invalid", `hostPath type check failed: ${path} is not a ${type}`);
}
