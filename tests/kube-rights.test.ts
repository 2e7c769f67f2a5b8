/** Who may do what at the Kubernetes door: rights that would be handed out, nodes, tokens, acting as somebody else. */
import assert from "node:assert/strict";
import { connect, type ClientHttp2Session } from "node:http2";
import { after, before, describe, test } from "node:test";
import { openKubeDoor, type TestKubeDoor } from "./kube-door.ts";
import { askOver, jsonOf, openSession } from "./kube-requests.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const HERE = "/api/v1/namespaces/default";
const API = "rbac.authorization.k8s.io";
const BOB = { "impersonate-user": "bob" };
const TYPES: Readonly<Record<string, string>> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

interface Told {
  readonly code: number;
  readonly message: string;
  readonly body: Record<string, unknown>;
}

type Send = (words: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Told>;

/** "PATCH/merge /path" and a body; null is none. */
function sender(session: ClientHttp2Session): Send {
  return async (words, body = null, headers = {}) => {
    const [verb = "", path = ""] = words.split(" ");
    const [method = "", patch] = verb.split("/");
    const type = patch === undefined ? "application/json" : (TYPES[patch] ?? "");
    const answer = await askOver(session, {
      method,
      path,
      headers: { "content-type": type, ...headers },
      ...(body !== null && { body: JSON.stringify(body) }),
    });
    const read = jsonOf(answer);
    return { code: answer.status, message: (read["message"] as string | undefined) ?? "", body: read };
  };
}

const user = (name: string): object => ({ kind: "User", apiGroup: API, name });
const ref = (name: string): object => ({ apiGroup: API, kind: "ClusterRole", name });
const writers = [
  {
    apiGroups: [API],
    resources: ["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
    verbs: ["create", "get", "update", "patch"],
  },
  { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
];

async function binds(send: Send, name: string, rules: readonly object[], subject: string): Promise<void> {
  assert.equal((await send(`POST ${RBAC}/clusterroles`, { metadata: { name }, rules })).code, 201);
  const binding = { metadata: { name }, roleRef: ref(name), subjects: [user(subject)] };
  assert.equal((await send(`POST ${RBAC}/clusterrolebindings`, binding)).code, 201);
}

describe("rights", () => {
  let door: TestKubeDoor;
  let admin: Send;
  const sessions: ClientHttp2Session[] = [];
  const as = (client: string): Send => {
    const { cert = "", key = "" } = door.pki.clients[client] ?? {};
    const session = connect(door.server, { ca: door.pki.ca, ...(cert !== "" && { cert, key }) });
    session.on("error", () => {});
    sessions.push(session);
    return sender(session);
  };
  before(async () => {
    door = await openKubeDoor();
    const session = openSession(door);
    sessions.push(session);
    admin = sender(session);
    await binds(admin, "role-writer", writers, "bob");
    await admin(`POST ${HERE}/serviceaccounts`, { metadata: { name: "default" } });
  });
  after(async () => {
    for (const session of sessions) session.close();
    await door[Symbol.asyncDispose]();
  });

  const pods = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
  const secrets = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
  const grants: readonly (readonly [title: string, words: string, body: unknown, code: number])[] = [
    ["a role of what he has", `POST ${RBAC}/clusterroles`, { metadata: { name: "b1" }, rules: pods }, 201],
    ["a role of what he lacks", `POST ${RBAC}/clusterroles`, { metadata: { name: "b2" }, rules: secrets }, 403],
    [
      "a role in a namespace",
      `POST ${RBAC}/namespaces/default/roles`,
      { metadata: { name: "b" }, rules: secrets },
      403,
    ],
    ["more rules, merged in", `PATCH/merge ${RBAC}/clusterroles/b1`, { rules: secrets }, 403],
    [
      "more rules, by a JSON patch",
      `PATCH/json ${RBAC}/clusterroles/b1`,
      [{ op: "add", path: "/rules/-", value: secrets[0] }],
      403,
    ],
    [
      "one verb more",
      `PATCH/json ${RBAC}/clusterroles/b1`,
      [{ op: "add", path: "/rules/0/verbs/-", value: "delete" }],
      403,
    ],
    ["more rules, strategically", `PATCH/strategic ${RBAC}/clusterroles/b1`, { rules: secrets }, 403],
    [
      "more rules, applied",
      `PATCH/apply ${RBAC}/clusterroles/b1?fieldManager=b&force=true`,
      { apiVersion: `${API}/v1`, kind: "ClusterRole", metadata: { name: "b1" }, rules: secrets },
      403,
    ],
    [
      "a new role, applied",
      `PATCH/apply ${RBAC}/clusterroles/b3?fieldManager=b`,
      { apiVersion: `${API}/v1`, kind: "ClusterRole", metadata: { name: "b3" }, rules: pods },
      201,
    ],
    [
      "a role that gathers others",
      `PATCH/merge ${RBAC}/clusterroles/b1`,
      { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } },
      403,
    ],
    ["rules of odd types", `POST ${RBAC}/clusterroles`, { metadata: { name: "odd" }, rules: [{ verbs: "x" }] }, 400],
    ["rules without verbs", `POST ${RBAC}/clusterroles`, { metadata: { name: "odd" }, rules: [{ verbs: null }] }, 422],
    [
      "himself into a binding",
      `PATCH/merge ${RBAC}/clusterrolebindings/cluster-admin`,
      { subjects: [user("bob")] },
      403,
    ],
    [
      "a role that he holds",
      `POST ${RBAC}/clusterrolebindings`,
      { metadata: { name: "b1" }, roleRef: ref("b1"), subjects: [user("eve")] },
      201,
    ],
    [
      "a role that he does not hold",
      `POST ${RBAC}/clusterrolebindings`,
      { metadata: { name: "b2" }, roleRef: ref("cluster-admin"), subjects: [user("bob")] },
      403,
    ],
    [
      "a role that is yet to come",
      `POST ${RBAC}/clusterrolebindings`,
      { metadata: { name: "b2" }, roleRef: ref("later"), subjects: [user("bob")] },
      404,
    ],
  ];
  for (const [title, words, body, code] of grants)
    test(`who writes roles grants ${title}: ${code}`, async () => {
      const told = await admin(words, body, BOB);
      assert.equal(told.code, code, told.message);
      if (code === 403) assert.match(told.message, /is attempting to grant RBAC permissions not currently held:\n\{/);
    });

  test("the verbs bind and escalate lift it", async () => {
    const bind = [{ apiGroups: [API], resources: ["clusterroles"], verbs: ["bind"], resourceNames: ["view"] }];
    await binds(admin, "binder", bind, "bob");
    const binding = { metadata: { name: "viewer" }, roleRef: ref("view"), subjects: [user("eve")] };
    assert.equal((await admin(`POST ${RBAC}/clusterrolebindings`, binding, BOB)).code, 201);
    const wider = { metadata: { name: "editor" }, roleRef: ref("edit"), subjects: [user("eve")] };
    assert.equal((await admin(`POST ${RBAC}/clusterrolebindings`, wider, BOB)).code, 403);
    await binds(admin, "escalator", [{ apiGroups: [API], resources: ["clusterroles"], verbs: ["escalate"] }], "bob");
    assert.equal((await admin(`PATCH/merge ${RBAC}/clusterroles/b1`, { rules: secrets }, BOB)).code, 200);
  });

  test("who may read one object by its name may list, watch and select that one", async () => {
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "deletecollection"], resourceNames: ["x"] },
    ];
    await binds(admin, "reader-of-one", rules, "ann");
    const asked: readonly (readonly [words: string, code: number])[] = [
      [`GET ${HERE}/configmaps`, 403],
      [`GET ${HERE}/configmaps?fieldSelector=metadata.name%3Dx`, 200],
      [`GET ${HERE}/configmaps?fieldSelector=metadata.name%3Dy`, 403],
      [`GET ${HERE}/configmaps?fieldSelector=metadata.name!%3Dx`, 403],
      [`GET ${HERE}/configmaps?watch=1&fieldSelector=metadata.name%3Dx`, 403],
      [`DELETE ${HERE}/configmaps?fieldSelector=metadata.name%3Dx`, 200],
      [`DELETE ${HERE}/configmaps`, 403],
    ];
    for (const [words, code] of asked)
      assert.deepEqual([words, (await admin(words, null, { "impersonate-user": "ann" })).code], [words, code]);
  });

  test("what there is not is told to those who may ask only", async () => {
    const nobody = as("nobody");
    for (const path of ["/api/v1/nope", "/apis/foo/v1/pods", `${HERE}/nodes`, `${HERE}/pods/x/nope`])
      assert.deepEqual(
        [
          (await admin(`GET ${path}`)).code,
          (await admin(`GET ${path}`, null, BOB)).code,
          (await nobody(`GET ${path}`)).code,
        ],
        [404, 403, 401],
      );
    assert.equal((await nobody(`TRACE ${HERE}/pods`)).code, 401);
  });

  test("service accounts read how their tokens are checked", async () => {
    const account = {
      "impersonate-user": "system:serviceaccount:default:default",
      "impersonate-group": "system:serviceaccounts",
    };
    for (const path of ["/openid/v1/jwks", "/.well-known/openid-configuration"])
      assert.deepEqual(
        [(await admin(`GET ${path}`, null, account)).code, (await admin(`GET ${path}`, null, BOB)).code],
        [200, 403],
      );
  });

  test("a node writes itself and what runs on it", async () => {
    const node = as("node-one");
    const spec = { containers: [{ name: "a", image: "x", envFrom: [{ secretRef: { name: "keys" } }] }] };
    for (const [name, nodeName] of Object.entries({ mine: "one", other: "two" }))
      await admin(`POST ${HERE}/pods`, { metadata: { name }, spec: { ...spec, nodeName } });
    for (const name of ["keys", "private"]) await admin(`POST ${HERE}/secrets`, { metadata: { name } });
    const bound = (name: string): object => ({ spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name } } });
    const asked: readonly (readonly [words: string, body: unknown, code: number])[] = [
      ["POST /api/v1/nodes", { metadata: { name: "one" } }, 201],
      ["POST /api/v1/nodes", { metadata: { name: "two" } }, 403],
      ["POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", { metadata: { name: "one" } }, 201],
      ["POST /apis/coordination.k8s.io/v1/namespaces/kube-system/leases", { metadata: { name: "one" } }, 403],
      ["PATCH/merge /api/v1/nodes/one", { metadata: { labels: { "node-restriction.kubernetes.io/a": "b" } } }, 403],
      ["PATCH/json /api/v1/nodes/one", [{ op: "add", path: "/metadata/labels", value: { "a.k8s.io/b": "c" } }], 403],
      ["PATCH/merge /api/v1/nodes/one", { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }, 403],
      ["PATCH/merge /api/v1/nodes/one", { metadata: { labels: { colour: "red" } } }, 200],
      ["PATCH/merge /api/v1/nodes/one/status", { status: { addresses: [] } }, 200],
      [`DELETE ${HERE}/pods/gone`, null, 404],
      [`PATCH/merge ${HERE}/pods/mine/status`, { status: { phase: "Running" } }, 200],
      [`PATCH/merge ${HERE}/pods/other/status`, { status: { phase: "Failed" } }, 403],
      [`DELETE ${HERE}/pods/other`, null, 403],
      [`GET ${HERE}/secrets/keys`, null, 200],
      [`GET ${HERE}/secrets?fieldSelector=metadata.name%3Dkeys`, null, 200],
      [`GET ${HERE}/secrets/private`, null, 403],
      [`GET ${HERE}/secrets`, null, 403],
      [`POST ${HERE}/serviceaccounts/default/token`, bound("mine"), 201],
      [`POST ${HERE}/serviceaccounts/default/token`, bound("other"), 403],
      [`POST ${HERE}/serviceaccounts/default/token`, { spec: {} }, 403],
    ];
    for (const [words, body, code] of asked) assert.equal((await node(words, body)).code, code, words);
  });

  test("a token that is bound to a pod dies with it, and is for its audience only", async () => {
    const made = await admin(`POST ${HERE}/pods`, {
      metadata: { name: "short" },
      spec: { containers: [{ name: "a", image: "x" }] },
    });
    const { uid } = (made.body as { readonly metadata: { readonly uid: string } }).metadata;
    const issued = async (spec: object): Promise<Told> =>
      admin(`POST ${HERE}/serviceaccounts/default/token`, { spec: { audiences: [], ...spec } });
    const tokenOf = ({ body }: Told): string => (body["status"] as { readonly token: string }).token;
    const reference = { kind: "Pod", apiVersion: "v1", name: "short" };
    assert.equal((await issued({ boundObjectRef: { ...reference, name: "nope" } })).code, 404);
    assert.equal((await issued({ boundObjectRef: { ...reference, uid: "another" } })).code, 409);
    const token = tokenOf(await issued({ boundObjectRef: { ...reference, uid } }));
    const nobody = as("nobody");
    const me = async (): Promise<Told> =>
      nobody(
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
        {},
        {
          authorization: `Bearer ${token}`,
        },
      );
    const review = async (given: string, audiences: readonly string[]): Promise<unknown> =>
      (await admin("POST /apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: given, audiences } })).body[
        "status"
      ];
    assert.deepEqual((await me()).body["status"], {
      userInfo: {
        username: "system:serviceaccount:default:default",
        uid: await accountUid(admin),
        groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/pod-name": ["short"],
          "authentication.kubernetes.io/pod-uid": [uid],
        },
      },
    });
    const vault = tokenOf(await issued({ audiences: ["vault", "other"] }));
    const known = (await review(vault, ["vault", "third"])) as { readonly audiences: readonly string[] };
    assert.deepEqual(known.audiences, ["vault"]);
    assert.match(JSON.stringify(await review(vault, [])), /"authenticated":false/);
    assert.match(JSON.stringify(await review(token, [])), /"authenticated":true/);
    assert.equal((await nobody(`GET ${HERE}/pods`, null, { authorization: `Bearer ${vault}` })).code, 401);
    await admin(`DELETE ${HERE}/pods/short`);
    assert.equal((await me()).code, 401);
    assert.match(JSON.stringify(await review(token, [])), /"authenticated":false/);
  });

  test("acting as somebody else: every part of him must be allowed", async () => {
    const who = async (headers: Readonly<Record<string, string>>): Promise<Told> =>
      admin("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", {}, headers);
    const seen = await who({
      "impersonate-user": "eve",
      "impersonate-group": "dev",
      "impersonate-uid": "7",
      "impersonate-extra-acme.com%2fproject": "x",
    });
    assert.deepEqual(seen.body["status"], {
      userInfo: {
        username: "eve",
        uid: "7",
        groups: ["dev", "system:authenticated"],
        extra: { "acme.com/project": ["x"] },
      },
    });
    for (const headers of [{ "impersonate-group": "dev" }, { "impersonate-uid": "7" }, { "impersonate-extra-a": "b" }])
      assert.equal((await who(headers)).code, 400, JSON.stringify(headers));
    const node = as("node-one");
    const refused = await node(`GET ${HERE}/pods`, null, { "impersonate-user": "kubernetes-admin" });
    assert.equal(refused.code, 403);
    assert.match(refused.message, /cannot impersonate resource "users"/);
  });
});

async function accountUid(admin: Send): Promise<string> {
  const { body } = await admin(`GET ${HERE}/serviceaccounts/default`);
  return (body as { readonly metadata: { readonly uid: string } }).metadata.uid;
}
