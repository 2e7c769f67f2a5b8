/** A whole instance: prepares, starts the processes of every role in parallel, ends and cleans up. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { removeFabric } from "#network/fabric.ts";
import { enterNode, mountPin, removeNodeNetwork, removePins } from "#network/node-network.ts";
import { removeNode } from "#node/remove-node.ts";
import { launcherCommand } from "#sandboxes/launcher-command.ts";
import { type Instance, releaseNetwork } from "./instance.ts";
import { childEnvironment, ownerFile, type Place } from "./options.ts";
import { files, networkOf, nodePlace } from "./plan.ts";
import { prepareNode } from "./prepare.ts";
import { Supervisor } from "./supervisor.ts";

const ENTRY = join(import.meta.dirname, "catamaran.ts");

/** Told about each thing as it comes up. */
export type OnReady = (what: string) => void;

export class Platform {
  readonly instance: Instance;
  readonly #supervisor: Supervisor;

  constructor(instance: Instance, log: Log) {
    this.instance = instance;
    this.#supervisor = new Supervisor(log);
  }

  /** Resolves when every role is ready; what others need of each other they wait for themselves. */
  async start(onReady: OnReady): Promise<void> {
    const { instance } = this;
    const role = async (name: string, command: readonly string[], title: string): Promise<void> => {
      await this.#supervisor.start({
        name,
        command,
        environment: childEnvironment(),
        logFile: files.roleLog(instance, name),
        saysReady: true,
      });
      onReady(title);
    };
    // The doors need no node: they start while the nodes' namespaces are made.
    const node = async (name: string, isFirst: boolean): Promise<void> => {
      await prepareNode(instance, name);
      const command = [...enterNode(nodePlace(instance, name)), ...this.#role("node", "--node", name)];
      await Promise.all([role(name, command, `node ${name}`), ...(isFirst ? [this.#startLauncher()] : [])]);
    };
    await Promise.all([
      role(
        "control",
        this.#role("control"),
        `control plane (Kubernetes on ${instance.ports.kube}, AWS on ${instance.ports.aws})`,
      ),
      role("gateway", this.#role("gateway"), `gateway on ${instance.ports.gateway}`),
      ...instance.nodes.map((name, index) => node(name, index === 0)),
    ]);
  }

  #role(name: string, ...more: readonly string[]): readonly string[] {
    return [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      ENTRY,
      "run",
      name,
      "--data-dir",
      this.instance.dataDir,
      ...more,
    ];
  }

  async #startLauncher(): Promise<void> {
    const { instance } = this;
    await mkdir(files.launcher(instance), { recursive: true, mode: 0o711 });
    const { file, args, env } = launcherCommand({
      instance: instance.name,
      folder: files.launcher(instance),
      node: process.execPath,
    });
    const place = nodePlace(instance, instance.nodes[0] ?? "node-1");
    return this.#supervisor.start({
      name: "launcher",
      command: [...enterNode(place), file, ...args],
      environment: env,
      logFile: files.roleLog(instance, "launcher"),
      saysReady: false,
    });
  }

  pids(): Readonly<Record<string, number>> {
    return this.#supervisor.pids();
  }

  /** Ends the processes, the pods and everything that was made on the machine; data stays. */
  async end(place: Place): Promise<void> {
    await this.#supervisor.end();
    await cleanUp(this.instance, place, { purge: false });
  }
}

/** Takes away what an instance made on the machine, also after a crash. What is not there is fine. */
export async function cleanUp(instance: Instance, place: Place, { purge }: { readonly purge: boolean }): Promise<void> {
  if (instance.canRunPods) {
    for (const name of instance.nodes) {
      const node = nodePlace(instance, name);
      await removeNode({ instance: instance.name, node: name, mountPin: mountPin(node), nodeDir: node.nodeDir, purge });
      await removeNodeNetwork(node);
    }
    await removePins(instance.runDir);
    await removeFabric(networkOf(instance));
  }
  await releaseNetwork(place.runRoot, instance.name);
  await rm(instance.runDir, { recursive: true, force: true });
  await rm(ownerFile(place), { force: true });
  if (purge) await rm(instance.dataDir, { recursive: true, force: true });
}

interface Lock {
  readonly pid: number;
  /** Start time of the process in clock ticks, since numbers are used again. */
  readonly startedAt: string;
}

/** Who supervises the instance now; null when nobody does. */
export async function supervisorOf(place: Place): Promise<number | null> {
  try {
    const lock = JSON.parse(await readFile(lockFile(place), "utf8")) as Lock;
    return (await startTime(lock.pid)) === lock.startedAt ? lock.pid : null;
  } catch {
    // No lock, or a half-written one of a supervisor that died while it wrote.
    return null;
  }
}

/** Throws Conflict when this instance is up already, or its name belongs to an instance elsewhere that is. */
export async function takeLock(place: Place): Promise<void> {
  await refuseSecond(place);
  await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
  await mkdir(place.runRoot, { recursive: true, mode: 0o711 });
  await writeFile(ownerFile(place), JSON.stringify({ dataDir: place.dataDir }));
  await writeFile(
    lockFile(place),
    JSON.stringify({ pid: process.pid, startedAt: await startTime(process.pid) } satisfies Lock),
    { mode: 0o600 },
  );
}

export async function refuseSecond(place: Place): Promise<void> {
  const pid = await supervisorOf(place);
  if (pid !== null)
    throw new Fault(
      "Conflict",
      `instance "${place.name}" is up already (process ${pid}); end it with: catamaran down --name ${place.name}`,
    );
  const text = await readFile(ownerFile(place), "utf8").catch(() => null); // Nobody has the name.
  const dataDir = text === null ? place.dataDir : (JSON.parse(text) as { readonly dataDir: string }).dataDir;
  const other = dataDir === place.dataDir ? null : await supervisorOf({ ...place, dataDir });
  if (other !== null)
    throw new Fault(
      "Conflict",
      `the name "${place.name}" belongs to the instance in ${dataDir} (process ${other}); choose another one with --name`,
    );
}

function lockFile(place: Place): string {
  return join(place.dataDir, "supervisor.json");
}

async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The third and the 22nd field; the second is in parentheses and may hold spaces.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? "gone: only its parent has not noticed" : (fields[18] ?? "");
  } catch (thrown) {
    return `gone: ${reasonOf(thrown)}`;
  }
}
