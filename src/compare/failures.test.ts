/** The words for failed requests and for a machine that was too small. */
import assert from "node:assert/strict";
import test from "node:test";
import { failureText, machineWarning } from "./failures.ts";
import { causeOf } from "./load.ts";

const causes: readonly (readonly [status: number, code: string | undefined, cause: string | null])[] = [
  [200, undefined, null],
  [404, undefined, null],
  [429, undefined, "throttled"],
  [500, undefined, "failed"],
  [502, undefined, "refused"],
  [503, undefined, "refused"],
  [504, undefined, "timed out"],
  [0, "ECONNREFUSED", "refused"],
  [0, "ETIMEDOUT", "timed out"],
  [0, "ECONNRESET", "broken"],
  [0, undefined, "broken"],
];
for (const [status, code, cause] of causes)
  test(`an answer ${status} ${code ?? ""} is ${cause ?? "no failure"}`, () =>
    assert.equal(causeOf(status, code), cause));

test("failures are told by their cause", () => {
  assert.equal(failureText({ failed: 0, causes: {} }), "0");
  assert.equal(
    failureText({ failed: 1_203, causes: { "timed out": 3, throttled: 1_200 } }),
    "1,203 (1,200 throttled, 3 timed out)",
  );
  assert.equal(failureText({ failed: 2 }), "2");
});

test("a machine that was the limit is told, one that was not is not", () => {
  const hull = { hull: "containers", requests: 1, failed: 0, coldStarts: 0, curve: [], failures: [] } as const;
  const latencyMs = { p50: 1, p95: 1, p99: 1, max: 1 };
  const told = (sendLateMsP99: number, machineBusy: number): string | null =>
    machineWarning({ hulls: [{ ...hull, latencyMs, sendLateMsP99 }], machineBusy });
  assert.equal(told(3, 0.5), null);
  assert.match(told(800, 0.5) ?? "", /sent 800 ms late/);
  assert.match(told(3, 0.99) ?? "", /busy 99 %/);
});
