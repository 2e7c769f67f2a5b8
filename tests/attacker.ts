/** Runs attacks from inside a test's network, one after the other, beside an unrelated client; prints a line of JSON for each. Words: control's process, "all" for the lasting ones, too. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { type Attack, attacks } from "./attack-list.ts";
import type { Noticed } from "./attack-bystander.ts";
import type { Doors } from "./attack-clients.ts";
import { floodAttacks, lastingFloodAttacks } from "./attack-floods.ts";
import { lastingSandboxAttacks, sandboxAttacks } from "./attack-sandboxes.ts";

export interface Outcome {
  readonly title: string;
  readonly got: string;
  readonly isRight: boolean;
  readonly tookMs: number;
  /** How the unrelated client was answered meanwhile. */
  readonly others: Noticed;
  /** What the control process holds when it is over, in MB. */
  readonly controlMb: number;
}

const [control = "", extent = "cheap", only = ""] = process.argv.slice(2);
const variable = (name: string): string => process.env[name] ?? "";
const doors: Doors = {
  kube: readKubeconfig(readFileSync(variable("KUBECONFIG"), "utf8")),
  aws: {
    endpoint: variable("AWS_ENDPOINT_URL"),
    accessKeyId: variable("AWS_ACCESS_KEY_ID"),
    secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
  },
  gateway: variable("CATAMARAN_GATEWAY"),
};
const attacked: Doors = { ...doors, kube: { ...doors.kube, agent: new Agent({ keepAlive: true }) } };
const bystander = new Worker(join(import.meta.dirname, "attack-bystander.ts"), { workerData: doors });
await once(bystander, "online");
// Of this thread alone: an attacker from elsewhere would take no time of this machine for his own work.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

function rest(seconds: number): Attack {
  return { title: `nothing at all for ${seconds} s`, want: /^$/, run: () => sleep(seconds * 1_000, "") };
}

const cheap = [rest(2), ...attacks, ...sandboxAttacks, ...floodAttacks];
const chosen = extent === "all" ? [...cheap, ...lastingSandboxAttacks, ...lastingFloodAttacks, rest(30)] : cheap;

function controlMb(): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${control}/status`, "utf8"))?.[1] ?? 0;
  return Math.round(Number(kib) / 1_000);
}

async function outcomeOf({ title, run, want }: Attack): Promise<Outcome> {
  bystander.postMessage("start");
  const startedAt = performance.now();
  const got = await run(attacked);
  const tookMs = Math.round(performance.now() - startedAt);
  const said = once(bystander, "message") as Promise<[Noticed]>;
  bystander.postMessage("stop");
  const [others] = await said;
  return { title, got: got.slice(0, 400), isRight: want.test(got), tookMs, others, controlMb: controlMb() };
}

for (const attack of chosen)
  if (attack.title.includes(only)) process.stdout.write(`${JSON.stringify(await outcomeOf(attack))}\n`);
process.exit(0);
