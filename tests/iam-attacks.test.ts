/** Sixty ways to get more rights than one was given, each with what stops it: by name, by trust, by passing on, by forging, by waiting. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ACCOUNT, policy, PROVIDER, Stage, token, trust } from "./iam-stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage[Symbol.asyncDispose]());

const DENIED = /^AccessDenied(Exception)?$/;
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs`;
const SEND = ["sqs:SendMessage", { QueueUrl: `http://h/${ACCOUNT}/jobs`, MessageBody: "x" }] as const;
const READ = ["dynamodb:GetItem", { TableName: "users", Key: { id: { S: "a" } } }] as const;
const OWN = trust({ AWS: ACCOUNT });
const LAMBDA = trust({ Service: "lambda.amazonaws.com" });
const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
const create = (role: string): readonly [string, Record<string, unknown>] => [
  "lambda:CreateFunction",
  { FunctionName: stage.name("fn"), Runtime: "nodejs24.x", Handler: "a.b", Role: role, Code: { ZipFile: "UEs=" } },
];

type Attack = readonly [title: string, stops: RegExp, run: () => Promise<string>];

/** What one statement lets a user do. */
const allowed = (said: object, action: readonly [string, object]) => async (): Promise<string> =>
  (await stage.user(policy({ ...said }))).does(action[0], { ...action[1] });

const statements: readonly Attack[] = [
  ["no policy at all", DENIED, async () => (await stage.user(null)).does(...SEND)],
  ["a wildcard of another service", DENIED, allowed({ Action: "sq:*" }, SEND)],
  ["an action that begins alike", DENIED, allowed({ Action: "sqs:Send" }, SEND)],
  ["a star in the middle of an action", DENIED, allowed({ Action: "sqs:*Messages" }, SEND)],
  ["a question mark for nothing", DENIED, allowed({ Action: "sqs:SendMessage?" }, SEND)],
  ["a queue whose name goes on", DENIED, allowed({ Resource: `${QUEUE}s` }, SEND)],
  ["a queue whose name is shorter", DENIED, allowed({ Resource: QUEUE.slice(0, -1) }, SEND)],
  ["a queue in another case", DENIED, allowed({ Resource: QUEUE.replace("jobs", "JOBS") }, SEND)],
  ["a queue of another region", DENIED, allowed({ Resource: QUEUE.replace("us-east-1", "eu-west-1") }, SEND)],
  ["a queue of another account", DENIED, allowed({ Resource: QUEUE.replace(ACCOUNT, "111111111111") }, SEND)],
  ["NotAction that leaves just this out", DENIED, allowed({ NotAction: "sqs:*" }, SEND)],
  ["NotResource that leaves just this out", DENIED, allowed({ NotResource: "arn:aws:sqs:*:*:jobs" }, SEND)],
  ["a variable that nothing fills", DENIED, allowed({ Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/q}" }, SEND)],
  [
    "NotResource with a variable that nothing fills",
    DENIED,
    allowed({ NotResource: "arn:aws:sqs:*:*:${aws:PrincipalTag/q}" }, SEND),
  ],
  [
    "a tag that is almost a name, where a variable takes it",
    DENIED,
    async () => {
      const said = policy({ Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/q}" });
      const role = await stage.role(trust({ AWS: ACCOUNT }, { Action: ["sts:AssumeRole", "sts:TagSession"] }), said);
      const tagged = { "Tags.member.1.Key": "q", "Tags.member.1.Value": "jobs/=" };
      return (await stage.root.assume(role, tagged)).does(...SEND);
    },
  ],
  [
    "a user's name, where a variable takes it",
    DENIED,
    async () => (await stage.user(policy({ Resource: "arn:aws:sqs:*:*:${aws:username}" }), {}, "job")).does(...SEND),
  ],
  [
    "a condition on a key that is missing",
    DENIED,
    allowed({ Condition: { StringEquals: { "aws:SourceVpc": "x" } } }, SEND),
  ],
  [
    "an address that is not his",
    DENIED,
    allowed({ Condition: { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }, SEND),
  ],
  [
    "a time that is over",
    DENIED,
    allowed({ Condition: { DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } } }, SEND),
  ],
  [
    "a second factor that he has not",
    DENIED,
    allowed({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }, SEND),
  ],
  [
    "a denial with a condition on a missing key, negated",
    DENIED,
    async () =>
      (
        await stage.user(
          policy({}, { Effect: "Deny", Condition: { StringNotEquals: { "aws:PrincipalTag/team": "a" } } }),
        )
      ).does(...SEND),
  ],
  [
    "a denial beside an allowance",
    DENIED,
    async () => (await stage.user(policy({}, { Effect: "Deny", Action: "sqs:*" }))).does(...SEND),
  ],
  [
    "a denial in a group beside an allowance of his own",
    DENIED,
    async () => {
      const [user, group] = [await stage.user(policy({})), stage.name("group")];
      await stage.root.must("iam:CreateGroup", { GroupName: group });
      const document = policy({ Effect: "Deny", Action: "sqs:*" });
      await stage.root.must("iam:PutGroupPolicy", { GroupName: group, PolicyName: "no", PolicyDocument: document });
      await stage.root.must("iam:AddUserToGroup", { GroupName: group, UserName: user.name });
      return user.does(...SEND);
    },
  ],
  [
    "a batch, where only one is allowed",
    DENIED,
    async () => {
      const user = await stage.user(
        policy({ Action: "dynamodb:BatchGetItem", Resource: "arn:aws:dynamodb:*:*:table/users" }),
      );
      const Keys = [{ id: { S: "a" } }];
      return user.does("dynamodb:BatchGetItem", { RequestItems: { users: { Keys }, secrets: { Keys } } });
    },
  ],
  [
    "an index of a table that alone is allowed",
    DENIED,
    async () =>
      (await stage.user(policy({ Resource: "arn:aws:dynamodb:*:*:table/users" }))).does("dynamodb:Query", {
        TableName: "users",
        IndexName: "byName",
        KeyConditionExpression: "id = :a",
        ExpressionAttributeValues: { ":a": { S: "a" } },
      }),
  ],
];

const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const bounded = { PermissionsBoundary: READ_ONLY };
const onlyBounded = policy({
  Action: ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"],
  Condition: { StringEquals: { "iam:PermissionsBoundary": READ_ONLY } },
});

const limits: readonly Attack[] = [
  ["all rights within a boundary", DENIED, async () => (await stage.user(policy({}), bounded)).does(...SEND)],
  [
    "a boundary that is gone",
    DENIED,
    async () => {
      const [name, made] = [stage.name("p"), stage.name("u")];
      const arn = `arn:aws:iam::${ACCOUNT}:policy/${name}`;
      await stage.root.must("iam:CreatePolicy", { PolicyName: name, PolicyDocument: policy({}) });
      const user = await stage.user(policy({}), { PermissionsBoundary: arn }, made);
      assert.equal(await user.does(...SEND), "ok");
      assert.equal(await stage.root.does("iam:DeletePolicy", { PolicyArn: arn }), "DeleteConflict");
      await stage.root.must("iam:PutUserPermissionsBoundary", { UserName: made, PermissionsBoundary: READ_ONLY });
      return user.does(...SEND);
    },
  ],
  [
    "taking the own boundary away",
    DENIED,
    async () => {
      const user = await stage.user(policy({}, { Effect: "Deny", Action: "iam:DeleteUserPermissionsBoundary" }));
      return user.does("iam:DeleteUserPermissionsBoundary", { UserName: user.name });
    },
  ],
  [
    "a new role without the boundary that it must have",
    DENIED,
    async () =>
      (await stage.user(onlyBounded)).does("iam:CreateRole", {
        RoleName: stage.name("r"),
        AssumeRolePolicyDocument: OWN,
      }),
  ],
  [
    "a new role with another boundary",
    DENIED,
    async () =>
      (await stage.user(onlyBounded)).does("iam:CreateRole", {
        RoleName: stage.name("r"),
        AssumeRolePolicyDocument: OWN,
        PermissionsBoundary: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
  ],
  [
    "rights for a role that has no boundary",
    DENIED,
    async () =>
      (await stage.user(onlyBounded)).does("iam:PutRolePolicy", {
        RoleName: roleName(await stage.role(OWN)),
        PolicyName: "all",
        PolicyDocument: policy({}),
      }),
  ],
  [
    "a policy that may not be attached",
    DENIED,
    async () => {
      const user = await stage.user(
        policy({ Action: "iam:AttachUserPolicy", Condition: { ArnEquals: { "iam:PolicyARN": READ_ONLY } } }),
      );
      return user.does("iam:AttachUserPolicy", {
        UserName: user.name,
        PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      });
    },
  ],
  [
    "rights for oneself",
    DENIED,
    async () => {
      const user = await stage.user(policy({ Action: ["iam:Get*", "iam:List*"] }));
      return user.does("iam:PutUserPolicy", { UserName: user.name, PolicyName: "all", PolicyDocument: policy({}) });
    },
  ],
  [
    "a key for another user",
    DENIED,
    async () => {
      const admin = await stage.user(policy({}));
      const said = { Action: "iam:CreateAccessKey", Resource: `arn:aws:iam::${ACCOUNT}:user/\${aws:username}` };
      return (await stage.user(policy(said))).does("iam:CreateAccessKey", { UserName: admin.name });
    },
  ],
  [
    "a role of another path",
    DENIED,
    async () => {
      const arn = await stage.role(OWN, null, { Path: "/admin/" });
      const user = await stage.user(policy({ Action: "iam:*", Resource: `arn:aws:iam::${ACCOUNT}:role/dev/*` }));
      return user.does("iam:DeleteRole", { RoleName: roleName(arn) });
    },
  ],
  [
    "a path that is left out",
    DENIED,
    async () => {
      const arn = await stage.role(OWN, null, { Path: "/admin/" });
      const user = await stage.user(policy({ Action: "iam:*", Resource: arn }));
      return user.does("iam:DeleteRole", { RoleName: roleName(arn) });
    },
  ],
  [
    "a session policy that narrows",
    DENIED,
    async () =>
      (await stage.root.assume(await stage.role(OWN), { Policy: policy({ Action: "dynamodb:*" }) })).does(...SEND),
  ],
  [
    "a session policy that widens",
    DENIED,
    async () =>
      (await stage.root.assume(await stage.role(OWN, policy({ Action: "dynamodb:*" })), { Policy: policy({}) })).does(
        ...SEND,
      ),
  ],
  [
    "a managed session policy that narrows",
    DENIED,
    async () =>
      (await stage.root.assume(await stage.role(OWN), { "PolicyArns.member.1.arn": READ_ONLY })).does(...SEND),
  ],
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

const attacks: readonly Attack[] = [...statements, ...limits, ...trusts, ...passing, ...keys];

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
