/** Runs every attack from inside a test's network, one after the other, beside an unrelated client; prints a line of JSON for each. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { attacks } from "./attack-list.ts";
import type { Noticed } from "./attack-bystander.ts";
import type { Doors } from "./attack-clients.ts";

export interface Outcome {
  readonly title: string;
  readonly got: string;
  readonly isRight: boolean;
  readonly tookMs: number;
  /** What the unrelated client's longest and failed questions were meanwhile. */
  readonly othersMaxMs: number;
  readonly othersFailed: number;
}

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

for (const { title, run, want } of attacks) {
  bystander.postMessage("start");
  const startedAt = performance.now();
  const got = await run(attacked);
  const tookMs = Math.round(performance.now() - startedAt);
  const said = once(bystander, "message") as Promise<[Noticed]>;
  bystander.postMessage("stop");
  const [{ maxMs, failed }] = await said;
  const outcome: Outcome = {
    title,
    got: got.slice(0, 400),
    isRight: want.test(got),
    tookMs,
    othersMaxMs: maxMs,
    othersFailed: failed,
  };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
process.exit(0);
