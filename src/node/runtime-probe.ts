/** Finds out once per machine what can run containers here: crun if it works, else runc; overlay mounts, capabilities. */
import { access, mkdir, mkdtemp, readFile, rm, writeFile, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { release } from "node:os";
import { Fault, reasonOf } from "#base/fault.ts";
import { run } from "#machine/command.ts";
import { replaceFile } from "#machine/whole-file.ts";

/** A runtime that pods can ask for by a RuntimeClass whose handler is its name. */
export interface Handler {
  readonly name: string;
  /** The shim that containerd starts for it. */
  readonly type: string;
  /** The OCI runtime that the shim runs, where that is to be said. */
  readonly path?: string;
}

export const RUNC_SHIM = "io.containerd.runc.v2";

export interface RuntimeChoice {
  readonly name: "crun" | "runc";
  readonly path: string;
  /** For people: why this one. */
  readonly why: string;
  readonly snapshotter: "overlayfs" | "native";
  /** Without CAP_SYS_RESOURCE nobody may lower an OOM score. */
  readonly restrictsOomScore: boolean;
  readonly cniBinDir: string;
  readonly hasBridgeNetfilter: boolean;
  /** What else is installed. */
  readonly handlers: readonly Handler[];
}

const CNI_DIRECTORIES = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];
// Where distributions and administrators put programs.
const PROGRAM_DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const CAP_SYS_RESOURCE = 24n;

/** Takes the last answer as long as kernel and containerd are the same. */
export async function probeRuntime(
  containerdVersion: string,
  paths: { readonly probe: string; readonly root: string },
): Promise<RuntimeChoice> {
  // What is asked changes with the last number.
  const machine = `${release()} containerd ${containerdVersion} 2`;
  const kept = await readFile(paths.probe, "utf8")
    .then((text) => JSON.parse(text) as { machine: string; choice: RuntimeChoice })
    .catch(() => null); // None yet, or one that is damaged: it is found out anew.
  if (kept?.machine === machine) return kept.choice;
  const directory = await mkdtemp(join(paths.root, "probe-"));
  try {
    const runtime = await chooseRuntime(containerdVersion, directory);
    const choice: RuntimeChoice = {
      ...runtime,
      snapshotter: (await canOverlay(directory)) ? "overlayfs" : "native",
      restrictsOomScore: !(await hasCapability(CAP_SYS_RESOURCE)),
      cniBinDir: await cniDirectory(),
      hasBridgeNetfilter: await exists("/proc/sys/net/bridge/bridge-nf-call-iptables"),
      handlers: await handlersBeside(runtime.name),
    };
    await replaceFile(paths.probe, `${JSON.stringify({ machine, choice }, null, 2)}\n`);
    return choice;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function chooseRuntime(
  containerdVersion: string,
  directory: string,
): Promise<Pick<RuntimeChoice, "name" | "path" | "why">> {
  const crun = await tryRuntime("crun", containerdVersion, join(directory, "crun"));
  if (crun.path !== null && crun.fault === null)
    return { name: "crun", path: crun.path, why: "crun ran a test container" };
  const runc = await tryRuntime("runc", containerdVersion, join(directory, "runc"));
  if (runc.path !== null && runc.fault === null)
    return { name: "runc", path: runc.path, why: `crun cannot be used: ${crun.fault ?? "not installed"}` };
  throw new Fault(
    "Unavailable",
    `no OCI runtime works here: crun: ${crun.fault ?? "not installed"}; runc: ${runc.fault ?? "not installed"}`,
  );
}

// The names that RuntimeClasses of gVisor and Kata Containers use, and the shims that their packages bring.
const SHIMS = [
  { name: "runsc", type: "io.containerd.runsc.v1", program: "containerd-shim-runsc-v1" },
  { name: "kata", type: "io.containerd.kata.v2", program: "containerd-shim-kata-v2" },
] as const;

async function handlersBeside(chosen: string): Promise<readonly Handler[]> {
  const handlers: Handler[] = [];
  for (const name of ["crun", "runc"].filter((one) => one !== chosen)) {
    const path = await findProgram(name);
    if (path !== null) handlers.push({ name, type: RUNC_SHIM, path });
  }
  for (const { name, type, program } of SHIMS) if ((await findProgram(program)) !== null) handlers.push({ name, type });
  return handlers;
}

interface Trial {
  readonly path: string | null;
  readonly fault: string | null;
}

/** Runs a static program in a container as containerd would. */
async function tryRuntime(name: string, containerdVersion: string, bundle: string): Promise<Trial> {
  const path = await findProgram(name);
  if (path === null) return { path: null, fault: "not installed" };
  const busybox = await findProgram("busybox");
  if (busybox === null) return { path, fault: null }; // Nothing to try it with: believe.
  await mkdir(join(bundle, "rootfs", "proc"), { recursive: true });
  await copyFile(busybox, join(bundle, "rootfs", "busybox"));
  const id = `ctm-probe-${process.pid}`;
  try {
    await run([path, "spec", "--bundle", bundle]).catch(() =>
      run(["sh", "-c", `cd "$1" && "$2" spec`, "sh", bundle, path]),
    );
    const spec = JSON.parse(await readFile(join(bundle, "config.json"), "utf8")) as OciSpec;
    await writeFile(join(bundle, "config.json"), JSON.stringify(trialSpec(spec, containerdVersion, id)));
    await run([path, "--root", join(bundle, "state"), "run", "--bundle", bundle, id], { timeoutMs: 10_000 });
    return { path, fault: null };
  } catch (thrown) {
    return { path, fault: reasonOf(thrown).split("\n").at(-1) ?? "" };
  }
}

interface OciSpec {
  readonly process: object;
  readonly linux: object;
}

function trialSpec(spec: OciSpec, containerdVersion: string, id: string): object {
  return {
    ...spec,
    // crun before 1.9 refuses the specification that containerd 2 writes.
    ociVersion: Number(containerdVersion.split(".")[0]) >= 2 ? "1.2.0" : "1.0.2",
    process: { ...spec.process, terminal: false, args: ["/busybox", "true"], rlimits: [], oomScoreAdj: 0 },
    linux: { ...spec.linux, cgroupsPath: `/catamaran/${id}` },
  };
}

export async function findProgram(name: string): Promise<string | null> {
  for (const directory of PROGRAM_DIRECTORIES) if (await exists(join(directory, name))) return join(directory, name);
  return null;
}

/** False where the data lies on an overlay already, as in a container. */
async function canOverlay(directory: string): Promise<boolean> {
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  await Promise.all([lower, upper, work, merged].map((path) => mkdir(path)));
  try {
    await run([
      "mount",
      "-t",
      "overlay",
      "overlay",
      "-o",
      `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
      merged,
    ]);
  } catch {
    return false; // The answer to the question.
  }
  await run(["umount", merged]);
  return true;
}

async function hasCapability(bit: bigint): Promise<boolean> {
  const status = await readFile("/proc/self/status", "utf8");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  return ((effective >> bit) & 1n) === 1n;
}

async function cniDirectory(): Promise<string> {
  for (const directory of CNI_DIRECTORIES) if (await exists(join(directory, "bridge"))) return directory;
  throw new Fault(
    "Unavailable",
    `no CNI plugins in ${CNI_DIRECTORIES.join(", ")} (Debian package containernetworking-plugins)`,
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
