/** Sixty ways to get more rights than one was given, each with what stops it: by name, by trust, by passing on, by forging, by waiting. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { limits, statements } from "./iam-attack-policies.ts";
import {
  ACCOUNT,
  type Actor,
  type Attack,
  DENIED,
  LAMBDA,
  OWN,
  policy,
  PROVIDER,
  QUEUE,
  READ,
  roleName,
  SEND,
  stage,
  token,
  trust,
} from "./iam-stage.ts";

after(() => stage[Symbol.asyncDispose]());

const create = (role: string): readonly [string, Record<string, unknown>] => [
  "lambda:CreateFunction",
  { FunctionName: stage.name("fn"), Runtime: "nodejs24.x", Handler: "a.b", Role: role, Code: { ZipFile: "UEs=" } },
];

const trusts: readonly Attack[] = [
  [
    "a role that trusts another account",
    DENIED,
    async () =>
      (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: await stage.role(trust({ AWS: "111111111111" })),
        RoleSessionName: "session",
      }),
  ],
  [
    "a role that trusts, and no right to take it on",
    DENIED,
    async () =>
      (await stage.user(policy({ Action: "sqs:*" }))).does("sts:AssumeRole", {
        RoleArn: await stage.role(OWN),
        RoleSessionName: "session",
      }),
  ],
  [
    "a role for Lambda alone",
    DENIED,
    async () =>
      (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: await stage.role(LAMBDA),
        RoleSessionName: "session",
      }),
  ],
  [
    "a confused deputy without the external id",
    DENIED,
    async () => {
      const role = await stage.role(
        trust({ AWS: ACCOUNT }, { Condition: { StringEquals: { "sts:ExternalId": "42" } } }),
      );
      return (await stage.user(policy({}))).does("sts:AssumeRole", { RoleArn: role, RoleSessionName: "session" });
    },
  ],
  [
    "a confused deputy with another's external id",
    DENIED,
    async () => {
      const role = await stage.role(
        trust({ AWS: ACCOUNT }, { Condition: { StringEquals: { "sts:ExternalId": "42" } } }),
      );
      return (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: role,
        RoleSessionName: "session",
        ExternalId: "43",
      });
    },
  ],
  [
    "the name of a user who is gone",
    DENIED,
    async () => {
      const name = stage.name("gone");
      const first = await stage.user(null, {}, name);
      const role = await stage.role(trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/${name}` }));
      await stage.root.must("iam:DeleteAccessKey", { UserName: name, AccessKeyId: first.key.accessKeyId });
      await stage.root.must("iam:DeleteUser", { UserName: name });
      const second = await stage.user(null, {}, name);
      return second.does("sts:AssumeRole", { RoleArn: role, RoleSessionName: "session" });
    },
  ],
  [
    "a trust in a part of a name",
    /^MalformedPolicyDocument$/,
    async () =>
      stage.root.does("iam:CreateRole", {
        RoleName: stage.name("r"),
        AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/a*` }),
      }),
  ],
  [
    "everybody but one is trusted",
    /^MalformedPolicyDocument$/,
    async () => {
      const statement = { Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: ACCOUNT } };
      const document = JSON.stringify({ Version: "2012-10-17", Statement: statement });
      return stage.root.does("iam:CreateRole", { RoleName: stage.name("r"), AssumeRolePolicyDocument: document });
    },
  ],
  [
    "tags on a session that may have none",
    DENIED,
    async () =>
      (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: await stage.role(OWN),
        RoleSessionName: "session",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "admin",
      }),
  ],
  [
    "a role that was made up, by who has rights to assume all",
    DENIED,
    async () =>
      (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/made-up`,
        RoleSessionName: "session",
      }),
  ],
  [
    "a role of another account",
    DENIED,
    async () =>
      (await stage.user(policy({}))).does("sts:AssumeRole", {
        RoleArn: "arn:aws:iam::111111111111:role/admin",
        RoleSessionName: "session",
      }),
  ],
  [
    "web identity of a foreign issuer",
    /^InvalidIdentityToken$/,
    async () => stage.web({ RoleArn: await web(), WebIdentityToken: token({ iss: "https://evil.example" }) }),
  ],
  [
    "web identity of a foreign issuer that is registered, and cannot prove",
    /^InvalidIdentityToken$/,
    async () => {
      await stage.root.must("iam:CreateOpenIDConnectProvider", { Url: "https://other.example" });
      return stage.web({ RoleArn: await web(), WebIdentityToken: token({ iss: "https://other.example" }) });
    },
  ],
  [
    "web identity that is forged",
    /^InvalidIdentityToken$/,
    async () => stage.web({ RoleArn: await web(), WebIdentityToken: token({}, "forged") }),
  ],
  [
    "web identity for somebody else",
    /^InvalidIdentityToken$/,
    async () => stage.web({ RoleArn: await web(), WebIdentityToken: token({ aud: ["vault"] }) }),
  ],
  [
    "web identity of another service account",
    DENIED,
    async () =>
      stage.web({ RoleArn: await web(), WebIdentityToken: token({ sub: "system:serviceaccount:default:other" }) }),
  ],
  [
    "web identity for a role that was made up",
    DENIED,
    async () => stage.web({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/none`, WebIdentityToken: token({}) }),
  ],
];

/** A role for one service account. */
function web(): Promise<string> {
  const equals = { "kubernetes.default.svc.cluster.local:sub": "system:serviceaccount:default:app" };
  const said = { Action: "sts:AssumeRoleWithWebIdentity", Condition: { StringEquals: equals } };
  return stage.role(trust({ Federated: PROVIDER }, said));
}

const passing: readonly Attack[] = [
  [
    "a role with more rights for an own function",
    DENIED,
    async () => (await stage.user(policy({ Action: "lambda:*" }))).does(...create(await stage.role(LAMBDA))),
  ],
  [
    "a role that is passed to another service",
    DENIED,
    async () =>
      (
        await stage.user(
          policy(
            { Action: "lambda:*" },
            { Action: "iam:PassRole", Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } } },
          ),
        )
      ).does(...create(await stage.role(LAMBDA))),
  ],
  [
    "a role that does not let Lambda in",
    /^InvalidParameterValueException$/,
    async () => stage.root.does(...create(await stage.role(OWN))),
  ],
  [
    "a role that was made up, which would do everything",
    /^InvalidParameterValueException$/,
    async () => (await stage.user(policy({}))).does(...create(`arn:aws:iam::${ACCOUNT}:role/made-up`)),
  ],
  [
    "a function whose role lost its rights",
    DENIED,
    async () => {
      const role = await stage.role(LAMBDA);
      assert.equal(await stage.functionOf(role).does(...SEND), "ok");
      await stage.root.must("iam:DeleteRolePolicy", { RoleName: roleName(role), PolicyName: "own" });
      return stage.functionOf(role).does(...SEND);
    },
  ],
  [
    "a function whose role was removed, to run as one that never was",
    /^InvalidParameterValueException$/,
    async () => {
      const role = await stage.role(LAMBDA, null);
      await stage.root.must("iam:DeleteRole", { RoleName: roleName(role) });
      return stage.functionOf(role).does(...SEND);
    },
  ],
  [
    "a function whose role no longer lets Lambda in",
    /^InvalidParameterValueException$/,
    async () => {
      const role = await stage.role(LAMBDA);
      await stage.root.must("iam:UpdateAssumeRolePolicy", { RoleName: roleName(role), PolicyDocument: OWN });
      return stage.functionOf(role).does(...SEND);
    },
  ],
  [
    "another's table from a function",
    DENIED,
    async () =>
      stage.functionOf(await stage.role(LAMBDA, policy({ Resource: "arn:aws:dynamodb:*:*:table/mine" }))).does(...READ),
  ],
];

const POLICY_OF = (statement: object): object => ({
  QueueUrl: `http://h/${ACCOUNT}/jobs`,
  Attributes: { Policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) },
});

/** What a policy on the queue says of a user; it is taken away again. */
async function onQueue(statement: object, user: Actor): Promise<string> {
  await stage.root.must("sqs:SetQueueAttributes", { ...POLICY_OF({ Action: "sqs:*", Resource: QUEUE, ...statement }) });
  const code = await user.does(SEND[0], { ...SEND[1] });
  await stage.root.must("sqs:SetQueueAttributes", { QueueUrl: `http://h/${ACCOUNT}/jobs`, Attributes: { Policy: "" } });
  return code;
}

const onResources: readonly Attack[] = [
  [
    "a queue that lets another account in",
    DENIED,
    async () => onQueue({ Effect: "Allow", Principal: { AWS: "111111111111" } }, await stage.user(null)),
  ],
  [
    "a queue that lets a service in",
    DENIED,
    async () => onQueue({ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" } }, await stage.user(null)),
  ],
  [
    "a queue that lets the account in, and no policy of his own",
    DENIED,
    async () => onQueue({ Effect: "Allow", Principal: { AWS: ACCOUNT } }, await stage.user(null)),
  ],
  [
    "a queue that denies him what he may",
    DENIED,
    async () => onQueue({ Effect: "Deny", Principal: "*" }, await stage.user(policy({}))),
  ],
  [
    "a queue that lets everybody in under a condition",
    DENIED,
    async () =>
      onQueue(
        {
          Effect: "Allow",
          Principal: "*",
          Condition: { ArnEquals: { "aws:SourceArn": "arn:aws:sns:us-east-1:000000000000:news" } },
        },
        await stage.user(null),
      ),
  ],
  [
    "his own policy on the queue",
    DENIED,
    async () =>
      (await stage.user(policy({ Action: "sqs:SendMessage" }))).does("sqs:SetQueueAttributes", {
        ...POLICY_OF({ Effect: "Allow", Principal: "*", Action: "sqs:*", Resource: QUEUE }),
      }),
  ],
];

const keys: readonly Attack[] = [
  [
    "a key that is inactive",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const user = await stage.user(policy({}));
      await stage.root.must("iam:UpdateAccessKey", {
        UserName: user.name,
        AccessKeyId: user.key.accessKeyId,
        Status: "Inactive",
      });
      return user.does(...SEND);
    },
  ],
  [
    "a key that was removed",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const user = await stage.user(policy({}));
      await stage.root.must("iam:DeleteAccessKey", { UserName: user.name, AccessKeyId: user.key.accessKeyId });
      return user.does(...SEND);
    },
  ],
  [
    "a session of a user who is gone",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const user = await stage.user(null);
      const text = await user.must("sts:GetSessionToken");
      const member = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? "";
      await stage.root.must("iam:DeleteAccessKey", { UserName: user.name, AccessKeyId: user.key.accessKeyId });
      await stage.root.must("iam:DeleteUser", { UserName: user.name });
      return stage
        .actor({
          accessKeyId: member("AccessKeyId"),
          secretAccessKey: member("SecretAccessKey"),
          sessionToken: member("SessionToken"),
        })
        .does(...SEND);
    },
  ],
  [
    "a session of a role whose name another took",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const name = stage.name("taken");
      const session = await stage.root.assume(await stage.role(OWN, null, { RoleName: name }));
      await stage.root.must("iam:DeleteRole", { RoleName: name });
      await stage.role(OWN, policy({}), { RoleName: name });
      return session.does(...SEND);
    },
  ],
  [
    "a token with another's key",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const role = await stage.role(OWN);
      const [one, two] = [await stage.root.assume(role), await stage.root.assume(role, { RoleSessionName: "other" })];
      return stage.actor({ ...one.key, sessionToken: two.key.sessionToken ?? "" }).does(...SEND);
    },
  ],
  [
    "a token that was changed",
    /^(UnrecognizedClientException|InvalidClientTokenId)$/,
    async () => {
      const { key } = await stage.root.assume(await stage.role(OWN, null));
      const [body = "", proof = ""] = (key.sessionToken ?? "").split(".");
      const said = Buffer.from(body, "base64url")
        .toString()
        .replace(/"principal":\{.*?\},?/, "");
      return stage.actor({ ...key, sessionToken: `${Buffer.from(said).toString("base64url")}.${proof}` }).does(...SEND);
    },
  ],
  [
    "a user's key id with the root's secret",
    /^InvalidSignatureException$/,
    async () => {
      const user = await stage.user(policy({}));
      return stage.actor({ ...user.key, secretAccessKey: stage.root.key.secretAccessKey }).does(...SEND);
    },
  ],
  [
    "credentials that are over",
    /^ExpiredToken/,
    async () => {
      const session = await stage.root.assume(await stage.role(OWN));
      stage.advance(3_600_001);
      return session.does(...SEND);
    },
  ],
];

const attacks: readonly Attack[] = [...statements, ...limits, ...trusts, ...passing, ...onResources, ...keys];

test("there are sixty, and more", () => assert.ok(attacks.length >= 60, String(attacks.length)));

for (const [title, stops, run] of attacks)
  test(`${title}: ${stops.source}`, async () => assert.match(await run(), stops));

test("and who was given rights has them", async () => {
  const user = await stage.user(policy({ Action: "sqs:SendMessage", Resource: QUEUE }));
  assert.equal(await user.does(...SEND), "ok");
  const role = await stage.role(
    OWN,
    policy({ Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:*:*:table/users" }),
  );
  assert.equal(await (await stage.root.assume(role)).does(...READ), "ok");
  assert.equal(await stage.web({ RoleArn: await web(), WebIdentityToken: token({}) }), "ok");
});
