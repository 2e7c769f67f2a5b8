/** Keeps the platform's own folders out of hostPath mounts: its keys, its journal, its sockets. Pure. */
import { posix } from "node:path";
import { Fault } from "#base/fault.ts";
import { propagation, type CriMount } from "./cri-messages.ts";

/**
 * The mounts that lie over what must not be seen; throws when the mount is in it. All paths are real ones, without links.
 * A privileged container can reach devices and processes of the machine, and by them everything, as on any node of Kubernetes.
 */
// DIFFERS: a hostPath never shows the folders of a Catamaran instance: there is an empty one, or the mount is refused.
export function masksOver(mount: CriMount, hidden: readonly string[], empty: string): readonly CriMount[] {
  const { host_path: path, container_path: target } = mount;
  if (hidden.some((folder) => isAt(path, folder)))
    throw new Fault("Invalid", `hostPath ${path} belongs to the platform itself and cannot be mounted`);
  // What lies in another of them is covered by it.
  const below = hidden.filter(
    (folder) => isAt(folder, path) && !hidden.some((other) => other !== folder && isAt(folder, other)),
  );
  // The empty folder would be mounted over the real one on the node as well.
  if (below.length > 0 && mount.propagation === propagation.bidirectional)
    throw new Fault(
      "Invalid",
      `hostPath ${path} holds folders of the platform: mountPropagation Bidirectional is refused`,
    );
  return below.map((folder) => ({
    container_path: posix.join(target, posix.relative(path, folder)),
    host_path: empty,
    readonly: true,
  }));
}

function isAt(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
