/** What documents may say, and what IAM says of those that it refuses. */
import assert from "node:assert/strict";
import test from "node:test";
import { type PolicyKind, readPolicy } from "./document.ts";

const GOOD = { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" };
const TRUST = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
const whole = (...statements: readonly object[]): object => ({ Version: "2012-10-17", Statement: statements });
const but = (said: object): object => whole({ ...GOOD, ...said });
const trust = (said: object): object => whole({ ...TRUST, ...said });

const SYNTAX = "Syntax errors in policy.";
const refused: readonly (readonly [kind: PolicyKind, document: object | string, sentence: string])[] = [
  ["identity", "", SYNTAX],
  ["identity", "[]", SYNTAX],
  ["identity", "{", SYNTAX],
  ["identity", { Version: "2012-10-17" }, SYNTAX],
  ["identity", whole(), SYNTAX],
  ["identity", { Version: "2013-10-17", Statement: GOOD }, SYNTAX],
  ["identity", { Statement: GOOD }, "Policy document must be version 2012-10-17 or greater."],
  ["identity", { Version: "2008-10-17", Statement: GOOD }, "Policy document must be version 2012-10-17 or greater."],
  ["identity", { ...whole(GOOD), Extra: 1 }, SYNTAX],
  ["identity", but({ Extra: 1 }), SYNTAX],
  ["identity", but({ Effect: "allow" }), SYNTAX],
  ["identity", but({ Effect: undefined }), SYNTAX],
  ["identity", but({ NotAction: "a:b" }), SYNTAX],
  ["identity", but({ NotResource: "*" }), SYNTAX],
  ["identity", but({ Action: [1] }), SYNTAX],
  ["identity", but({ Condition: { StringEqual: { a: "b" } } }), SYNTAX],
  ["identity", but({ Condition: { StringEquals: { a: { b: "c" } } } }), SYNTAX],
  ["identity", but({ Condition: { DateLessThan: { a: "soon" } } }), "The policy failed legacy parsing"],
  ["identity", but({ Action: undefined }), "Policy statement must contain actions."],
  ["identity", but({ Action: [] }), "Policy statement must contain actions."],
  ["identity", but({ Resource: undefined }), "Policy statement must contain resources."],
  [
    "identity",
    but({ Action: "SendMessage" }),
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
  ],
  ["identity", but({ Action: "a:b:c" }), "Actions/Condition can contain only one colon."],
  ["identity", but({ Action: "a b:c" }), "Vendor a b is not valid"],
  ["identity", but({ Resource: "jobs" }), 'Resource jobs must be in ARN format or "*".'],
  ["identity", but({ Resource: "arn:gcp:sqs:::x" }), 'Partition "gcp" is not valid for resource "arn:gcp:sqs:::x".'],
  ["identity", but({ Resource: "arn:aws:sqs" }), "The policy failed legacy parsing"],
  ["identity", but({ Principal: "*" }), "Policy document should not specify a principal."],
  [
    "identity",
    whole({ ...GOOD, Sid: "a" }, { ...GOOD, Sid: "a" }),
    "Statement IDs (SID) in a single policy must be unique.",
  ],
  [
    "identity",
    but({ Sid: "a b" }),
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
  ],
  ["resource", but({}), SYNTAX],
  [
    "resource",
    but({ Principal: { AWS: "arn:aws:iam::111111111111:user/*" } }),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*"',
  ],
  ["resource", but({ Principal: { AWS: "ann" } }), 'Invalid principal in policy: "AWS":"ann"'],
  ["resource", but({ Principal: { Nobody: "x" } }), 'Invalid principal in policy: "Nobody":""'],
  ["resource", but({ Principal: {} }), 'Invalid principal in policy: "":""'],
  ["trust", trust({ Resource: "*" }), "Has prohibited field Resource."],
  ["trust", trust({ Action: "sqs:SendMessage" }), "AssumeRole policy may only specify STS AssumeRole actions."],
  [
    "trust",
    whole({ Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: "111111111111" } }),
    "Has prohibited field NotPrincipal.",
  ],
];
for (const [kind, document, sentence] of refused) {
  test(`of a policy (${kind}) ${JSON.stringify(document)} IAM says: ${sentence}`, () => {
    const text = typeof document === "string" ? document : JSON.stringify(document);
    assert.throws(() => readPolicy(text, { kind }), { name: "MalformedPolicy", message: sentence });
  });
}

const taken: readonly (readonly [kind: PolicyKind, document: object])[] = [
  ["identity", { Version: "2012-10-17", Id: "x", Statement: GOOD }],
  ["identity", but({ Action: ["*"], Resource: ["arn:aws:s3:::b/*", "arn:aws:logs:*:*:*"] })],
  ["identity", but({ Condition: { Bool: { "aws:SecureTransport": true }, NumericLessThan: { "s3:max-keys": 10 } } })],
  ["resource", { Statement: { ...GOOD, Principal: "*" } }],
  ["resource", but({ Sid: "any text", Principal: { AWS: ["111111111111", "arn:aws:iam::111111111111:root"] } })],
  ["trust", { Version: "2008-10-17", Statement: TRUST }],
  [
    "trust",
    trust({ Action: ["sts:AssumeRole", "sts:TagSession"], Principal: { Federated: "arn:aws:iam::1:oidc-provider/x" } }),
  ],
];
for (const [kind, document] of taken) {
  test(`a policy (${kind}) may be ${JSON.stringify(document)}`, () => {
    assert.equal(readPolicy(JSON.stringify(document), { kind }).statements.length, 1);
  });
}

test("before 2012-10-17 a variable is text", () => {
  const statement = { ...GOOD, Principal: "*", Resource: "arn:aws:s3:::${aws:username}" };
  const [old] = readPolicy(JSON.stringify({ Statement: statement }), { kind: "resource" }).statements;
  assert.equal(old?.resources.patterns[0]?.fixed?.[0]?.text, "arn:aws:s3:::${aws:username}");
});
