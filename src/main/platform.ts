/** A whole instance: prepares, starts the processes of every role in parallel, ends and cleans up. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { removeFabric } from "#network/fabric.ts";
import { enterNode, mountPin, removeNodeNetwork, removePins } from "#network/node-network.ts";
import { removeNode } from "#node/remove-node.ts";
import { launcherCommand } from "#sandboxes/launcher-command.ts";
import { type Instance, releaseNetwork } from "#instance/instance.ts";
import { childEnvironment, SMALL_NURSERY } from "./options.ts";
import { ownerFile, type Place } from "#instance/place.ts";
import { recordRoles } from "#instance/lock.ts";
import { files } from "#instance/files.ts";
import { networkOf, nodePlace } from "#instance/addresses.ts";
import { prepareNode } from "./prepare.ts";
import { tellRoster } from "#instance/roster.ts";
import { Supervisor } from "./supervisor.ts";

// What was killed a moment ago may still have made a file in a folder that is being emptied.
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;
const ENTRY = join(import.meta.dirname, "catamaran.ts");

// All roles together; a single one has less. A machine that is busy with eight other things needs a third of it.
const START_WITHIN_MS = 120_000;
const PROBE_WITHIN_MS = 2_000;

/** Told about each thing as it comes up. */
export type OnReady = (what: string) => void;

export class Platform {
  readonly instance: Instance;
  readonly #place: Place;
  readonly #supervisor: Supervisor;
  #starting: Promise<void> = Promise.resolve();
  #roster: AsyncDisposable | null = null;

  constructor(instance: Instance, place: Place, log: Log) {
    this.instance = instance;
    this.#place = place;
    this.#supervisor = new Supervisor(log, (pids) => {
      try {
        recordRoles(place, pids);
      } catch (thrown) {
        log.warn("the processes could not be recorded", { reason: reasonOf(thrown) });
      }
    });
  }

  /** Resolves when every role is ready; rejects with the cause when one does not get there, or none of them in time. */
  async start(onReady: OnReady): Promise<void> {
    this.#roster = await tellRoster(files.roster(this.instance), (withinMs) => this.#supervisor.ask(withinMs));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => void this.#tellLate(late.reject), START_WITHIN_MS);
    this.#starting = this.#startAll(onReady);
    await Promise.race([this.#starting, late.promise]).finally(() => clearTimeout(timer));
  }

  async #tellLate(reject: (fault: Fault) => void): Promise<void> {
    const states = await this.#supervisor.ask(PROBE_WITHIN_MS);
    const missing = states.filter(({ state }) => state !== "ready");
    const which = missing.map(({ name, state, cause }) => `${name} is ${state}${cause === null ? "" : ` (${cause})`}`);
    reject(
      new Fault(
        "Timeout",
        `the platform did not start within ${START_WITHIN_MS / 1_000} s: ${which.join("; ") || "a node was not prepared"}; logs are in ${files.roleLogs(this.instance)}`,
      ),
    );
  }

  /** What the roles need of each other they wait for themselves. */
  async #startAll(onReady: OnReady): Promise<void> {
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
      ...(instance.canIsolate && instance.nodes.length === 0 ? [this.#startLauncher()] : []),
    ]);
  }

  #role(name: string, ...more: readonly string[]): readonly string[] {
    return [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      SMALL_NURSERY,
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
      preload: join(import.meta.dirname, "answer-probes.ts"),
    });
    const [first] = instance.nodes;
    return this.#supervisor.start({
      name: "launcher",
      // Sandboxes have a network namespace of their own; without nodes the launcher needs none.
      command: [...(first === undefined ? [] : enterNode(nodePlace(instance, first))), file, ...args],
      environment: env,
      logFile: files.roleLog(instance, "launcher"),
      saysReady: false,
    });
  }

  /** Ends the processes, the pods and everything that was made on the machine; data stays. */
  async end(): Promise<void> {
    await this.#supervisor.end();
    // Namespaces that are still being made must be there to be removed.
    await this.#starting.catch(() => {});
    await this.#roster?.[Symbol.asyncDispose]();
    await cleanUp(this.instance, this.#place, { purge: false });
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
  await rm(instance.runDir, REMOVAL);
  await rm(ownerFile(place), { force: true });
  if (purge) await rm(instance.dataDir, REMOVAL);
}
