/** What the end of an asynchronous invocation becomes: records for destinations, events for dead-letter targets. */
import assert from "node:assert/strict";
import test from "node:test";
import { encodeUtf8 } from "#base/utf8.ts";
import type { AsyncEnd, AsyncEvent } from "#functions/event-queue.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import { pushesOf } from "./destinations.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const BUS = "arn:aws:events:us-east-1:000000000000:event-bus/default";
const SOURCE = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST";

const event: AsyncEvent = {
  id: "r",
  namespace: "default",
  name: "f",
  payload: encodeUtf8('{"n":1}'),
  acceptedAtMs: 0,
  failures: 3,
  notBeforeMs: 0,
};

function result(payload: string, functionError?: "Unhandled"): InvokeResult {
  const common = { status: 200, executedVersion: "$LATEST", isCold: false, requestId: "r" } as const;
  return { ...common, payload: encodeUtf8(payload), ...(functionError !== undefined && { functionError }) };
}

const failed: AsyncEnd = {
  condition: "RetriesExhausted",
  attempts: 3,
  result: result('{"errorMessage":"no","errorType":"Error"}', "Unhandled"),
};
const done: AsyncEnd = { condition: "Success", attempts: 1, result: result('"ok"') };

function pushes(end: AsyncEnd, config: Parameters<typeof pushesOf>[2]["config"], letter?: string) {
  return pushesOf(event, end, { config, letter, source: SOURCE, timestamp: "2026-11-27T00:00:00.000Z" });
}

test("a success goes to its destination as a record", () => {
  const [push] = pushes(done, { onSuccess: QUEUE, onFailure: `${QUEUE}f` });
  assert.equal(push?.target, QUEUE);
  assert.deepEqual(JSON.parse(push?.payload ?? ""), {
    version: "1.0",
    timestamp: "2026-11-27T00:00:00.000Z",
    requestContext: { requestId: "r", functionArn: SOURCE, condition: "Success", approximateInvokeCount: 1 },
    requestPayload: { n: 1 },
    responseContext: { statusCode: 200, executedVersion: "$LATEST" },
    responsePayload: "ok",
  });
});

test("a failure goes to its destination and, the event itself, to the dead-letter target", () => {
  const [record, letter] = pushes(failed, { onFailure: BUS }, QUEUE);
  assert.deepEqual(record?.event, {
    source: "lambda",
    type: "Lambda Function Invocation Result - Failure",
    resources: [BUS, SOURCE],
  });
  const { responseContext } = JSON.parse(record?.payload ?? "") as { readonly responseContext: unknown };
  assert.deepEqual(responseContext, { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" });
  assert.deepEqual([letter?.target, letter?.payload], [QUEUE, '{"n":1}']);
  assert.deepEqual(letter?.attributes, {
    RequestID: { type: "String", value: "r" },
    ErrorCode: { type: "Number", value: "200" },
    ErrorMessage: { type: "String", value: "no" },
  });
});

const silent = [
  ["a success without a destination", done, { onFailure: QUEUE }],
  ["a destination that was taken away", done, { onSuccess: "" }],
  ["a function that is gone", { condition: "Success", attempts: 1 }, { onSuccess: QUEUE }],
] as const;
for (const [title, end, config] of silent)
  test(`nothing is sent for ${title}`, () => assert.deepEqual(pushes(end, config, QUEUE), []));

test("an event that became too old had no result", () => {
  const [record] = pushes({ condition: "EventAgeExceeded", attempts: 0 }, { onFailure: QUEUE });
  const { responseContext, requestContext } = JSON.parse(record?.payload ?? "") as Record<
    string,
    Record<string, unknown>
  >;
  assert.deepEqual([responseContext, requestContext?.["condition"]], [undefined, "EventAgeExceeded"]);
});
