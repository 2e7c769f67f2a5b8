/** A silent role is hung; a supervisor that was away itself says nothing about anybody. */
import assert from "node:assert/strict";
import test from "node:test";
import { isHung, lookAt, type Pulse, PROBE_EVERY_MS, SILENT_AFTER_MS } from "./liveness.ts";

/** Looks every two seconds from `fromMs`, `looks` times. */
function lookOften(pulse: Pulse, looks: number): Pulse {
  let now = pulse.lookedAtMs;
  let seen = pulse;
  for (let look = 0; look < looks; look++) seen = lookAt(seen, (now += PROBE_EVERY_MS));
  return seen;
}

const start: Pulse = { answeredAtMs: 1_000, lookedAtMs: 1_000 };
const looksUntilSilent = Math.ceil(SILENT_AFTER_MS / PROBE_EVERY_MS);

const cases: readonly (readonly [title: string, pulse: Pulse, hung: boolean])[] = [
  ["silent for a moment", lookOften(start, 3), false],
  ["silent for long, while it was looked at", lookOften(start, looksUntilSilent + 1), true],
  ["a machine that stood still for an hour", lookAt(lookOften(start, 3), 3_600_000), false],
  ["silent for long after the machine stood still", lookOften(lookAt(start, 3_600_000), looksUntilSilent + 1), true],
  [
    "one late look on a busy machine forgives nothing",
    lookAt(lookOften(start, looksUntilSilent), 1_000 + PROBE_EVERY_MS * looksUntilSilent + 3_500),
    true,
  ],
];
for (const [title, pulse, hung] of cases)
  test(`${title}: ${hung ? "hung" : "not hung"}`, () => assert.equal(isHung(pulse), hung));
