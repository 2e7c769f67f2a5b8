/** What an answer says of a batch (Lambda Developer Guide, "Success and failure conditions" of partial batch responses). */
import assert from "node:assert/strict";
import test from "node:test";
import { encodeUtf8 } from "#base/utf8.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import { outcomeOf } from "./batch.ts";

const IDS = new Set(["a", "b"]);

function answer(payload: string, functionError?: "Unhandled"): InvokeResult {
  return {
    status: 200,
    payload: encodeUtf8(payload),
    executedVersion: "$LATEST",
    isCold: false,
    requestId: "r",
    ...(functionError !== undefined && { functionError }),
  };
}

const cases: readonly (readonly [title: string, payload: string, failed: readonly string[] | "all"])[] = [
  ["nothing", "", []],
  ["null", "null", []],
  ["an object without failures", "{}", []],
  ["null failures", '{"batchItemFailures":null}', []],
  ["no failures", '{"batchItemFailures":[]}', []],
  ["one failure", '{"batchItemFailures":[{"itemIdentifier":"b"}]}', ["b"]],
  ["an id that was not in the batch", '{"batchItemFailures":[{"itemIdentifier":"c"}]}', "all"],
  ["an empty id", '{"batchItemFailures":[{"itemIdentifier":""}]}', "all"],
  ["a wrong key", '{"batchItemFailures":[{"id":"a"}]}', "all"],
  ["failures that are no list", '{"batchItemFailures":"a"}', "all"],
  ["a list", "[]", "all"],
  ["no JSON", "oops", "all"],
];
for (const [title, payload, failed] of cases) {
  test(`with reports, ${title} means ${failed === "all" ? "that all failed" : `that [${failed.join()}] failed`}`, () => {
    const outcome = outcomeOf(answer(payload), IDS, true);
    assert.deepEqual(outcome.is === "failed" ? "all" : [...outcome.failedIds], failed);
  });
}

test("without reports the answer does not matter, an error does", () => {
  assert.deepEqual(outcomeOf(answer('{"batchItemFailures":[{"itemIdentifier":"a"}]}'), IDS, false), {
    is: "done",
    failedIds: new Set(),
  });
  assert.deepEqual(outcomeOf(answer("{}", "Unhandled"), IDS, true), { is: "failed" });
});
