/** Attacks on what policies say: wildcards, variables, conditions, boundaries, sessions. */
import assert from "node:assert/strict";
import { ACCOUNT, type Attack, DENIED, OWN, policy, QUEUE, roleName, SEND, stage, trust } from "./iam-stage.ts";

/** What one statement lets a user do. */
const allowed = (said: object, action: readonly [string, object]) => async (): Promise<string> =>
  (await stage.user(policy({ ...said }))).does(action[0], { ...action[1] });

export const statements: readonly Attack[] = [
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

export const limits: readonly Attack[] = [
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
