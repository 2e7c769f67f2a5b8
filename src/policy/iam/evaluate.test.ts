/** The evaluation logic over identity, resource, boundary and session policies, in one account and across two. */
import assert from "node:assert/strict";
import test from "node:test";
import { readPolicy, type PolicyKind } from "./document.ts";
import { evaluate, type NamedPolicy, type Policies, type Verdict } from "./evaluate.ts";
import type { Principal } from "./principal.ts";
import { denialSentence } from "./sentence.ts";

const OWN = "111111111111";
const OTHER = "222222222222";
const ANN: Principal = { is: "user", accountId: OWN, arn: `arn:aws:iam::${OWN}:user/ann`, id: "AIDAANN" };
const SESSION: Principal = {
  is: "session",
  accountId: OWN,
  arn: `arn:aws:sts::${OWN}:assumed-role/worker/one`,
  roleArn: `arn:aws:iam::${OWN}:role/worker`,
  roleId: "AROAWORKER",
};
const SNS: Principal = { is: "service", name: "sns.amazonaws.com" };
const QUEUE = `arn:aws:sqs:us-east-1:${OWN}:jobs`;
const FOREIGN = `arn:aws:sqs:us-east-1:${OTHER}:jobs`;

type Said = Readonly<Record<string, unknown>>;
const allow = (said: Said = {}): Said => ({ Effect: "Allow", Action: "sqs:*", Resource: "*", ...said });
const deny = (said: Said = {}): Said => ({ Effect: "Deny", Action: "sqs:*", Resource: "*", ...said });
const to = (Principal: unknown, said: Said = {}): Said => allow({ Principal, ...said });

interface Case {
  readonly title: string;
  readonly principal?: Principal;
  readonly resource?: string;
  readonly action?: string;
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  readonly identity?: readonly Said[];
  readonly boundary?: readonly Said[];
  readonly session?: readonly Said[];
  readonly policy?: readonly Said[];
  readonly ids?: Readonly<Record<string, string>>;
  readonly isDecisive?: true;
  readonly verdict: string;
}

const cases: readonly Case[] = [
  { title: "nothing is allowed by nobody", verdict: "no identity-based" },
  { title: "an identity policy allows", identity: [allow()], verdict: "allowed by identity-based" },
  { title: "a denial goes before", identity: [allow(), deny({ Action: "*" })], verdict: "denied by identity-based" },
  { title: "another action", identity: [allow({ Action: "sqs:Receive*" })], verdict: "no identity-based" },
  {
    title: "names of actions know no case",
    identity: [allow({ Action: "SQS:sendmessage" })],
    verdict: "allowed by identity-based",
  },
  { title: "another resource", identity: [allow({ Resource: `${QUEUE}2` })], verdict: "no identity-based" },
  {
    title: "names of resources know case",
    identity: [allow({ Resource: QUEUE.replace("jobs", "Jobs") })],
    verdict: "no identity-based",
  },
  {
    title: "NotAction is all others",
    identity: [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }],
    verdict: "allowed by identity-based",
  },
  {
    title: "NotAction is not these",
    identity: [{ Effect: "Allow", NotAction: "sqs:*", Resource: "*" }],
    verdict: "no identity-based",
  },
  {
    title: "NotResource is all others",
    identity: [{ Effect: "Allow", Action: "sqs:*", NotResource: `${QUEUE}-secret` }],
    verdict: "allowed by identity-based",
  },
  {
    title: "a denial of all but these",
    identity: [allow(), { Effect: "Deny", Action: "*", NotResource: "arn:aws:s3:::x" }],
    verdict: "denied by identity-based",
  },
  {
    title: "a variable without a value allows nothing",
    identity: [allow({ Resource: `arn:aws:sqs:*:*:\${aws:PrincipalTag/team}*` })],
    verdict: "no identity-based",
  },
  {
    title: "a variable without a value does not widen NotResource",
    identity: [{ Effect: "Allow", Action: "*", NotResource: "arn:aws:sqs:*:*:${aws:PrincipalTag/team}" }],
    verdict: "no identity-based",
  },
  {
    title: "a variable without a value does not take a denial away",
    identity: [allow(), { Effect: "Deny", Action: "*", NotResource: "arn:aws:sqs:*:*:${aws:PrincipalTag/team}" }],
    verdict: "denied by identity-based",
  },
  {
    title: "a variable's default",
    identity: [allow({ Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/team, 'jobs'}" })],
    verdict: "allowed by identity-based",
  },
  {
    title: "what fills a variable has no wildcards",
    identity: [allow({ Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/team}" })],
    keys: { "aws:principaltag/team": ["*"] },
    verdict: "no identity-based",
  },
  {
    title: "a boundary must allow as well",
    identity: [allow()],
    boundary: [allow({ Action: "sqs:Receive*" })],
    verdict: "no boundary",
  },
  { title: "a boundary alone allows nothing", boundary: [allow()], verdict: "no identity-based" },
  {
    title: "a boundary denies",
    identity: [allow()],
    boundary: [allow(), deny()],
    verdict: "denied by boundary",
  },
  {
    title: "a session policy must allow as well",
    principal: SESSION,
    identity: [allow()],
    session: [allow({ Action: "s3:*" })],
    verdict: "no session",
  },
  {
    title: "a session policy alone allows nothing",
    principal: SESSION,
    session: [allow()],
    verdict: "no identity-based",
  },
  {
    title: "an empty session allows nothing",
    identity: [allow()],
    session: [deny({ Action: "s3:*" })],
    verdict: "no session",
  },
  { title: "a queue lets a user in", policy: [to({ AWS: ANN.arn })], verdict: "allowed by resource-based" },
  {
    title: "a user that is named passes his boundary",
    policy: [to({ AWS: ANN.arn })],
    boundary: [allow({ Action: "s3:*" })],
    verdict: "allowed by resource-based",
  },
  {
    title: "and not its denial",
    policy: [to({ AWS: ANN.arn })],
    boundary: [deny()],
    verdict: "denied by boundary",
  },
  {
    title: "a role that is named does not pass its boundary",
    principal: SESSION,
    policy: [to({ AWS: SESSION.roleArn })],
    boundary: [allow({ Action: "s3:*" })],
    verdict: "no boundary",
  },
  {
    title: "a session that is named does",
    principal: SESSION,
    policy: [to({ AWS: SESSION.arn })],
    session: [allow({ Action: "s3:*" })],
    verdict: "allowed by resource-based",
  },
  {
    title: "a role that is named does not pass the session's policy",
    principal: SESSION,
    policy: [to({ AWS: SESSION.roleArn })],
    session: [allow({ Action: "s3:*" })],
    verdict: "no session",
  },
  { title: "everybody", policy: [to("*")], verdict: "allowed by resource-based" },
  { title: "the own account leaves it to its policies", policy: [to({ AWS: OWN })], verdict: "no identity-based" },
  {
    title: "an id of another who had the name",
    policy: [to({ AWS: ANN.arn })],
    ids: { [ANN.arn]: "AIDAOLD" },
    verdict: "no identity-based",
  },
  {
    title: "a queue denies whom a policy allows",
    identity: [allow()],
    policy: [deny({ Principal: "*" })],
    verdict: "denied by resource-based",
  },
  {
    title: "a denial of all but a user spares the user",
    identity: [allow()],
    policy: [deny({ NotPrincipal: { AWS: [ANN.arn] } })],
    verdict: "allowed by identity-based",
  },
  {
    title: "a denial of all but the account spares nobody by that",
    identity: [allow()],
    policy: [deny({ NotPrincipal: { AWS: [OWN] } })],
    verdict: "denied by resource-based",
  },
  {
    title: "another account's queue needs its own word",
    resource: FOREIGN,
    identity: [allow()],
    verdict: "no resource-based",
  },
  {
    title: "and the caller's, too",
    resource: FOREIGN,
    policy: [to({ AWS: ANN.arn })],
    verdict: "no identity-based",
  },
  {
    title: "both",
    resource: FOREIGN,
    identity: [allow()],
    policy: [to({ AWS: OWN })],
    verdict: "allowed by identity-based",
  },
  {
    title: "a service that is named",
    principal: SNS,
    policy: [to({ Service: "sns.amazonaws.com" })],
    verdict: "allowed by resource-based",
  },
  {
    title: "a service that is not",
    principal: SNS,
    policy: [to({ Service: "s3.amazonaws.com" })],
    verdict: "no resource-based",
  },
  {
    title: "a service for another's account (confused deputy)",
    principal: SNS,
    policy: [to({ Service: "sns.amazonaws.com" }, { Condition: { StringEquals: { "aws:SourceAccount": OWN } } })],
    keys: { "aws:sourceaccount": [OTHER] },
    verdict: "no resource-based",
  },
  {
    title: "a stranger, where everybody may",
    principal: { is: "anybody" },
    policy: [to("*")],
    verdict: "allowed by resource-based",
  },
  {
    title: "a stranger, where accounts may",
    principal: { is: "anybody" },
    policy: [to({ AWS: OWN })],
    verdict: "no resource-based",
  },
  {
    title: "a trust policy decides",
    identity: [allow()],
    policy: [to({ AWS: OTHER })],
    isDecisive: true,
    verdict: "no resource-based",
  },
  {
    title: "a trust in the account leaves it to its policies",
    identity: [allow()],
    policy: [to({ AWS: OWN })],
    isDecisive: true,
    verdict: "allowed by identity-based",
  },
];

function named(name: string, statements: readonly Said[] | undefined, kind: PolicyKind, ids = {}): NamedPolicy | null {
  if (statements === undefined) return null;
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return { name, policy: readPolicy(text, { kind, ids: new Map(Object.entries(ids)) }) };
}

function brief(verdict: Verdict): string {
  return verdict.is === "missing" ? `no ${verdict.type}` : `${verdict.is} by ${verdict.by.type}`;
}

for (const { title, principal = ANN, resource = QUEUE, action = "sqs:SendMessage", keys = {}, ...said } of cases) {
  test(`${title}: ${said.verdict}`, () => {
    const session = named("session", said.session, "identity");
    const policies: Policies = {
      identity: [named("own", said.identity, "identity")].filter((one) => one !== null),
      boundary: named("boundary", said.boundary, "identity"),
      session: session === null ? null : [session],
      resource: named("queue", said.policy, "resource", said.ids),
      ...(said.isDecisive && { isResourceDecisive: said.isDecisive }),
    };
    const find = (key: string): readonly string[] | undefined => new Map(Object.entries(keys)).get(key);
    const verdict = evaluate({ principal, action, resource, accountId: OWN, find }, policies);
    assert.equal(brief(verdict), said.verdict);
  });
}

const sentences: readonly (readonly [boundary: readonly Said[], sentence: string])[] = [
  [[], "because no permissions boundary allows the sqs:SendMessage action"],
  [[deny()], "with an explicit deny in a permissions boundary"],
];
for (const [boundary, sentence] of sentences) {
  test(`AWS says: ${sentence}`, () => {
    const none: Said = { Effect: "Allow", Action: "s3:*", Resource: "*" };
    const verdict = evaluate(
      { principal: ANN, action: "sqs:SendMessage", resource: QUEUE, accountId: OWN, find: () => undefined },
      {
        identity: [named("own", [allow()], "identity")].filter((one) => one !== null),
        boundary: named("boundary", [none, ...boundary], "identity"),
        session: null,
        resource: null,
      },
    );
    assert.ok(verdict.is !== "allowed");
    assert.equal(
      denialSentence(ANN.arn, { action: "sqs:SendMessage", resource: QUEUE }, verdict),
      `User: ${ANN.arn} is not authorized to perform: sqs:SendMessage on resource: ${QUEUE} ${sentence}`,
    );
  });
}
