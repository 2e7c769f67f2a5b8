/** The images that exist without a registry, made from programs of this machine: pause, busybox and node. */
import { member } from "#base/dictionary.ts";
import { readFile, realpath, stat } from "node:fs/promises";
import { run } from "#machine/command.ts";
import { Fault } from "#base/fault.ts";
import { PAUSE_IMAGE } from "./containerd-config.ts";
import type { Descriptor, ImageConfig, ImageStore, StoredImage } from "./image-store.ts";
import { findProgram } from "./runtime-probe.ts";

export interface BaseImage {
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
}

export type BaseName = "scratch" | "busybox" | "node";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Names under which the base images are found without having been built or loaded. */
const BASE_NAMES: Readonly<Record<string, BaseName>> = {
  "docker.io/library/busybox:latest": "busybox",
  "docker.io/library/node:latest": "node",
  [`docker.io/library/node:${process.versions.node.split(".")[0]}`]: "node",
};

export function baseOf(fullName: string): BaseName | null {
  return member(BASE_NAMES, fullName) ?? null;
}

export async function baseImage(store: ImageStore, name: BaseName): Promise<BaseImage> {
  switch (name) {
    case "scratch":
      return { config: { Env: [PATH] }, layers: [] };
    case "busybox":
      return { config: { Env: [PATH], Cmd: ["sh"] }, layers: [await busyboxLayer(store)] };
    case "node":
      return {
        config: { Env: [PATH, `NODE_VERSION=${process.versions.node}`], Cmd: ["node"] },
        layers: [await busyboxLayer(store), await nodeLayer(store)],
      };
  }
}

/** The container that holds a pod's namespaces: a static program that waits and reaps. */
export async function ensurePauseImage(store: ImageStore, now: number): Promise<StoredImage> {
  const stored = await store.find(PAUSE_IMAGE);
  if (stored !== null) return stored;
  const catatonit = await program("catatonit", "catatonit");
  const layer = await store.addLayer(await keyOf("pause", catatonit), (tar) => tar.addFile("pause", catatonit, 0o755));
  return store.tag(PAUSE_IMAGE, { config: { Entrypoint: ["/pause", "-P"] }, layers: [layer], now });
}

async function busyboxLayer(store: ImageStore): Promise<Descriptor> {
  const busybox = await program("busybox", "busybox-static");
  return store.addLayer(await keyOf("busybox with wget -T", busybox), async (tar) => {
    const bytes = await readFile(busybox);
    const isPatched = !(await knowsTimeouts(busybox)) && renameWget(bytes);
    await tar.addBytes("bin/busybox", bytes, 0o755);
    if (isPatched) await tar.addBytes("bin/wget", Buffer.from(WGET), 0o755);
    const applets = (await run([busybox, "--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
    for (const applet of applets) if (!isPatched || applet !== "wget") await tar.addSymlink(`bin/${applet}`, "busybox");
    await tar.addDirectory("tmp", 0o1777);
    for (const directory of ["dev", "proc", "sys", "root", "var", "usr/bin", "usr/local/bin"])
      await tar.addDirectory(directory);
    await tar.addSymlink("usr/bin/env", "../../bin/busybox");
    await tar.addBytes(
      "etc/passwd",
      Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    );
    await tar.addBytes("etc/group", Buffer.from("root:x:0:\nnogroup:x:65534:\n"));
    await tar.addBytes("etc/nsswitch.conf", Buffer.from("hosts: files dns\n"));
  });
}

async function knowsTimeouts(busybox: string): Promise<boolean> {
  const help = await run(["sh", "-c", '"$1" wget --help 2>&1 || true', "sh", busybox]);
  return /-T SEC/.test(help);
}

/**
 * Debian builds busybox without wget's time-outs and crashes at -T (FEATURE_WGET_TIMEOUT is off, the option's place is a null
 * pointer). Its shell prefers its own programs to those in the path: only under another name can wget be stood in for.
 */
function renameWget(busybox: Buffer): boolean {
  const [names, renamed] = ["\0wc\0wget\0which\0", `\0wc\0${HIDDEN_WGET}\0which\0`].map((text) =>
    Buffer.from(text, "latin1"),
  );
  const at = names === undefined ? -1 : busybox.indexOf(names);
  if (at === -1 || renamed === undefined) return false;
  renamed.copy(busybox, at);
  return true;
}

// As long as "wget", and in its place in the order of names.
const HIDDEN_WGET = "wgeT";

// DIFFERS: -T of the busybox image's wget bounds the whole transfer, not each wait for the network.
const WGET = `#!/bin/sh
# Debian's busybox knows no time-out of wget: it is taken out of the arguments here, and kept by timeout.
limit= next=
for word do
  shift
  if [ -n "$next" ]; then limit=$word; next=; continue; fi
  case $word in
    -T|--timeout) next=1 ;;
    -T*) limit=\${word#-T} ;;
    --timeout=*) limit=\${word#*=} ;;
    -[cqS]T|-[cqS][cqS]T) set -- "$@" "\${word%T}"; next=1 ;;
    *) set -- "$@" "$word" ;;
  esac
done
[ -n "$limit" ] || exec /bin/busybox ${HIDDEN_WGET} "$@"
timeout "$limit" /bin/busybox ${HIDDEN_WGET} "$@"
code=$?
if [ $code = 143 ]; then echo "wget: download timed out" >&2; code=1; fi
exit $code
`;

/** The Node that runs us, with the loader and every shared library that it and name resolution need. */
async function nodeLayer(store: ImageStore): Promise<Descriptor> {
  const node = await realpath(process.execPath);
  return store.addLayer(await keyOf(`node-${process.versions.node}`, node), async (tar) => {
    await tar.addFile("usr/local/bin/node", node, 0o755);
    const added = new Set<string>();
    for (const library of [...(await librariesOf(node)), ...(await nameServiceLibraries())]) {
      if (added.has(library)) continue;
      added.add(library);
      await tar.addFile(library.slice(1), await realpath(library), 0o755);
    }
  });
}

/** Paths as the loader will look for them: "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6" … */
async function librariesOf(binary: string): Promise<readonly string[]> {
  const text = await run(["ldd", binary]);
  return text.split("\n").flatMap((line) => /(?:=>\s*)?(\/[^\s]+)\s+\(0x/.exec(line)?.[1] ?? []);
}

/** glibc loads these when a name is looked up; ldd cannot know. */
async function nameServiceLibraries(): Promise<readonly string[]> {
  const cache = await run(["sh", "-c", "ldconfig -p 2>/dev/null || /sbin/ldconfig -p"]).catch(() => "");
  const wanted = /^\s*(libnss_(?:files|dns)\.so\.2|libresolv\.so\.2) .*=> (\S+)$/;
  const architecture = process.arch === "x64" ? "x86-64" : "AArch64";
  return cache
    .split("\n")
    .filter((line) => line.includes(architecture))
    .flatMap((line) => wanted.exec(line)?.[2] ?? []);
}

async function program(name: string, debianPackage: string): Promise<string> {
  const path = await findProgram(name);
  if (path === null) throw new Fault("Unavailable", `${name} is not installed (Debian package ${debianPackage})`);
  return realpath(path);
}

/** The layer is made again when the program changes. */
async function keyOf(layer: string, path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${layer} ${path} ${size} ${Math.trunc(mtimeMs)}`;
}
