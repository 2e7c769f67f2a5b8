/** The audit log: which rule decides, what an event says, what is refused of a policy, and how the file is kept. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silent } from "#base/log.ts";
import type { Json, JsonObject } from "#base/json.ts";
import { seededRandom } from "#base/random.ts";
import { stopper } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { Audit, type AuditSubject } from "./audit.ts";
import { AuditFile } from "./audit-file.ts";
import { type Audited, extentOf, readAuditPolicy } from "./audit-policy.ts";
import type { Exchange } from "./exchange.ts";

const policyOf = (...rules: readonly JsonObject[]): JsonObject => ({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  rules,
});

const podsOf = (subresource = "", name = ""): Audited => ({
  user: "jane",
  groups: ["team"],
  verb: "create",
  path: "/api/v1/namespaces/default/pods",
  resource: { group: "", plural: "pods", subresource, namespace: "default", name },
});
const healthz: Audited = { user: "jane", groups: ["team"], verb: "get", path: "/healthz/ping" };

const fits: readonly (readonly [title: string, rule: JsonObject, audited: Audited, isFit: boolean])[] = [
  ["everything", {}, podsOf(), true],
  ["a user", { users: ["jane"] }, podsOf(), true],
  ["another user", { users: ["john"] }, podsOf(), false],
  ["a group", { userGroups: ["team", "other"] }, podsOf(), true],
  ["a verb", { verbs: ["get"] }, podsOf(), false],
  ["a namespace", { namespaces: ["default"] }, podsOf(), true],
  ["objects of the cluster only", { namespaces: [""] }, podsOf(), false],
  ["all of the core group", { resources: [{ group: "" }] }, podsOf(), true],
  ["another group", { resources: [{ group: "apps" }] }, podsOf(), false],
  ["pods, not what is below them", { resources: [{ group: "", resources: ["pods"] }] }, podsOf("log"), false],
  ["what is below pods", { resources: [{ group: "", resources: ["pods/*"] }] }, podsOf("log"), true],
  ["that part of everything", { resources: [{ group: "", resources: ["*/log"] }] }, podsOf("log"), true],
  ["a name", { resources: [{ group: "", resources: ["pods"], resourceNames: ["web"] }] }, podsOf("", "web"), true],
  [
    "another name",
    { resources: [{ group: "", resources: ["pods"], resourceNames: ["web"] }] },
    podsOf("", "db"),
    false,
  ],
  ["paths below one", { nonResourceURLs: ["/healthz*"] }, healthz, true],
  ["a path is no object", { nonResourceURLs: ["*"] }, podsOf(), false],
  ["an object is no path", { resources: [{ group: "" }] }, healthz, false],
];
for (const [title, rule, audited, isFit] of fits)
  test(`a rule is about ${title}`, () => {
    const policy = readAuditPolicy(policyOf({ level: "Metadata", ...rule }));
    assert.equal(extentOf(policy, audited).level, isFit ? "Metadata" : "None");
  });

test("the first rule that fits decides, and stages are left out by both", () => {
  const policy = readAuditPolicy({
    ...policyOf(
      { level: "None", users: ["jane"] },
      { level: "Request", omitStages: ["ResponseStarted"], omitManagedFields: true },
    ),
    omitStages: ["RequestReceived"],
  });
  assert.equal(extentOf(policy, podsOf()).level, "None");
  assert.deepEqual(extentOf(policy, { ...podsOf(), user: "john" }), {
    level: "Request",
    omitStages: ["RequestReceived", "ResponseStarted"],
    omitManagedFields: true,
  });
});

const refused: readonly (readonly [title: string, policy: Json, message: RegExp])[] = [
  ["another kind", { apiVersion: "v1", kind: "Policy", rules: [] }, /must be a Policy of audit.k8s.io\/v1/],
  ["no rules", policyOf(), /rules: at least one rule/],
  ["no level", policyOf({ users: ["a"] }), /rules\[0\].level: one of None, Metadata, Request, RequestResponse/],
  ["a misspelt member", policyOf({ level: "None", user: ["a"] }), /rules\[0\]: unknown field "user"/],
  [
    "paths and objects",
    policyOf({ level: "None", namespaces: ["a"], nonResourceURLs: ["/x"] }),
    /cannot apply to both/,
  ],
  ["a star in the middle", policyOf({ level: "None", nonResourceURLs: ["/a*b*"] }), /may have "\*" at its end only/],
  [
    "names of nothing",
    policyOf({ level: "None", resources: [{ resourceNames: ["a"] }] }),
    /requires at least one resource/,
  ],
  ["a stage that is none", policyOf({ level: "None", omitStages: ["Later"] }), /"Later" is none of/],
];
for (const [title, policy, message] of refused)
  test(`no policy: ${title}`, () => assert.throws(() => readAuditPolicy(policy), { code: "BadRequest", message }));

function exchangeOf(body: string): Exchange {
  let answered = 0;
  const socket = { remoteAddress: "127.0.0.1" } as Exchange["socket"];
  return {
    method: "POST",
    path: "/api/v1/namespaces/default/pods",
    query: new URLSearchParams(),
    rawQuery: "dryRun=All",
    headers: { "user-agent": "kubectl" },
    socket,
    closed: stopper().stop,
    incoming: null,
    body: () => Promise.resolve(Buffer.from(body)),
    chargeTo: () => {},
    send: (status) => void (answered = status),
    stream: () => assert.fail("nothing is streamed"),
    abort: () => {},
    get status() {
      return answered;
    },
  };
}

const subject = (exchange: Exchange): AuditSubject => ({
  exchange,
  identity: { name: "jane", groups: ["team"] },
  verb: "create",
  path: { group: "", plural: "pods", namespace: "default", name: "", subresource: undefined, version: "v1" },
});

async function told(level: string): Promise<readonly JsonObject[]> {
  const lines: string[] = [];
  const audit = new Audit({
    policy: readAuditPolicy({ ...policyOf({ level }), omitManagedFields: true }),
    keep: (line) => void lines.push(line),
    decodeProtobuf: () => assert.fail("no protobuf"),
    clock: new FakeClock(Date.parse("2026-01-02T03:04:05Z")),
    random: seededRandom(1),
  });
  const trail = audit.begin(subject(exchangeOf('{"kind":"Pod","metadata":{"name":"web","managedFields":[]}}')));
  if (trail === null) return [];
  trail.actAs({ name: "john", groups: [] });
  await trail.exchange.body();
  trail.exchange.send(201, {}, '{"kind":"Pod","status":{}}');
  trail.end();
  return lines.map((line) => JSON.parse(line) as JsonObject);
}

test("an event says who did what, by which level with which object", async () => {
  const [received, complete] = await told("Metadata");
  assert.equal(received?.["stage"], "RequestReceived");
  assert.partialDeepStrictEqual(complete, {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: received?.["auditID"] ?? "",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/default/pods?dryRun=All",
    verb: "create",
    user: { username: "jane", groups: ["team"] },
    impersonatedUser: { username: "john" },
    sourceIPs: ["127.0.0.1"],
    userAgent: "kubectl",
    objectRef: { resource: "pods", namespace: "default", apiVersion: "v1" },
    responseStatus: { code: 201 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
  });
  assert.equal(complete?.["requestObject"], undefined);
  const [, request] = await told("Request");
  assert.deepEqual(request?.["requestObject"], { kind: "Pod", metadata: { name: "web" } });
  assert.equal(request["responseObject"], undefined);
  const [, whole] = await told("RequestResponse");
  assert.deepEqual(whole?.["responseObject"], { kind: "Pod", status: {} });
  assert.deepEqual(await told("None"), []);
});

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ctm-audit-"));
});
after(() => rm(folder, { recursive: true }));

test("the file is begun anew when it is large, and its last ten are kept", async () => {
  const path = join(folder, "audit.log");
  for (let at = 0; at < 14; at++) {
    await using file = await AuditFile.open(path, silent, 10);
    file.keep(`line ${at} of more than ten bytes`);
  }
  const names = await readdir(folder);
  assert.equal(names.length, 11);
  assert.match(await readFile(path, "utf8"), /^line 13/);
  assert.match(await readFile(`${path}.1`, "utf8"), /^line 12/);
  assert.match(await readFile(`${path}.10`, "utf8"), /^line 3/);
});
