/** Options of the command line and the environment, read once and handed out as plain values. The only place that reads the environment. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Fault, unsupported } from "#base/fault.ts";
import { upOptionTable, placeOptions } from "./command-options.ts";
import type { Ports } from "./instance.ts";

export interface Place {
  readonly name: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly runRoot: string;
}

export interface UpOptions extends Place {
  readonly detach: boolean;
  readonly demo: boolean;
  readonly noNodes: boolean;
  readonly nodes: number;
  readonly ports: Partial<Ports>;
  readonly mergeKubeconfig: boolean;
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;
const MAX_NODES = 16;

export function placeOf(values: {
  readonly name?: string | undefined;
  readonly "data-dir"?: string | undefined;
}): Place {
  const { env } = process;
  const runRoot =
    process.getuid?.() === 0
      ? "/run/catamaran"
      : join(env["XDG_RUNTIME_DIR"] ?? "/tmp", `catamaran-${process.getuid?.() ?? 0}`);
  const askedDir = values["data-dir"] ?? env["CATAMARAN_DATA_DIR"];
  const asked = values.name ?? env["CATAMARAN_NAME"];
  // Either of the two finds an instance: the directory knows its name, and a name that is up knows its directory.
  const name =
    asked ?? (askedDir === undefined ? undefined : jsonMember(join(askedDir, "instance.json"), "name")) ?? "default";
  if (!NAME.test(name))
    throw new Fault("BadRequest", `--name ${name}: 1 to 20 lower-case letters, digits and dashes, for example "dev-1"`);
  const owner = ownerFile({ runRoot, name });
  const dataRoot = join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "catamaran");
  const dataDir = askedDir ?? jsonMember(owner, "dataDir") ?? join(dataRoot, name);
  return { name, dataDir: resolve(dataDir), runDir: join(runRoot, name), runRoot };
}

/** Says which data directory a name that is up belongs to. */
export function ownerFile({ runRoot, name }: Pick<Place, "runRoot" | "name">): string {
  return join(runRoot, `${name}.owner`);
}

/** One member of a small file of ours. */
export function jsonMember(file: string, member: string): string | undefined {
  try {
    const value = (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>)[member];
    return typeof value === "string" ? value : undefined;
  } catch {
    // Not there, or half written by a start that was killed: then it says nothing.
    return undefined;
  }
}

/** The kubeconfig that kubectl would write to: the first of the list, else the one in the home directory. */
export function userKubeconfig(): string {
  const { env } = process;
  const [first = ""] = (env["KUBECONFIG"] ?? "").split(":");
  return first === "" ? join(homedir(), ".kube", "config") : first;
}

export function upOptions(words: readonly string[]): UpOptions {
  const { values } = parseArgs({
    args: [...words],
    options: { ...placeOptions, ...upOptionTable },
  });
  if (values.join !== undefined || values.token !== undefined)
    throw unsupported("catamaran up --join", "all nodes of an instance are on one machine: --nodes N");
  const nodes = wholeOf("--nodes", values.nodes, MAX_NODES);
  const ports = {
    kube: portOf("--kube-port", values["kube-port"]),
    aws: portOf("--aws-port", values["aws-port"]),
    gateway: portOf("--gateway-port", values["gateway-port"]),
    dashboard: portOf("--dashboard-port", values["dashboard-port"]),
  };
  return {
    ...placeOf(values),
    detach: values.detach,
    demo: values.demo && !values["no-demo"],
    noNodes: nodes === 0,
    nodes,
    ports: Object.fromEntries(Object.entries(ports).filter(([, port]) => port !== undefined)) as Partial<Ports>,
    mergeKubeconfig: values["merge-kubeconfig"],
  };
}

function wholeOf(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new Fault("BadRequest", `${name} ${text}: a whole number from 0 to ${max}`);
  return value;
}

function portOf(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeOf(name, text, 65_535);
}

/** What children inherit: a path to find programs and nothing else that could change their behaviour. */
export function childEnvironment(): Readonly<Record<string, string>> {
  const { env } = process;
  const kept = ["PATH", "HOME", "LANG", "TMPDIR", "NODE_COMPILE_CACHE"].flatMap((name): [string, string][] =>
    env[name] === undefined ? [] : [[name, env[name]]],
  );
  const path = `${env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  return { ...Object.fromEntries(kept), PATH: path, ...RETURNS_MEMORY };
}

/**
 * glibc's malloc as mallopt(3) describes it. By default the size from which a block is mapped on its own grows with each that is freed, up to 32 MiB:
 * after one large request all buffers come from heaps, which cannot shrink below what was allocated last. With fixed thresholds, and few heaps, what is
 * freed goes back to the machine.
 */
const RETURNS_MEMORY: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "1048576",
};
