/** The facts of one instance: names, ports, addresses, keys. Written once by `up`, read by every role. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";

export interface Instance {
  readonly name: string;
  readonly dataDir: string;
  /** Sockets and pins; short, because a unix socket's path has 107 bytes at most. */
  readonly runDir: string;
  readonly ports: Ports;
  /** Which of the machine's address plans it uses; see network/cluster-network.ts. */
  readonly networkIndex: number;
  readonly nodes: readonly string[];
  readonly region: string;
  readonly accountId: string;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Pods and isolated sandboxes need root and containerd; without them only the rest runs. */
  readonly canRunPods: boolean;
}

export interface Ports {
  readonly kube: number;
  readonly aws: number;
  readonly gateway: number;
  readonly dashboard: number;
}

const MAX_NETWORKS = 32;

export function instanceFile(dataDir: string): string {
  return join(dataDir, "instance.json");
}

/** Null when there is none yet. */
export async function readInstance(dataDir: string): Promise<Instance | null> {
  try {
    return JSON.parse(await readFile(instanceFile(dataDir), "utf8")) as Instance;
  } catch (thrown) {
    if ((thrown as { readonly code?: string }).code === "ENOENT") return null;
    throw new Fault("Invalid", `${instanceFile(dataDir)} cannot be read; move it away or run: catamaran down --purge`, {
      cause: thrown,
    });
  }
}

/** Keeps the ports, keys and addresses of an earlier start, so that clients find the same instance again. */
export async function writeInstance(instance: Instance): Promise<void> {
  await mkdir(instance.dataDir, { recursive: true, mode: 0o700 });
  await mkdir(instance.runDir, { recursive: true, mode: 0o711 });
  await writeFile(instanceFile(instance.dataDir), `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o600 });
}

export function newRootKey(): Instance["rootKey"] {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const id = [...randomBytes(16)].map((byte) => letters[byte % letters.length]).join("");
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString("base64") };
}

/**
 * Takes an address plan that no other instance on this machine holds. An instance that has lived before needs the plan of
 * its services' addresses, `before`; a new one takes the first free plan from a place of its own, so that others rarely want it.
 */
export async function claimNetwork(runRoot: string, name: string, before?: number): Promise<number> {
  const folder = join(runRoot, "networks");
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const holders = await holdersOf(folder);
  const [held] = [...holders].find(([, holder]) => holder === name) ?? [];
  if (held !== undefined && (before === undefined || held === before)) return held;
  const wanted = before === undefined ? plansFrom(name) : [before];
  for (const index of wanted) if (await claim(join(folder, String(index)), name)) return index;
  const [index = 0] = wanted;
  throw before === undefined
    ? new Fault(
        "Unavailable",
        `all ${MAX_NETWORKS} address plans are taken; end an instance with: catamaran down --name NAME`,
      )
    : new Fault(
        "Conflict",
        `the addresses of "${name}" are used by instance "${holders.get(index) ?? "?"}" now; end that one with: catamaran down --name ${holders.get(index) ?? "NAME"}`,
      );
}

function plansFrom(name: string): readonly number[] {
  const hash = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7);
  const first = name === "default" ? 0 : 1 + (hash % (MAX_NETWORKS - 1));
  return Array.from({ length: MAX_NETWORKS }, (_unused, offset) => (first + offset) % MAX_NETWORKS);
}

async function claim(file: string, name: string): Promise<boolean> {
  try {
    await writeFile(file, name, { flag: "wx" });
    return true;
  } catch (thrown) {
    if ((thrown as { readonly code?: string }).code === "EEXIST") return false;
    throw thrown;
  }
}

export async function releaseNetwork(runRoot: string, name: string): Promise<void> {
  const folder = join(runRoot, "networks");
  for (const [index, holder] of await holdersOf(folder)) {
    if (holder === name) await rm(join(folder, String(index)), { force: true });
  }
}

async function holdersOf(folder: string): Promise<ReadonlyMap<number, string>> {
  const indexes = (await readdir(folder).catch(() => [])).map(Number).filter(Number.isInteger);
  const names = await Promise.all(
    indexes.map((index) => readFile(join(folder, String(index)), "utf8").catch(() => "")),
  ); // Released meanwhile.
  return new Map(indexes.map((index, at) => [index, names[at] ?? ""]));
}
