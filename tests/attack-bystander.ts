/** An unrelated client in a thread of its own: asks each door again and again from "start" to "stop", and tells its longest and failed questions. */
import { Agent } from "node:https";
import { parentPort, workerData } from "node:worker_threads";
import { ask, type Doors, signed } from "./attack-clients.ts";

export interface Noticed {
  readonly maxMs: number;
  readonly failed: number;
}

const EVERY_MS = 20;

const { kube, aws, gateway } = workerData as Doors;
const client = { ...kube, agent: new Agent({ keepAlive: true }) };
const form = { "content-type": "application/x-www-form-urlencoded" };
const identity = { method: "POST", path: "/", headers: form, body: "Action=GetCallerIdentity&Version=2011-06-15" };

/** A get, an identity, and a path that nobody serves. */
const questions: readonly (() => Promise<boolean>)[] = [
  async () => (await ask(kube.server, { method: "GET", path: "/api/v1/namespaces/default" }, client)).status === 200,
  async () => (await signed(aws, "sts", identity)).status === 200,
  async () => (await ask(gateway, { method: "GET", path: "/nobody" })).status === 404,
];

async function noticeUntil(stop: AbortSignal): Promise<Noticed> {
  let [maxMs, failed] = [0, 0];
  const asking = questions.map(async (question) => {
    while (!stop.aborted) {
      const startedAt = performance.now();
      if (!(await question())) failed++;
      maxMs = Math.max(maxMs, performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  });
  await Promise.all(asking);
  return { maxMs: Math.round(maxMs), failed };
}

let over = new AbortController();
let noticed: Promise<Noticed> = Promise.resolve({ maxMs: 0, failed: 0 });
parentPort?.on("message", (word: "start" | "stop") => {
  if (word === "start") {
    over = new AbortController();
    noticed = noticeUntil(over.signal);
  } else {
    over.abort();
    void noticed.then((said) => parentPort?.postMessage(said));
  }
});
