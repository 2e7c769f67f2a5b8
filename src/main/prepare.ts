/** Before the processes: decides what this machine can do, chooses names, ports and addresses, makes certificates and the fabric. */
import { randomInt } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { draft, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { ensurePki, kubeconfigText } from "#kube/pki.ts";
import { hasSystemProgram } from "#machine/system-program.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { kubernetesIp } from "#network/cluster-network.ts";
import { ensureFabric } from "#network/fabric.ts";
import { ensureNodeNetwork } from "#network/node-network.ts";
import {
  claimNetwork,
  type Instance,
  newRootKey,
  type Ports,
  readInstance,
  writeInstance,
} from "#instance/instance.ts";
import { auditPolicyText, keepAuditPolicy } from "./audit-options.ts";
import type { UpOptions } from "./options.ts";
import { files } from "#instance/files.ts";
import { networkOf, nodePlace } from "#instance/addresses.ts";
import { pkiNames } from "./pki-names.ts";
import { realClock } from "#machine/real-clock.ts";

const PREFERRED: Ports = { kube: 6443, aws: 4566, gateway: 8080, dashboard: 8090 };
const NEEDED = ["containerd", "ip", "nft", "nsenter", "unshare"];

// It notices within its own start, which takes a second, or several on a busy machine.
const ORPHANS_END_WITHIN_MS = 4_000;
const FIRST_FREE_PORT = 20_000;
const FIRST_NODE_PORT = 30_000;

/** What keeps this machine from running pods and isolated sandboxes; empty when nothing does. */
export function missingForPods(): readonly string[] {
  const missing = NEEDED.filter((program) => !hasSystemProgram(program));
  return [...missingForSandboxes(), ...missing];
}

/** What keeps this machine from isolating functions. */
function missingForSandboxes(): readonly string[] {
  const hasRuntime = hasSystemProgram("crun") || hasSystemProgram("runc");
  return [...(process.getuid?.() === 0 ? [] : ["root"]), ...(hasRuntime ? [] : ["crun or runc"])];
}

export async function prepareInstance(options: UpOptions): Promise<Instance> {
  const before = await readInstance(options.dataDir);
  const policy = options.auditPolicy === undefined ? undefined : await auditPolicyText(options.auditPolicy);
  const canRunPods = missingForPods().length === 0 && !options.noNodes;
  const instance: Instance = {
    name: options.name,
    dataDir: options.dataDir,
    runDir: options.runDir,
    ports: await choosePorts(options, before?.ports),
    networkIndex: await claimNetwork(options.runRoot, options.name, before?.networkIndex),
    nodes: canRunPods ? Array.from({ length: options.nodes }, (_unused, i) => `node-${i + 1}`) : [],
    region: "us-east-1",
    accountId: "000000000000",
    iam: options.iam ?? before?.iam ?? "enforce",
    rootKey: before?.rootKey ?? newRootKey(),
    canRunPods,
    canIsolate: missingForSandboxes().length === 0,
  };
  await writeInstance(instance);
  await mkdir(join(options.dataDir, "log"), { recursive: true, mode: 0o700 });
  if (policy !== undefined) await keepAuditPolicy(instance, policy);
  return instance;
}

async function choosePorts({ ports, name }: UpOptions, before: Ports | undefined): Promise<Ports> {
  const chosen = draft<number>();
  const untilMs = performance.now() + ORPHANS_END_WITHIN_MS;
  for (const door of ["kube", "aws", "gateway", "dashboard"] as const) {
    const asked = ports[door];
    if (asked !== undefined && asked !== 0) {
      if (!(await isFree(asked)))
        throw new Fault("Conflict", `port ${asked} for --${door}-port is taken; choose another one, or 0 for any`);
      put(chosen, door, asked);
      continue;
    }
    const had = before?.[door];
    const wished = had ?? (asked === undefined && name === "default" ? PREFERRED[door] : undefined);
    const isOurs = wished !== undefined && (had === undefined ? await isFree(wished) : await isFreeBy(wished, untilMs));
    put(chosen, door, isOurs ? wished : await freePort());
  }
  return chosen as unknown as Ports;
}

/** A role whose supervisor was killed in the midst of starting it may hold its door for a moment longer: nobody else is known to. */
async function isFreeBy(port: number, untilMs: number): Promise<boolean> {
  while (!(await isFree(port))) {
    if (performance.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Clients of the door that try again meet this server: they must not keep it open.
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/**
 * The kernel gives ports of its own range (32768 to 60999, ip(7)) to outgoing connections: one of those would sooner or later
 * be taken when the instance starts again, and its clients would not find it. NodePorts begin at 30000.
 */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(FIRST_FREE_PORT, FIRST_NODE_PORT);
    if (await isFree(port)) return port;
  }
  return anyPort();
}

function anyPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no free port")),
      );
    });
  });
}

/** Certificates and the administrator's kubeconfig. */
export async function prepareIdentities(instance: Instance): Promise<void> {
  const pki = await ensurePki(files.pki(instance), pkiNames(instance, kubernetesIp(networkOf(instance))), realClock);
  const admin = pki.clients["admin"] ?? pki.server;
  const text = kubeconfigText(`catamaran-${instance.name}`, `https://127.0.0.1:${instance.ports.kube}`, pki.ca, admin);
  await replaceFile(files.kubeconfig(instance), text);
}

/** The guard and the fabric; before any address of ours is used. */
export async function prepareFabric(instance: Instance): Promise<void> {
  if (instance.canRunPods) await ensureFabric(networkOf(instance), [instance.ports.kube, instance.ports.aws]);
}

/** A node's namespaces, its link to the fabric and its folder. */
export async function prepareNode(instance: Instance, name: string): Promise<void> {
  const place = nodePlace(instance, name);
  await mkdir(place.nodeDir, { recursive: true, mode: 0o711 });
  await ensureNodeNetwork(place);
}
