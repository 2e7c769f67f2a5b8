/** What is an ARN, and what stands in it. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseArn } from "./arn.ts";

const cases = [
  ["arn:aws:sqs:us-east-1:000000000000:jobs", { service: "sqs", accountId: "000000000000", resource: "jobs" }],
  ["arn:aws:lambda:us-east-1:1:function:f:live", { service: "lambda", accountId: "1", resource: "function:f:live" }],
  ["arn:aws:s3:::bucket/key:with:colons", { service: "s3", accountId: "", resource: "bucket/key:with:colons" }],
  ["arn:aws-cn:events:cn-north-1:1:rule/bus/r", { service: "events", accountId: "1", resource: "rule/bus/r" }],
  ["arn:aws:sqs:us-east-1", null],
  ["arn:aws:sqs:us-east-1:1:", null],
  ["jobs", null],
] as const;

for (const [text, wanted] of cases) {
  test(`${text} is ${wanted === null ? "no ARN" : `of ${wanted.service}`}`, () => {
    const arn = parseArn(text);
    if (wanted === null || arn === null) return assert.equal(arn, wanted);
    const { service, accountId, resource } = arn;
    assert.deepEqual({ service, accountId, resource }, wanted);
  });
}
