/** An unrelated client in a thread of its own: asks each door and a function again and again from "start" to "stop", and tells how it was answered. */
import { Agent } from "node:https";
import { parentPort, workerData } from "node:worker_threads";
import { ask, type Doors, signed } from "./attack-clients.ts";

export interface Noticed {
  readonly medianMs: number;
  readonly maxMs: number;
  /** Which of the questions was answered the latest. */
  readonly latest: string;
  /** The questions that were not answered as they should be. */
  readonly failed: readonly string[];
}

const EVERY_MS = 20;

const { kube, aws, gateway } = workerData as Doors;
const client = { ...kube, agent: new Agent({ keepAlive: true }) };
const form = { "content-type": "application/x-www-form-urlencoded" };
const identity = { method: "POST", path: "/", headers: form, body: "Action=GetCallerIdentity&Version=2011-06-15" };
const neighbour = { method: "POST", path: "/2015-03-31/functions/probe/invocations", body: "{}" };

const questions: Readonly<Record<string, () => Promise<boolean>>> = {
  object: async () =>
    (await ask(kube.server, { method: "GET", path: "/api/v1/namespaces/default" }, client)).status === 200,
  identity: async () => (await signed(aws, "sts", identity)).status === 200,
  "unrouted path": async () => (await ask(gateway, { method: "GET", path: "/nobody" })).status === 404,
  function: async () => (await signed(aws, "lambda", neighbour)).status === 200,
};

async function noticeUntil(stop: AbortSignal): Promise<Noticed> {
  const tookMs: number[] = [];
  const failed: string[] = [];
  let [maxMs, latest] = [0, ""];
  const asking = Object.entries(questions).map(async ([name, question]) => {
    while (!stop.aborted) {
      const startedAt = performance.now();
      if (!(await question())) failed.push(name);
      const ms = performance.now() - startedAt;
      tookMs.push(ms);
      if (ms > maxMs) [maxMs, latest] = [ms, name];
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  });
  await Promise.all(asking);
  const medianMs = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0;
  return { medianMs: Math.round(medianMs), maxMs: Math.round(maxMs), latest, failed };
}

let over = new AbortController();
let noticed: Promise<Noticed> | null = null;
parentPort?.on("message", (word: "start" | "stop") => {
  if (word === "start") {
    over = new AbortController();
    noticed = noticeUntil(over.signal);
  } else {
    over.abort();
    void noticed?.then((said) => parentPort?.postMessage(said));
  }
});
