/** Who somebody is, and how he becomes somebody else for a while, asked over HTTP. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type Role, roleId } from "#managed/identity/identities.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { IamMode } from "../authorize.ts";
import { type BareAnswer, type BareDoor, openBareDoor } from "../bare-door.ts";
import { sampleIdentities, SAMPLE_ROOT, type SampleIdentities } from "../sample-identities.ts";
import { callers, secretOfKey } from "../credentials.ts";
import { stsService } from "./service.ts";
import type { StsWorld, WebClaims } from "./world.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const ASK = "Action=GetCallerIdentity&Version=2011-06-15";
const NOW = Date.UTC(2026, 10, 27);
const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** Our own issuer's tokens of the test: "x.<claims>.right" is proven. */
const issuer: StsWorld["issuer"] = {
  url: ISSUER,
  claimsOf: (token) => {
    const [, body = "", proof] = token.split(".");
    return proof === "right" ? (JSON.parse(Buffer.from(body, "base64url").toString()) as WebClaims) : null;
  },
};

interface Sts extends SampleIdentities, AsyncDisposable {
  readonly door: BareDoor;
  readonly world: StsWorld;
}

async function open(mode: IamMode = "enforce"): Promise<Sts> {
  const memory = { journal: new MemoryJournal(new FakeClock(0)), database: new MemoryDatabase() };
  const sample = await sampleIdentities(memory, mode);
  const world = { identities: sample.identities, judge: sample.rights.judge, root: SAMPLE_ROOT, mode, issuer };
  const door = await openBareDoor([stsService(world)], sample.rights);
  return { ...sample, door, world, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

function allows(principal: unknown, said: object = {}): string {
  const statement = { Effect: "Allow", Action: "sts:*", Principal: principal, ...said };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

const may = (said: object = {}): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*", ...said } });

function roleWith(sts: Sts, trustPolicy: string, spec: object = {}): Promise<Role> {
  return sts.identities.roles.create("worker", { trustPolicy, ...spec });
}

const ROLE = "arn:aws:iam::000000000000:role/worker";

/** Signed by a user, or by who has credentials; the root otherwise. */
interface By {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

async function userWith(sts: Sts, inlinePolicies: Readonly<Record<string, string>>, name = "ann"): Promise<By> {
  const accessKeyId = `AKIA${name.toUpperCase().padEnd(16, "A")}`;
  const createdAt = new Date(NOW).toISOString();
  await sts.identities.users.create(name, {
    inlinePolicies,
    accessKeys: [{ id: accessKeyId, state: "Active", createdAt }],
  });
  return { accessKeyId, secretAccessKey: secretOfKey(SAMPLE_ROOT, accessKeyId) };
}

function ask(sts: Sts, input: Readonly<Record<string, string>>, by?: By | "nobody"): Promise<BareAnswer> {
  const body = new URLSearchParams({ Version: "2011-06-15", ...input }).toString();
  return sts.door.ask({ service: "sts", headers: FORM, body, ...(by !== undefined && { by }) });
}

function member(answer: BareAnswer, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.body.toString())?.[1] ?? "";
}

function credentialsIn(answer: BareAnswer): By {
  const [accessKeyId, secretAccessKey, sessionToken] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map((name) =>
    member(answer, name),
  );
  assert.ok(accessKeyId && secretAccessKey && sessionToken, answer.body.toString());
  return { accessKeyId, secretAccessKey, sessionToken };
}

const assume = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  Action: "AssumeRole",
  RoleArn: ROLE,
  RoleSessionName: "one",
  ...more,
});

test("GetCallerIdentity answers in XML", async () => {
  await using sts = await open();
  const { status, headers, body } = await sts.door.ask({ service: "sts", headers: FORM, body: ASK });
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/xml");
  assert.equal(
    body.toString(),
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
  );
});

test("GetCallerIdentity in the query of a GET, answered in JSON for who asks so", async () => {
  await using sts = await open();
  const headers = { accept: "application/json" };
  const { body } = await sts.door.ask({ service: "sts", method: "GET", query: ASK, headers });
  const { GetCallerIdentityResponse } = JSON.parse(body.toString());
  assert.equal(GetCallerIdentityResponse.GetCallerIdentityResult.Account, "000000000000");
});

const refusals: readonly (readonly [title: string, form: string, code: string])[] = [
  ["an action that there is not", "Action=Nothing", "InvalidAction"],
  ["a member that there is not", `${ASK}&Colour=red`, "ValidationError"],
];
for (const [title, body, code] of refusals) {
  test(`STS refuses ${title} with ${code}`, async () => {
    await using sts = await open();
    const answer = await sts.door.ask({ service: "sts", headers: FORM, body });
    assert.equal(answer.status, 400);
    assert.match(answer.body.toString(), new RegExp(`<Type>Sender</Type><Code>${code}</Code>`));
  });
}

test("a user is who his key says, and nobody once it is inactive", async () => {
  await using sts = await open();
  const ann = await userWith(sts, {});
  const answer = await ask(sts, { Action: "GetCallerIdentity" }, ann);
  assert.equal(member(answer, "Arn"), "arn:aws:iam::000000000000:user/ann");
  assert.match(member(answer, "UserId"), /^AIDA[A-Z2-7]{17}$/);
  await sts.identities.users.change("ann", ({ accessKeys = [], ...spec }) => ({
    ...spec,
    accessKeys: accessKeys.map((key) => ({ ...key, state: "Inactive" as const })),
  }));
  assert.equal((await ask(sts, { Action: "GetCallerIdentity" }, ann)).status, 403);
});

test("a session of a role is told by the role's id and its own name", async () => {
  await using sts = await open();
  const ann = await userWith(sts, { all: may() });
  const role = await roleWith(sts, allows({ AWS: "000000000000" }));
  const answer = await ask(sts, assume(), ann);
  assert.equal(member(answer, "AssumedRoleId"), `${roleId(role)}:one`);
  const who = await ask(sts, { Action: "GetCallerIdentity" }, credentialsIn(answer));
  assert.equal(member(who, "Arn"), "arn:aws:sts::000000000000:assumed-role/worker/one");
  assert.equal(member(who, "UserId"), `${roleId(role)}:one`);
});

interface Case {
  readonly title: string;
  readonly trust?: string;
  readonly spec?: object;
  readonly policies?: Readonly<Record<string, string>>;
  readonly input?: Readonly<Record<string, string>>;
  /** A code; absent: it is let in. */
  readonly code?: string;
}

const ALL = { all: may() };
const TRUSTED = allows({ AWS: "000000000000" });
const cases: readonly Case[] = [
  { title: "the account is trusted, and his policies let him", trust: TRUSTED, policies: ALL },
  { title: "the account is trusted, and no policy lets him", trust: TRUSTED, policies: {}, code: "AccessDenied" },
  { title: "a policy lets him, and the role does not", trust: allows({ AWS: "111111111111" }), code: "AccessDenied" },
  {
    title: "the role lets a service in alone",
    trust: allows({ Service: "lambda.amazonaws.com" }),
    code: "AccessDenied",
  },
  {
    title: "he is named, and needs no policy",
    trust: allows({ AWS: "arn:aws:iam::000000000000:user/ann" }),
    policies: {},
  },
  {
    title: "the external id is wrong",
    trust: allows({ AWS: "000000000000" }, { Condition: { StringEquals: { "sts:ExternalId": "42" } } }),
    input: { ExternalId: "41" },
    code: "AccessDenied",
  },
  {
    title: "the external id is right",
    trust: allows({ AWS: "000000000000" }, { Condition: { StringEquals: { "sts:ExternalId": "42" } } }),
    input: { ExternalId: "42" },
  },
  {
    title: "tags need their own permission",
    trust: allows({ AWS: "000000000000" }, { Action: "sts:AssumeRole" }),
    input: { "Tags.member.1.Key": "team", "Tags.member.1.Value": "a" },
    code: "AccessDenied",
  },
  {
    title: "a source identity needs its own permission",
    trust: allows({ AWS: "000000000000" }, { Action: ["sts:AssumeRole", "sts:TagSession"] }),
    input: { SourceIdentity: "ann" },
    code: "AccessDenied",
  },
  { title: "longer than the role allows", trust: TRUSTED, input: { DurationSeconds: "7200" }, code: "ValidationError" },
  {
    title: "as long as the role allows",
    trust: TRUSTED,
    spec: { maxSessionSeconds: 7_200 },
    input: { DurationSeconds: "7200" },
  },
  { title: "a session policy that is none", trust: TRUSTED, input: { Policy: "{}" }, code: "MalformedPolicyDocument" },
  {
    title: "a session policy that is too long",
    trust: TRUSTED,
    input: { Policy: `{${" ".repeat(2_047)}}` },
    code: "PackedPolicyTooLarge",
  },
  {
    title: "a session policy that there is not",
    trust: TRUSTED,
    input: { "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/Nothing" },
    code: "ValidationError",
  },
  { title: "a role that there is not", input: {}, code: "AccessDenied" },
  {
    title: "a device",
    trust: TRUSTED,
    input: { SerialNumber: "GAHT12345678", TokenCode: "123456" },
    code: "InvalidParameterValueException",
  },
];

for (const { title, trust, spec, policies = ALL, input = {}, code } of cases) {
  test(`AssumeRole by a user, ${title}: ${code ?? "credentials"}`, async () => {
    await using sts = await open();
    const ann = await userWith(sts, policies);
    if (trust !== undefined) await roleWith(sts, trust, spec);
    const answer = await ask(sts, assume(input), ann);
    assert.equal(member(answer, "Code"), code ?? "", answer.body.toString());
    if (code === undefined) credentialsIn(answer);
  });
}

test("the root takes on a role that never was, unless roles must exist", async () => {
  await using sts = await open();
  credentialsIn(await ask(sts, assume()));
  await using strict = await open("strict");
  assert.equal(member(await ask(strict, assume()), "Code"), "AccessDenied");
});

test("a role that was removed is none that never was, and its sessions end with it", async () => {
  await using sts = await open();
  await roleWith(sts, TRUSTED);
  await sts.identities.knownRoles.add("worker");
  const session = credentialsIn(await ask(sts, assume()));
  await sts.identities.roles.remove("worker");
  assert.equal(member(await ask(sts, assume()), "Code"), "AccessDenied");
  assert.equal(member(await ask(sts, assume(), session), "Code"), "AccessDenied");
  await roleWith(sts, TRUSTED);
  assert.equal(member(await ask(sts, assume(), session), "Code"), "InvalidClientTokenId");
});

test("tags that are transitive go on to the next session, and cannot be said anew", async () => {
  await using sts = await open();
  await roleWith(sts, TRUSTED, { inlinePolicies: ALL });
  const tagged = {
    "Tags.member.1.Key": "team",
    "Tags.member.1.Value": "a",
    "TransitiveTagKeys.member.1": "team",
  };
  const first = credentialsIn(await ask(sts, assume(tagged)));
  const again = await ask(sts, assume(tagged), first);
  assert.match(member(again, "Message"), /conflicts with a transitive tag key/);
  credentialsIn(await ask(sts, assume({ RoleSessionName: "two" }), first));
  assert.match(member(await ask(sts, assume({ DurationSeconds: "3601" }), first), "Message"), /MaxSessionDuration/);
});

test("GetSessionToken is for users and the root, not for who has a session", async () => {
  await using sts = await open();
  const ann = await userWith(sts, {});
  const session = credentialsIn(await ask(sts, { Action: "GetSessionToken" }, ann));
  const who = await ask(sts, { Action: "GetCallerIdentity" }, session);
  assert.equal(member(who, "Arn"), "arn:aws:iam::000000000000:user/ann");
  assert.equal(member(await ask(sts, { Action: "GetSessionToken" }, session), "Code"), "AccessDenied");
  credentialsIn(await ask(sts, { Action: "GetSessionToken" }));
});

test("credentials end at their time", async () => {
  await using sts = await open();
  const session = credentialsIn(await ask(sts, { Action: "GetSessionToken", DurationSeconds: "900" }));
  sts.door.clock.advance(900_001);
  assert.equal(member(await ask(sts, { Action: "GetCallerIdentity" }, session), "Code"), "ExpiredToken");
});

const PROVIDER = "arn:aws:iam::000000000000:oidc-provider/kubernetes.default.svc.cluster.local";
const ACCOUNT = "system:serviceaccount:default:app";
const claims = (more: object = {}): WebClaims => ({
  iss: ISSUER,
  sub: ACCOUNT,
  aud: ["sts.amazonaws.com"],
  exp: NOW / 1000 + 3_600,
  ...more,
});
const FOR_APP = allows(
  { Federated: PROVIDER },
  {
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        "kubernetes.default.svc.cluster.local:sub": ACCOUNT,
        "kubernetes.default.svc.cluster.local:aud": "sts.amazonaws.com",
      },
    },
  },
);

const web: readonly (readonly [title: string, said: WebClaims, proof: string, code: string])[] = [
  ["a pod of the account", claims(), "right", ""],
  ["a pod of another account", claims({ sub: "system:serviceaccount:default:other" }), "right", "AccessDenied"],
  [
    "a token for somebody else",
    claims({ aud: ["https://kubernetes.default.svc.cluster.local"] }),
    "right",
    "InvalidIdentityToken",
  ],
  ["a token of a stranger", claims({ iss: "https://evil.example" }), "right", "InvalidIdentityToken"],
  ["a forged token", claims(), "wrong", "InvalidIdentityToken"],
  ["a token that has expired", claims({ exp: NOW / 1000 - 1 }), "right", "ExpiredTokenException"],
];
for (const [title, said, proof, code] of web) {
  test(`AssumeRoleWithWebIdentity by ${title}: ${code || "credentials"}`, async () => {
    await using sts = await open();
    await roleWith(sts, FOR_APP);
    const token = `x.${Buffer.from(JSON.stringify(said)).toString("base64url")}.${proof}`;
    const input = {
      Action: "AssumeRoleWithWebIdentity",
      RoleArn: ROLE,
      RoleSessionName: "pod",
      WebIdentityToken: token,
    };
    const answer = await ask(sts, input, "nobody");
    assert.equal(member(answer, "Code"), code, answer.body.toString());
    if (code !== "") return;
    assert.equal(member(answer, "SubjectFromWebIdentityToken"), ACCOUNT);
    const who = await ask(sts, { Action: "GetCallerIdentity" }, credentialsIn(answer));
    assert.equal(member(who, "Arn"), "arn:aws:sts::000000000000:assumed-role/worker/pod");
  });
}

for (const action of ["GetCallerIdentity", "AssumeRole&RoleArn=x&RoleSessionName=y"]) {
  test(`nobody may ${action} without a signature`, async () => {
    await using sts = await open();
    const body = `Action=${action}&Version=2011-06-15`;
    const answer = await sts.door.ask({ service: "sts", headers: FORM, body, by: "nobody" });
    assert.notEqual(answer.status, 200);
  });
}

test("a user's secret is nobody's to guess: one of another instance does not sign", async () => {
  await using sts = await open();
  const ann = await userWith(sts, ALL);
  const forged = {
    ...ann,
    secretAccessKey: secretOfKey({ ...SAMPLE_ROOT, secretAccessKey: "other" }, ann.accessKeyId),
  };
  assert.equal((await ask(sts, { Action: "GetCallerIdentity" }, forged)).status, 403);
  assert.equal(callers(SAMPLE_ROOT)(ann.accessKeyId, undefined, NOW), null);
});
