/** IAM's kinds: what they take as a manifest writes it, what they refuse, and that what they say is what the engine goes by. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { JsonObject } from "#base/json.ts";
import type { Kind } from "#kinds/kind.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { Identities } from "#managed/identity/identities.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { iamGroupKind } from "./iam-group.ts";
import { iamInstanceProfileKind } from "./iam-instance-profile.ts";
import { iamOidcProviderKind } from "./iam-oidc-provider.ts";
import { iamPolicyKind } from "./iam-policy.ts";
import { iamRoleKind } from "./iam-role.ts";
import { iamUserKind } from "./iam-user.ts";

const AT = "2026-11-27T00:00:00Z";
const READ = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const OWN = "arn:aws:iam::000000000000:policy/team/own";
const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sqs:*", Resource: "*" },
});
const trustPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: {
    Effect: "Allow",
    Action: "sts:AssumeRole",
    Principal: { AWS: "arn:aws:iam::000000000000:user/team/ann" },
  },
});

const rights = { policies: [READ, OWN], inlinePolicies: { own: document } };
const own = { path: "/team/", tags: { team: "a" } };
const role = {
  ...own,
  ...rights,
  description: "works",
  trustPolicy,
  trusted: { "arn:aws:iam::000000000000:user/team/ann": "AIDAX" },
  maxSessionSeconds: 7_200,
  permissionsBoundary: READ,
};
const user = {
  ...own,
  ...rights,
  groups: ["team"],
  accessKeys: [{ id: "AKIAAAAAAAAAAAAAAAAA", state: "Active" as const, createdAt: AT }],
  permissionsBoundary: OWN,
};
const policy = {
  ...own,
  description: "own",
  versions: [{ id: "v1", document, createdAt: AT }],
  defaultVersion: "v1",
};
const provider = {
  url: "https://issuer.example/x",
  clientIds: ["sts.amazonaws.com"],
  thumbprints: ["a".repeat(40)],
  tags: {},
};

const cases: readonly (readonly [title: string, kind: Kind, spec: JsonObject, wrong: readonly string[]])[] = [
  ["a role", iamRoleKind, role, []],
  ["a role without trust", iamRoleKind, {}, ["spec.trustPolicy: Required value"]],
  [
    "a session of a day",
    iamRoleKind,
    { ...role, maxSessionSeconds: 86_400 },
    ["spec.maxSessionSeconds: Invalid value: 86400: must be between 3600 and 43200 seconds"],
  ],
  [
    "a path without its end",
    iamRoleKind,
    { ...role, path: "/x" },
    [`spec.path: Invalid value: "/x": must begin and end with '/'`],
  ],
  [
    "what is no policy",
    iamRoleKind,
    { ...role, policies: ["ReadOnlyAccess"], permissionsBoundary: "x" },
    [
      'spec.permissionsBoundary: Invalid value: "x": must be the ARN of a policy',
      'spec.policies[0]: Invalid value: "ReadOnlyAccess": must be the ARN of a policy',
    ],
  ],
  ["a user", iamUserKind, user, []],
  [
    "a key of another form",
    iamUserKind,
    { accessKeys: [{ id: "root", createdAt: "now" }] },
    [
      'spec.accessKeys[0].id: Invalid value: "root": must match /^AKIA[A-Z2-7]{16}$/',
      'spec.accessKeys[0].createdAt: Invalid value: "now": must be a time of RFC 3339 in UTC',
    ],
  ],
  ["a group", iamGroupKind, { path: "/", ...rights }, []],
  ["a policy", iamPolicyKind, policy, []],
  ["a policy without versions", iamPolicyKind, { ...policy, versions: [] }, ["spec.versions: Required value"]],
  [
    "a default version that is not there",
    iamPolicyKind,
    { ...policy, defaultVersion: "v2" },
    ['spec.defaultVersion: Invalid value: "v2": must be the id of one of the versions'],
  ],
  ["an instance profile", iamInstanceProfileKind, { ...own, role: "one" }, []],
  ["a provider", iamOidcProviderKind, provider, []],
  [
    "a provider without TLS",
    iamOidcProviderKind,
    { ...provider, url: "http://issuer.example" },
    ['spec.url: Invalid value: "http://issuer.example": must begin with https:// and have no query'],
  ],
];

for (const [title, kind, spec, wrong] of cases)
  test(`${title}: ${wrong.length === 0 ? "taken" : wrong.join("; ")}`, () => {
    const { object } = checkObject(kind, { metadata: { name: "one" }, spec }, { strict: true });
    const faults = validateObject(kind, object, null).map(({ field, message }) => `${field}: ${message}`);
    assert.deepEqual(faults, wrong);
  });

for (const name of ["a b", "a/b", "x".repeat(65)])
  test(`a role is not called "${name}"`, () => {
    const { object } = checkObject(iamRoleKind, { metadata: { name }, spec: role }, { strict: true });
    assert.deepEqual(
      validateObject(iamRoleKind, object, null).map(({ field }) => field),
      ["metadata.name"],
    );
  });

test("objects of a manifest are who there is, with the rights that they say", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  const objects = deck.objects("test");
  const identities = await Identities.open({ objects, database: new MemoryDatabase(), accountId: "000000000000" });
  const manifest = { apiVersion: "catamaran.dev/v1", kind: "IamUser", metadata: { name: "ann" }, spec: user } as const;
  await objects.create(iamUserKind, manifest);
  await identities.groups.create("team", { inlinePolicies: { all: document } });
  const named = (): readonly string[] => {
    const ann = identities.users.find("ann");
    assert.ok(ann);
    const { identity, boundary } = identities.rightsOfUser(ann);
    return [...identity, ...(boundary === null ? [] : [boundary])].map(
      ({ name, policy: { statements } }) => `${name} ${statements.length}`,
    );
  };
  // A policy that is not there allows nothing, and as a boundary that is all that is left.
  assert.deepEqual(named().slice(2), [`${OWN} 0`, "all 1", `${OWN} 0`]);
  await identities.policies.create("own", policy);
  assert.deepEqual(named().slice(2), [`${OWN} 1`, "all 1", `${OWN} 1`]);
  await identities.users.change("ann", (spec) => ({
    ...spec,
    inlinePolicies: { own: "no policy" },
    policies: [],
    groups: [],
  }));
  assert.deepEqual(named(), ["own 0", `${OWN} 1`]);
});
