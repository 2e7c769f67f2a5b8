/** Function URLs without signatures: open by a statement for everybody, and by nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import { isOpen } from "./url-policy.ts";

const PLACE = { accountId: "000000000000", region: "us-east-1" };
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:f";
const OPEN = {
  Sid: "url",
  Effect: "Allow",
  Principal: "*",
  Action: "lambda:InvokeFunctionUrl",
  Resource: ARN,
  Condition: { StringEquals: { "lambda:FunctionUrlAuthType": "NONE" } },
};

function withPolicy(policy: string | undefined): FunctionObject {
  return {
    metadata: { name: "f", namespace: "default" },
    spec: {
      runtime: "nodejs24.x",
      handler: "a.b",
      code: { sha256: "x", size: 1 },
      ...(policy !== undefined && { policy }),
    },
  };
}

const policyOf = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: statements });

const cases: readonly (readonly [title: string, policy: string | undefined, isOpen: boolean])[] = [
  ["no policy", undefined, false],
  ["the statement that AWS's tools add", policyOf(OPEN), true],
  [
    "a statement for signed requests",
    policyOf({ ...OPEN, Condition: { StringEquals: { "lambda:FunctionUrlAuthType": "AWS_IAM" } } }),
    false,
  ],
  ["a statement for one account", policyOf({ ...OPEN, Principal: { AWS: "arn:aws:iam::111111111111:root" } }), false],
  ["a statement for another action", policyOf({ ...OPEN, Action: "lambda:InvokeFunction" }), false],
  ["a statement about another function", policyOf({ ...OPEN, Resource: `${ARN}x` }), false],
  ["a denial beside it", policyOf(OPEN, { ...OPEN, Sid: "no", Effect: "Deny" }), false],
  ["what is no policy", "{", false],
];
for (const [title, policy, expected] of cases)
  test(`${title} leaves the URL ${expected ? "open" : "closed"}`, () =>
    assert.equal(isOpen(withPolicy(policy), PLACE), expected));

test("an alias has a policy of its own", () => {
  const alias = {
    metadata: { name: "f.live", namespace: "default" },
    spec: { function: "f", alias: "live", version: "1" },
  };
  assert.equal(
    isOpen({ ...alias, spec: { ...alias.spec, policy: policyOf({ ...OPEN, Resource: `${ARN}:live` }) } }, PLACE),
    true,
  );
  assert.equal(isOpen(alias, PLACE), false);
});
