/** IAM's API asked over HTTP: what is made is there, changes, and goes; what is wrong is refused in IAM's words. */
import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type BareDoor, openBareDoor } from "../bare-door.ts";
import { secretOfKey } from "../credentials.ts";
import { sampleIdentities, SAMPLE_ROOT } from "../sample-identities.ts";
import { newAccessKeyId } from "./new-access-key-id.ts";
import { iamService } from "./service.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sqs:*", Resource: "*" },
});
const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } },
});
const ROLE = "arn:aws:iam::000000000000:role/r";
const OWN = "arn:aws:iam::000000000000:policy/p";
const READ = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const ISSUER = "arn:aws:iam::000000000000:oidc-provider/issuer.example";

type Input = Readonly<Record<string, string>>;
type Ask = (action: string, input?: Input) => Promise<string>;

async function open(): Promise<{ readonly door: BareDoor; readonly ask: Ask }> {
  const { identities, rights } = await sampleIdentities({
    journal: new MemoryJournal(new FakeClock(0)),
    database: new MemoryDatabase(),
  });
  const random = seededRandom(1);
  const world = {
    identities,
    newAccessKeyId: () => newAccessKeyId(random),
    secretOf: (id: string) => secretOfKey(SAMPLE_ROOT, id),
  };
  const door = await openBareDoor([iamService(world)], rights);
  const ask: Ask = async (action, input = {}) => {
    const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...input }).toString();
    return (await door.ask({ service: "iam", headers: FORM, body })).body.toString();
  };
  return { door, ask };
}

/** What stands in an element, wherever it comes first; "" when it does not. */
function member(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

function members(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text = ""]) => text);
}

type Step = readonly [action: string, input: Input, element: string, found: string | readonly string[]];

async function walk(steps: readonly Step[]): Promise<void> {
  const { door, ask } = await open();
  await using _closing = door;
  for (const [action, input, element, found] of steps) {
    const xml = await ask(action, input);
    const seen = typeof found === "string" ? member(xml, element) : members(xml, element);
    assert.deepEqual(seen, found, `${action} ${JSON.stringify(input)}: ${xml}`);
  }
}

const ofRole = { RoleName: "r" };
const makeRole: Step = ["CreateRole", { ...ofRole, AssumeRolePolicyDocument: TRUST, Path: "/a/" }, "Code", ""];

const stories: Readonly<Record<string, readonly Step[]>> = {
  "a role": [
    makeRole,
    ["GetRole", ofRole, "Arn", "arn:aws:iam::000000000000:role/a/r"],
    ["GetRole", ofRole, "AssumeRolePolicyDocument", encodeURIComponent(TRUST)],
    ["CreateRole", { ...ofRole, AssumeRolePolicyDocument: TRUST }, "Message", "Role with name r already exists."],
    ["CreateRole", { RoleName: "R", AssumeRolePolicyDocument: TRUST }, "Code", "EntityAlreadyExists"],
    ["UpdateRole", { ...ofRole, Description: "new", MaxSessionDuration: "7200" }, "Code", ""],
    ["GetRole", ofRole, "Description", "new"],
    ["GetRole", ofRole, "MaxSessionDuration", "7200"],
    ["UpdateRoleDescription", { ...ofRole, Description: "newer" }, "Description", "newer"],
    ["UpdateAssumeRolePolicy", { ...ofRole, PolicyDocument: TRUST.replace("lambda.", "ec2.") }, "Code", ""],
    ["ListRoles", {}, "RoleName", ["r"]],
    ["ListRoles", { PathPrefix: "/b" }, "RoleName", []],
    ["TagRole", { ...ofRole, "Tags.member.1.Key": "Team", "Tags.member.1.Value": "a" }, "Code", ""],
    ["TagRole", { ...ofRole, "Tags.member.1.Key": "team", "Tags.member.1.Value": "b" }, "Code", ""],
    ["ListRoleTags", ofRole, "Value", ["b"]],
    ["UntagRole", { ...ofRole, "TagKeys.member.1": "team" }, "Code", ""],
    ["ListRoleTags", ofRole, "Value", []],
    ["PutRolePermissionsBoundary", { ...ofRole, PermissionsBoundary: READ }, "Code", ""],
    ["GetRole", ofRole, "PermissionsBoundaryArn", READ],
    ["DeleteRolePermissionsBoundary", ofRole, "Code", ""],
    ["DeleteRolePermissionsBoundary", ofRole, "Code", "NoSuchEntity"],
    ["DeleteRole", ofRole, "Code", ""],
    ["GetRole", ofRole, "Message", "The role with name r cannot be found."],
  ],
  "policies in a role": [
    makeRole,
    ["PutRolePolicy", { ...ofRole, PolicyName: "own", PolicyDocument: POLICY }, "Code", ""],
    [
      "GetRolePolicy",
      { ...ofRole, PolicyName: "own" },
      "PolicyDocument",
      encodeURIComponent(POLICY).replaceAll("*", "%2A"),
    ],
    ["ListRolePolicies", ofRole, "member", ["own"]],
    ["DeleteRole", ofRole, "Message", "Cannot delete entity, must delete policies first."],
    ["DeleteRolePolicy", { ...ofRole, PolicyName: "own" }, "Code", ""],
    ["GetRolePolicy", { ...ofRole, PolicyName: "own" }, "Message", "The role policy with name own cannot be found."],
    ["PutRolePolicy", { ...ofRole, PolicyName: "own", PolicyDocument: "{}" }, "Code", "MalformedPolicyDocument"],
    [
      "PutRolePolicy",
      { ...ofRole, PolicyName: "own", PolicyDocument: POLICY.replace("sqs:*", `sqs:${"x".repeat(10_240)}`) },
      "Message",
      "Maximum policy size of 10240 bytes exceeded for role r",
    ],
  ],
  "policies on a role": [
    makeRole,
    ["CreatePolicy", { PolicyName: "p", PolicyDocument: POLICY, Description: "d" }, "Arn", OWN],
    ["AttachRolePolicy", { ...ofRole, PolicyArn: OWN }, "Code", ""],
    ["AttachRolePolicy", { ...ofRole, PolicyArn: READ }, "Code", ""],
    ["AttachRolePolicy", { ...ofRole, PolicyArn: `${OWN}2` }, "Code", "NoSuchEntity"],
    ["ListAttachedRolePolicies", ofRole, "PolicyArn", [OWN, READ]],
    ["ListEntitiesForPolicy", { PolicyArn: OWN }, "RoleName", ["r"]],
    ["GetPolicy", { PolicyArn: OWN }, "AttachmentCount", "1"],
    ["ListPolicies", { OnlyAttached: "true" }, "Arn", [OWN, READ]],
    ["DeletePolicy", { PolicyArn: OWN }, "Message", "Cannot delete a policy attached to entities."],
    ["DeleteRole", ofRole, "Message", "Cannot delete entity, must detach all policies first."],
    ["DetachRolePolicy", { ...ofRole, PolicyArn: OWN }, "Code", ""],
    ["DetachRolePolicy", { ...ofRole, PolicyArn: OWN }, "Code", "NoSuchEntity"],
    ["DeletePolicy", { PolicyArn: READ }, "Code", "ValidationError"],
    ["DeletePolicy", { PolicyArn: OWN }, "Code", ""],
  ],
  "versions of a policy": [
    ["CreatePolicy", { PolicyName: "p", PolicyDocument: POLICY }, "DefaultVersionId", "v1"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY, SetAsDefault: "true" }, "VersionId", "v2"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY }, "IsDefaultVersion", "false"],
    ["ListPolicyVersions", { PolicyArn: OWN }, "VersionId", ["v3", "v2", "v1"]],
    ["GetPolicyVersion", { PolicyArn: OWN, VersionId: "v2" }, "IsDefaultVersion", "true"],
    ["DeletePolicyVersion", { PolicyArn: OWN, VersionId: "v2" }, "Code", "DeleteConflict"],
    ["SetDefaultPolicyVersion", { PolicyArn: OWN, VersionId: "v1" }, "Code", ""],
    ["DeletePolicyVersion", { PolicyArn: OWN, VersionId: "v2" }, "Code", ""],
    ["GetPolicyVersion", { PolicyArn: OWN, VersionId: "v2" }, "Code", "NoSuchEntity"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY }, "VersionId", "v4"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY }, "VersionId", "v5"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY }, "VersionId", "v6"],
    ["CreatePolicyVersion", { PolicyArn: OWN, PolicyDocument: POLICY }, "Code", "LimitExceeded"],
    ["DeletePolicy", { PolicyArn: OWN }, "Code", "DeleteConflict"],
    ["GetPolicyVersion", { PolicyArn: READ, VersionId: "v1" }, "IsDefaultVersion", "true"],
    ["TagPolicy", { PolicyArn: OWN, "Tags.member.1.Key": "a", "Tags.member.1.Value": "1" }, "Code", ""],
    ["ListPolicyTags", { PolicyArn: OWN }, "Key", ["a"]],
    ["UntagPolicy", { PolicyArn: OWN, "TagKeys.member.1": "a" }, "Code", ""],
  ],
  "a user, his groups and his keys": [
    ["CreateUser", { UserName: "ann", PermissionsBoundary: READ }, "PermissionsBoundaryArn", READ],
    ["CreateGroup", { GroupName: "team" }, "Arn", "arn:aws:iam::000000000000:group/team"],
    ["AddUserToGroup", { GroupName: "team", UserName: "ann" }, "Code", ""],
    ["GetGroup", { GroupName: "team" }, "UserName", ["ann"]],
    ["ListGroupsForUser", { UserName: "ann" }, "GroupName", ["team"]],
    ["DeleteGroup", { GroupName: "team" }, "Code", "DeleteConflict"],
    ["PutGroupPolicy", { GroupName: "team", PolicyName: "own", PolicyDocument: POLICY }, "Code", ""],
    ["AttachGroupPolicy", { GroupName: "team", PolicyArn: READ }, "Code", ""],
    ["ListAttachedGroupPolicies", { GroupName: "team" }, "PolicyArn", [READ]],
    ["ListGroupPolicies", { GroupName: "team" }, "member", ["own"]],
    ["CreateAccessKey", { UserName: "ann" }, "Status", "Active"],
    ["CreateAccessKey", { UserName: "ann" }, "Status", "Active"],
    ["CreateAccessKey", { UserName: "ann" }, "Code", "LimitExceeded"],
    [
      "UpdateAccessKey",
      { UserName: "ann", AccessKeyId: "AKIAAAAAAAAAAAAAAAAA", Status: "Inactive" },
      "Code",
      "NoSuchEntity",
    ],
    ["CreateAccessKey", {}, "Code", "ValidationError"],
    ["DeleteUser", { UserName: "ann" }, "Message", "Cannot delete entity, must delete access keys first."],
    ["RemoveUserFromGroup", { GroupName: "team", UserName: "ann" }, "Code", ""],
    ["UpdateUser", { UserName: "ann", NewPath: "/x/" }, "Code", ""],
    ["UpdateUser", { UserName: "ann", NewUserName: "bob" }, "Code", "InvalidParameterValueException"],
    ["GetUser", { UserName: "ann" }, "Arn", "arn:aws:iam::000000000000:user/x/ann"],
    ["GetUser", {}, "Arn", "arn:aws:iam::000000000000:root"],
    ["ListUsers", {}, "UserName", ["ann"]],
  ],
  "an instance profile": [
    makeRole,
    ["CreateInstanceProfile", { InstanceProfileName: "i" }, "Arn", "arn:aws:iam::000000000000:instance-profile/i"],
    ["AddRoleToInstanceProfile", { InstanceProfileName: "i", ...ofRole }, "Code", ""],
    ["GetInstanceProfile", { InstanceProfileName: "i" }, "RoleName", "r"],
    ["ListInstanceProfilesForRole", ofRole, "InstanceProfileName", ["i"]],
    ["DeleteRole", ofRole, "Message", "Cannot delete entity, must remove roles from instance profile first."],
    ["DeleteInstanceProfile", { InstanceProfileName: "i" }, "Code", "DeleteConflict"],
    ["RemoveRoleFromInstanceProfile", { InstanceProfileName: "i", ...ofRole }, "Code", ""],
    ["DeleteInstanceProfile", { InstanceProfileName: "i" }, "Code", ""],
    ["ListInstanceProfiles", {}, "InstanceProfileName", []],
  ],
  "a provider": [
    [
      "CreateOpenIDConnectProvider",
      { Url: "https://issuer.example", "ClientIDList.member.1": "a", "ThumbprintList.member.1": "a".repeat(40) },
      "OpenIDConnectProviderArn",
      ISSUER,
    ],
    ["CreateOpenIDConnectProvider", { Url: "https://issuer.example" }, "Code", "EntityAlreadyExists"],
    ["CreateOpenIDConnectProvider", { Url: "http://issuer.example" }, "Code", "ValidationError"],
    ["AddClientIDToOpenIDConnectProvider", { OpenIDConnectProviderArn: ISSUER, ClientID: "b" }, "Code", ""],
    ["GetOpenIDConnectProvider", { OpenIDConnectProviderArn: ISSUER }, "Url", "issuer.example"],
    ["RemoveClientIDFromOpenIDConnectProvider", { OpenIDConnectProviderArn: ISSUER, ClientID: "a" }, "Code", ""],
    ["ListOpenIDConnectProviders", {}, "Arn", [ISSUER]],
    ["DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: ISSUER }, "Code", ""],
    ["GetOpenIDConnectProvider", { OpenIDConnectProviderArn: ISSUER }, "Code", "NoSuchEntity"],
  ],
  "whom a trust policy names must be there": [
    [
      "CreateRole",
      { ...ofRole, AssumeRolePolicyDocument: TRUST.replace('"Service":"lambda.amazonaws.com"', `"AWS":"${ROLE}"`) },
      "Code",
      "MalformedPolicyDocument",
    ],
    ["CreateRole", { ...ofRole, AssumeRolePolicyDocument: POLICY }, "Code", "MalformedPolicyDocument"],
    ["CreateRole", { ...ofRole, AssumeRolePolicyDocument: TRUST, PermissionsBoundary: OWN }, "Code", "NoSuchEntity"],
  ],
  pages: [
    ...["a", "b", "c"].map((UserName): Step => ["CreateUser", { UserName }, "UserName", UserName]),
    ["ListUsers", { MaxItems: "2" }, "UserName", ["a", "b"]],
    ["ListUsers", { MaxItems: "2" }, "Marker", "2"],
    ["ListUsers", { MaxItems: "2", Marker: "2" }, "UserName", ["c"]],
    ["ListUsers", { Marker: "x" }, "Message", "Invalid Marker."],
    ["GetAccountSummary", {}, "value", "3"],
  ],
  "the simulator": [
    makeRole,
    ["PutRolePolicy", { ...ofRole, PolicyName: "own", PolicyDocument: POLICY }, "Code", ""],
    [
      "SimulatePrincipalPolicy",
      { PolicySourceArn: ROLE, "ActionNames.member.1": "sqs:SendMessage", "ActionNames.member.2": "s3:GetObject" },
      "EvalDecision",
      ["allowed", "implicitDeny"],
    ],
    [
      "SimulateCustomPolicy",
      {
        "PolicyInputList.member.1": POLICY,
        "PolicyInputList.member.2": POLICY.replace("Allow", "Deny"),
        "ActionNames.member.1": "sqs:SendMessage",
      },
      "EvalDecision",
      ["explicitDeny"],
    ],
    [
      "SimulateCustomPolicy",
      {
        "PolicyInputList.member.1": POLICY.replace(
          '"Resource"',
          '"Condition":{"StringEquals":{"aws:username":"ann"}},"Resource"',
        ),
        "ActionNames.member.1": "sqs:SendMessage",
      },
      "MissingContextValues",
      [],
    ],
    [
      "SimulateCustomPolicy",
      { "PolicyInputList.member.1": "{}", "ActionNames.member.1": "a:b" },
      "Code",
      "InvalidInput",
    ],
    ["SimulatePrincipalPolicy", { PolicySourceArn: `${OWN}/x`, "ActionNames.member.1": "a:b" }, "Code", "InvalidInput"],
  ],
};

for (const [title, steps] of Object.entries(stories)) test(`IAM: ${title}`, () => walk(steps));

test("a key signs until it is inactive, and its secret is told once", async () => {
  const { door, ask } = await open();
  await using _closing = door;
  await ask("CreateUser", { UserName: "ann" });
  const made = await ask("CreateAccessKey", { UserName: "ann" });
  const by = { accessKeyId: member(made, "AccessKeyId"), secretAccessKey: member(made, "SecretAccessKey") };
  const own = async (): Promise<string> => {
    const body = "Action=GetUser&Version=2010-05-08";
    return (await door.ask({ service: "iam", headers: FORM, body, by })).body.toString();
  };
  assert.match(
    member(await own(), "Message"),
    /user\/ann is not authorized to perform: iam:GetUser on resource: .* because no identity-based policy allows the iam:GetUser action/,
  );
  await ask("PutUserPolicy", { UserName: "ann", PolicyName: "own", PolicyDocument: POLICY.replace("sqs:", "iam:") });
  assert.equal(member(await own(), "UserName"), "ann");
  assert.doesNotMatch(await ask("ListAccessKeys", { UserName: "ann" }), /Secret/);
  await ask("UpdateAccessKey", { UserName: "ann", AccessKeyId: by.accessKeyId, Status: "Inactive" });
  assert.deepEqual(members(await ask("ListAccessKeys", { UserName: "ann" }), "Status"), ["Inactive"]);
  assert.equal(member(await own(), "Code"), "InvalidClientTokenId");
});
