/** Runs every attack from inside a test's network, one after the other, while an unrelated client asks each door; prints a line of JSON for each. */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { ask, signed } from "./attack-clients.ts";
import { attacks, type Target } from "./attack-list.ts";

export interface Outcome {
  readonly title: string;
  readonly got: string;
  readonly isRight: boolean;
  readonly tookMs: number;
  /** What the unrelated client's longest and failed questions were meanwhile. */
  readonly othersMaxMs: number;
  readonly othersFailed: number;
}

const PROBE_EVERY_MS = 20;

const variable = (name: string): string => process.env[name] ?? "";
const target: Target = {
  kube: { ...readKubeconfig(readFileSync(variable("KUBECONFIG"), "utf8")), agent: new Agent({ keepAlive: true }) },
  aws: {
    endpoint: variable("AWS_ENDPOINT_URL"),
    accessKeyId: variable("AWS_ACCESS_KEY_ID"),
    secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
  },
  gateway: variable("CATAMARAN_GATEWAY"),
};

/** Whoever else uses the platform: a get, an identity, and a path that nobody serves. */
const questions = [
  async () =>
    (await ask(target.kube.server, { method: "GET", path: "/api/v1/namespaces/default" }, target.kube)).status === 200,
  async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=GetCallerIdentity&Version=2011-06-15";
    return (await signed(target.aws, "sts", { method: "POST", path: "/", headers, body })).status === 200;
  },
  async () => (await ask(target.gateway, { method: "GET", path: "/nobody" })).status === 404,
];

async function others(stop: AbortSignal): Promise<{ readonly maxMs: number; readonly failed: number }> {
  let [maxMs, failed] = [0, 0];
  const asking = questions.map(async (question) => {
    while (!stop.aborted) {
      const startedAt = performance.now();
      if (!(await question())) failed++;
      maxMs = Math.max(maxMs, performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
  });
  await Promise.all(asking);
  return { maxMs, failed };
}

for (const { title, run, want } of attacks) {
  const over = new AbortController();
  const asked = others(over.signal);
  const startedAt = performance.now();
  const got = await run(target);
  const tookMs = performance.now() - startedAt;
  over.abort();
  const { maxMs, failed } = await asked;
  const outcome: Outcome = {
    title,
    got: got.slice(0, 400),
    isRight: want.test(got),
    tookMs: Math.round(tookMs),
    othersMaxMs: Math.round(maxMs),
    othersFailed: failed,
  };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
process.exit(0);
