/** Waits and ends of retries, as SNS and EventBridge document them. */
import assert from "node:assert/strict";
import test from "node:test";
import type { RetryPolicy } from "#managed/push.ts";
import { afterFailure, PATIENT, waitMs } from "./retry.ts";

const patient = [
  [1, 0],
  [3, 0],
  [4, 1_000],
  [5, 1_000],
  [6, 1_000],
  [7, 2_000],
  [11, 20_000],
  [15, 20_000],
  [16, 20_000],
  [200_000, 20_000],
] as const;
for (const [retry, ms] of patient)
  test(`before retry ${retry} an endpoint of the platform's own is left alone for ${ms} ms`, () =>
    assert.equal(waitMs(PATIENT.phases, retry), ms));

const growths = [
  ["linear", [20, 40, 60]],
  ["geometric", [20, Math.sqrt(1_200), 60]],
  ["exponential", [20, 40, 60]],
] as const;
for (const [growth, waits] of growths)
  test(`three waits of ${growth} growth from 20 to 60`, () => {
    const phase = { times: 3, fromMs: 20, toMs: 60, growth };
    for (const [at, wait] of waits.entries()) assert.ok(Math.abs(waitMs([phase], at + 1) - wait) < 1e-6);
  });

test("arithmetic waits begin and end as the others and grow faster towards the end", () => {
  const phase = { times: 5, fromMs: 0, toMs: 100, growth: "arithmetic" } as const;
  const waits = [1, 2, 3, 4, 5].map((retry) => waitMs([phase], retry));
  assert.deepEqual([waits[0], waits.at(-1)], [0, 100]);
  const steps = waits.slice(1).map((wait, at) => wait - (waits[at] ?? 0));
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
});

const policy: RetryPolicy = {
  retries: 2,
  maxAgeMs: 1_000,
  phases: [{ times: 1, fromMs: 100, toMs: 100, growth: "linear" }],
};
const ends = [
  ["the first failure", { attempts: 1, now: 0 }, { is: "again", atMs: 100 }],
  ["the last that may be tried again", { attempts: 2, now: 900 }, { is: "again", atMs: 1_000 }],
  ["one more", { attempts: 3, now: 0 }, { is: "over", because: "MaximumRetryAttempts" }],
  ["one that would be too old", { attempts: 1, now: 901 }, { is: "over", because: "MaximumEventAgeInSeconds" }],
] as const;
for (const [title, { attempts, now }, next] of ends)
  test(`after ${title}`, () => assert.deepEqual(afterFailure(policy, { attempts, acceptedAtMs: 0 }, now, 0), next));
