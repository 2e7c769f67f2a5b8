/** Attacks on the doors and the sandboxes of a whole platform: each gets its answer, and nobody else notices. CATAMARAN_ATTACKS=all runs the lasting ones, too. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { attack, openAttackStage } from "./attack-stage.ts";
import type { Outcome } from "./attacker.ts";
import { cannotRun, type Stage } from "./platform-stage.ts";

const skip = cannotRun("aws");
const extent = process.env["CATAMARAN_ATTACKS"] === "all" ? "all" : "cheap";

let stage: Stage;
const outcomes: Outcome[] = [];

before(
  async () => {
    if (skip !== false) return;
    stage = await openAttackStage("attacks");
    for await (const outcome of attack(stage, extent)) outcomes.push(outcome);
  },
  { timeout: 900_000 },
);
after(() => stage?.[Symbol.asyncDispose]());

test("every attack gets the answer that it should get", { skip }, (t) => {
  for (const { title, tookMs, others, controlMb } of outcomes)
    t.diagnostic(`${title}: ${tookMs} ms, everybody else at most ${others.maxMs} ms, control ${controlMb} MB`);
  const wrong = outcomes.filter(({ isRight }) => !isRight);
  assert.ok(outcomes.length > 60);
  assert.deepEqual(wrong, []);
});

test("nobody else's questions failed meanwhile", { skip }, () => {
  assert.deepEqual(
    outcomes.filter(({ others }) => others.failed.length > 0),
    [],
  );
});

test("no process of the platform was restarted", { skip }, async () => {
  const { out } = await stage.catamaran("status");
  assert.doesNotMatch(out, /restart/i, out);
});
