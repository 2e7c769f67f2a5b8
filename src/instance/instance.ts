/** The facts of one instance: names, ports, addresses, keys. Written once by `up`, read by every role. */
import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";

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
  /** What policies of AWS's kind do: decide; decide, and every role must exist; or only tell what would be missing. Default is "enforce". */
  readonly iam?: IamMode;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Pods and isolated sandboxes need root and containerd; without them only the rest runs. */
  readonly canRunPods: boolean;
  /** Isolated sandboxes need root and an OCI runtime, and no node. */
  readonly canIsolate: boolean;
}

export const IAM_MODES = ["enforce", "strict", "soft"] as const;
export type IamMode = (typeof IAM_MODES)[number];

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

/** A second copy: what only these facts say (keys, addresses) could not be found again. */
function copyOf(dataDir: string): string {
  return join(dataDir, "anchors", "instance.json");
}

/** Null when there is none yet. A damaged file is read from its copy; the next `up` writes both anew. */
export async function readInstance(dataDir: string): Promise<Instance | null> {
  const places = [instanceFile(dataDir), copyOf(dataDir)];
  const texts = await Promise.all(places.map(readIfThere));
  if (texts.every((text) => text === null)) {
    if (await holdsState(dataDir)) throw lostFacts(dataDir, "is missing, but the folder holds state");
    return null;
  }
  for (const text of texts) {
    const instance = text === null ? null : parseInstance(text);
    if (instance !== null) return instance;
  }
  throw lostFacts(dataDir, "is damaged");
}

function lostFacts(dataDir: string, what: string): Fault {
  return new Fault(
    "Invalid",
    `${instanceFile(dataDir)} ${what}, and so is its copy in anchors/: the instance's keys and addresses are only there. Put one of them back, or forget all: catamaran down --purge --data-dir ${dataDir}`,
  );
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code === "EISDIR" || code === "ENOTDIR") return "";
    throw new Fault("Unavailable", `${file} cannot be read (${code ?? "?"})`, { cause: thrown });
  }
}

async function holdsState(dataDir: string): Promise<boolean> {
  return (await readdir(join(dataDir, "anchors")).catch(() => [])).length > 0;
}

/** Null when a bit of it is not as it was written. Files of before checksums have none. */
function parseInstance(text: string): Instance | null {
  try {
    const { checksum, ...facts } = JSON.parse(text) as Instance & { readonly checksum?: number };
    if (checksum !== undefined && checksum !== crc32(JSON.stringify(facts))) return null;
    return typeof facts.name === "string" && typeof facts.rootKey.secretAccessKey === "string" ? facts : null;
  } catch {
    return null;
  }
}

/** Keeps the ports, keys and addresses of an earlier start, so that clients find the same instance again. */
export async function writeInstance(instance: Instance): Promise<void> {
  await mkdir(join(instance.dataDir, "anchors"), { recursive: true, mode: 0o700 });
  await mkdir(instance.runDir, { recursive: true, mode: 0o711 });
  const text = `${JSON.stringify({ ...instance, checksum: crc32(JSON.stringify(instance)) }, null, 2)}\n`;
  // One after the other: a kill in the midst of one leaves the other whole.
  for (const file of [copyOf(instance.dataDir), instanceFile(instance.dataDir)]) await replaceFile(file, text);
}

/** What can be told of an instance whose facts are lost: enough to take away what it made on the machine. */
export async function remainsOf(
  { name, dataDir, runDir }: Pick<Instance, "name" | "dataDir" | "runDir">,
  runRoot: string,
): Promise<Instance> {
  const holders = await holdersOf(join(runRoot, "networks"));
  const [networkIndex] = [...holders].find(([, holder]) => holder === name) ?? [];
  const nodes = await readdir(join(dataDir, "nodes")).catch(() => []);
  return {
    name,
    dataDir,
    runDir,
    nodes,
    rootKey: { accessKeyId: "", secretAccessKey: "" },
    ports: { kube: 0, aws: 0, gateway: 0, dashboard: 0 },
    region: "",
    accountId: "",
    networkIndex: networkIndex ?? 0,
    canRunPods: networkIndex !== undefined && nodes.length > 0,
    canIsolate: false,
  };
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

/** Linked, not written in place: a kill in between would leave a plan that nobody holds and nobody gives back. */
async function claim(file: string, name: string): Promise<boolean> {
  const own = `${file}.${name}`;
  await writeFile(own, name);
  try {
    await link(own, file);
    return true;
  } catch (thrown) {
    if ((thrown as { readonly code?: string }).code === "EEXIST") return false;
    throw thrown;
  } finally {
    await rm(own, { force: true });
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
