/** What becomes of a batch of a stream: done, again from where it failed, in halves, or given up. */
import assert from "node:assert/strict";
import test from "node:test";
import type { OrderedReading } from "#kinds/catamaran/event-source-mapping.ts";
import type { Outcome } from "./batch.ts";
import type { OrderedRecord } from "./event-source.ts";
import { afterBatch, laneOf, type Verdict, withoutOld } from "./stream-batch.ts";

const records = [1, 2, 3, 4].map((sequence): OrderedRecord => {
  const id = String(sequence);
  return { sequence, id, key: id, atMs: sequence * 1_000, shown: {} };
});
const failed: Outcome = { is: "failed" };
const done = (...ids: readonly string[]): Outcome => ({ is: "done", failedIds: new Set(ids) });

function brief({ left, givenUp }: Verdict): string {
  const shown = (of: readonly OrderedRecord[]): string => of.map(({ id }) => id).join("");
  const again = left.map((attempt) => `${shown(attempt.records)}x${attempt.attempts}`).join(" ");
  return givenUp === undefined ? again : `${again}!${shown(givenUp.records)} ${givenUp.because}`;
}

const cases: readonly (readonly [
  title: string,
  outcome: Outcome,
  attempts: number,
  reading: Partial<OrderedReading>,
  verdict: string,
])[] = [
  ["done", done(), 0, {}, ""],
  ["failed, to be tried for ever", failed, 7, {}, "1234x8"],
  ["failed, with a try left", failed, 1, { maximumRetryAttempts: 2 }, "1234x2"],
  ["failed, without a try left", failed, 2, { maximumRetryAttempts: 2 }, "!1234 RetryAttemptsExhausted"],
  ["failed, never to be tried again", failed, 0, { maximumRetryAttempts: 0 }, "!1234 RetryAttemptsExhausted"],
  ["failed, to be tried in halves", failed, 0, { bisectOnError: true, maximumRetryAttempts: 0 }, "12x0 34x0"],
  ["failed from the third on", done("4", "3"), 0, {}, "34x1"],
  ["failed from the first on", done("1"), 1, { maximumRetryAttempts: 1 }, "!1234 RetryAttemptsExhausted"],
  ["failed from the first on, in halves", done("1"), 0, { bisectOnError: true }, "12x0 34x0"],
];
for (const [title, outcome, attempts, reading, verdict] of cases)
  test(`a batch that is ${title}: ${verdict === "" ? "nothing is left" : verdict}`, () => {
    const options = { startingPosition: "LATEST", ...reading } as const;
    assert.equal(brief(afterBatch({ records, attempts }, outcome, options)), verdict);
  });

test("records that are too old are given up, and the others go on", () => {
  const reading = { startingPosition: "LATEST", maximumRecordAgeSeconds: 60 } as const;
  assert.equal(brief(withoutOld({ records, attempts: 2 }, reading, 62_500)), "34x2!12 MaximumRecordAgeExceeded");
  assert.equal(brief(withoutOld({ records, attempts: 2 }, { startingPosition: "LATEST" }, 1e12)), "1234x2");
});

test("all records of a key go to one reader", () => {
  for (const key of ["a", "b", '{"p":{"S":"x"}}']) {
    assert.equal(laneOf(key, 1), 0);
    assert.ok(laneOf(key, 7) >= 0 && laneOf(key, 7) < 7);
    assert.equal(laneOf(key, 7), laneOf(key, 7));
  }
});
