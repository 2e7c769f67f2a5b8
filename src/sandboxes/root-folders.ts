/** Builds the read-only roots that sandboxes start from, out of bind mounts: the same inodes everywhere, so the page cache is shared. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { bindReadOnly } from "./mounts.ts";
import type { RootKind } from "./launcher-protocol.ts";
import { INIT_INSIDE } from "./oci-spec.ts";
import { nodeModulesDir, runtimesDir } from "./places.ts";

const FILES: Readonly<Record<string, string>> = {
  "etc/passwd":
    "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:993:990::/tmp:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
  "etc/group": "root:x:0:\nsbx_group:x:990:\nnogroup:x:65534:\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/resolv.conf": "",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

const FOLDERS = [
  "proc",
  "dev",
  "sys",
  "tmp",
  "run/catamaran",
  "run/aws",
  "var/task",
  "var/lang/bin",
  "var/rapid",
  "var/runtime/node_modules",
  "opt",
  "etc",
  "root",
  "usr/bin",
];

// What people's code and child processes call most; busybox carries all of them in one file.
const APPLETS =
  "sh ash cat ls cp mv rm mkdir rmdir ln echo printf grep sed awk head tail sort uniq wc tr cut find xargs env id uname sleep date basename dirname true false test tar gzip gunzip ps kill which touch chmod pwd tee md5sum sha256sum base64 hostname";

/** Where catatonit (tini's kind: starts one child, passes signals on, reaps) lies on this machine; undefined: sandboxes have no init. */
export function findInit(): string | undefined {
  return ["/usr/bin/catatonit", "/usr/libexec/catatonit/catatonit"].find((file) => existsSync(file));
}

/** Builds a root afresh; must run in a mount namespace of its own. */
export function buildRoot(root: string, kind: RootKind, nodeBinary: string): void {
  layOut(root, nodeBinary);
  if (kind === "full") return addMachine(root);
  addLibraries(root, nodeBinary);
  addBusybox(root);
}

function layOut(root: string, nodeBinary: string): void {
  removeUnmounted(root);
  for (const name of FOLDERS) mkdirSync(path.join(root, name), { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(root, name), text, { mode: 0o644 });
  for (const name of readdirSync(runtimesDir))
    copyFileSync(path.join(runtimesDir, name), path.join(root, "var/runtime", name));
  symlinkSync("/var/runtime/node_modules", path.join(root, "node_modules"));
  const init = findInit();
  if (init !== undefined) bindFile(realpathSync(init), path.join(root, INIT_INSIDE));
  bindFile(realpathSync(nodeBinary), path.join(root, "var/lang/bin/node"));
  if (existsSync(nodeModulesDir)) bindReadOnly(nodeModulesDir, path.join(root, "var/runtime/node_modules"));
}

function bindFile(source: string, target: string): void {
  mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
  writeFileSync(target, "");
  bindReadOnly(source, target);
}

function addLibraries(root: string, nodeBinary: string): void {
  const listed = execFileSync("ldd", [nodeBinary], { encoding: "utf8" });
  for (const line of listed.split("\n")) {
    const file = /=>\s+(\/\S+)/.exec(line)?.[1] ?? /^\s+(\/\S+)\s+\(/.exec(line)?.[1];
    if (file !== undefined) bindFile(realpathSync(file), path.join(root, file));
  }
  // The loader finds libraries by these fixed folders once nothing else is there.
  for (const folder of ["lib", "lib64"]) if (!existsSync(path.join(root, folder))) mkdirSync(path.join(root, folder));
}

function addBusybox(root: string): void {
  const busybox = ["/usr/bin/busybox", "/bin/busybox"].find((file) => existsSync(file));
  mkdirSync(path.join(root, "bin"), { recursive: true });
  if (busybox === undefined) return;
  bindFile(busybox, path.join(root, "bin/busybox"));
  for (const applet of APPLETS.split(" ")) symlinkSync("/bin/busybox", path.join(root, "bin", applet));
}

// DIFFERS: provided.* and python see this machine's distribution, read-only, where Lambda has Amazon Linux.
function addMachine(root: string): void {
  bindReadOnly("/usr", path.join(root, "usr"));
  // Whatever the operator installed by hand is nobody else's business.
  const empty = path.join(root, "root");
  if (existsSync("/usr/local")) bindReadOnly(empty, path.join(root, "usr/local"));
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) mirror(`/${name}`, path.join(root, name));
  for (const name of ["ld.so.cache", "localtime", "ssl/openssl.cnf"])
    if (existsSync(`/etc/${name}`)) bindFile(realpathSync(`/etc/${name}`), path.join(root, "etc", name));
  for (const name of ["ssl/certs", "alternatives", "pki/tls/certs"])
    if (existsSync(`/etc/${name}`)) bindFolder(`/etc/${name}`, path.join(root, "etc", name));
}

/** Merged /usr has symbolic links at the top, older distributions have folders. */
function mirror(source: string, target: string): void {
  const found = lstatSync(source, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isSymbolicLink()) symlinkSync(`usr${source}`, target);
  else if (statSync(source).isDirectory()) bindFolder(source, target);
}

function bindFolder(source: string, target: string): void {
  mkdirSync(target, { recursive: true, mode: 0o755 });
  bindReadOnly(source, target);
}

/** Takes a folder away whose mounts were detached; leaves it when something is still mounted below, so that nothing of the machine is ever removed. */
export function removeUnmounted(folder: string): void {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  if (mounts.split("\n").some((line) => line.split(" ")[4]?.startsWith(`${folder}/`) === true)) return;
  rmSync(folder, { recursive: true, force: true });
}
