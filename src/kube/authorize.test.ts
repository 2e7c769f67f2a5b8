/** RBAC: which rule answers which question, who is bound, and that nobody hands out what he does not have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import {
  clusterRoleBindingKind,
  clusterRoleKind,
  type PolicyRule,
  roleBindingKind,
  roleKind,
  type Subject,
} from "#kinds/rbac/rbac.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Identity } from "./authenticate.ts";
import { type Attributes, Authorizer, covers } from "./authorize.ts";

type Question = Attributes & { readonly is: "resource" };

const podsGet: Question = { is: "resource", verb: "get", group: "", resource: "pods", namespace: "a", name: "x" };
const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames !== undefined && { resourceNames }),
});

const cases: readonly (readonly [title: string, rule: PolicyRule, asked: Attributes, answer: boolean])[] = [
  ["verb, group and kind", rule(["get"], [""], ["pods"]), podsGet, true],
  ["another verb", rule(["list"], [""], ["pods"]), podsGet, false],
  ["another group", rule(["get"], ["apps"], ["pods"]), podsGet, false],
  ["everything", rule(["*"], ["*"], ["*"]), { ...podsGet, subresource: "log" }, true],
  ["one name of several", rule(["get"], [""], ["pods"], ["x", "y"]), podsGet, true],
  ["another name", rule(["get"], [""], ["pods"], ["y"]), podsGet, false],
  [
    "a list, where names are given",
    rule(["list"], [""], ["pods"], ["x"]),
    { ...podsGet, verb: "list", name: "" },
    false,
  ],
  ["a subresource", rule(["get"], [""], ["pods/log"]), { ...podsGet, subresource: "log" }, true],
  [
    "a subresource, where only its kind is given",
    rule(["get"], [""], ["pods"]),
    { ...podsGet, subresource: "log" },
    false,
  ],
  ["a kind, where only its subresource is given", rule(["get"], [""], ["pods/log"]), podsGet, false],
  ["the subresource of any kind", rule(["get"], [""], ["*/scale"]), { ...podsGet, subresource: "scale" }, true],
  ["a path", { verbs: ["get"], nonResourceURLs: ["/version"] }, { is: "path", verb: "get", path: "/version" }, true],
  [
    "paths with one beginning",
    { verbs: ["get"], nonResourceURLs: ["/api/*"] },
    { is: "path", verb: "get", path: "/api/v1" },
    true,
  ],
  [
    "a path that only resembles",
    { verbs: ["get"], nonResourceURLs: ["/api/*"] },
    { is: "path", verb: "get", path: "/apis" },
    false,
  ],
  ["a path by a rule about kinds", rule(["*"], ["*"], ["*"]), { is: "path", verb: "get", path: "/version" }, false],
];

for (const [title, given, asked, answer] of cases) {
  test(`a rule ${answer ? "covers" : "does not cover"} ${title}`, () => assert.equal(covers(given, asked), answer));
}

const meta = { apiVersion: "rbac.authorization.k8s.io/v1" };
const api = "rbac.authorization.k8s.io";
const ann: Identity = { name: "ann", groups: ["dev", "system:authenticated"] };
const root: Identity = { name: "root", groups: ["system:masters"] };
const robot: Identity = { name: "system:serviceaccount:a:robot", groups: ["system:serviceaccounts"] };

interface Opened extends AsyncDisposable {
  readonly authorizer: Authorizer;
}

async function opened(subject: Subject): Promise<Opened> {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const readPods = [rule(["get", "list"], [""], ["pods"])];
  await objects.create(clusterRoleKind, {
    ...meta,
    kind: "ClusterRole",
    metadata: { name: "reader" },
    rules: readPods,
  });
  await objects.create(roleKind, {
    ...meta,
    kind: "Role",
    metadata: { name: "local", namespace: "default" },
    rules: readPods,
  });
  const byKind = { ...meta, metadata: { name: "b", namespace: "default" }, subjects: [subject] };
  await objects.create(roleBindingKind, {
    ...byKind,
    kind: "RoleBinding",
    roleRef: { apiGroup: api, kind: "Role", name: "local" },
  });
  await objects.create(clusterRoleBindingKind, {
    ...meta,
    kind: "ClusterRoleBinding",
    metadata: { name: "c" },
    subjects: [{ kind: "Group", apiGroup: api, name: "everywhere" }],
    roleRef: { apiGroup: api, kind: "ClusterRole", name: "reader" },
  });
  const authorizer = new Authorizer(objects);
  const dispose = async (): Promise<void> => {
    authorizer[Symbol.dispose]();
    await deck[Symbol.asyncDispose]();
  };
  return { authorizer, [Symbol.asyncDispose]: dispose };
}

const user: Subject = { kind: "User", apiGroup: api, name: "ann" };
const bound: readonly (readonly [
  title: string,
  subject: Subject,
  identity: Identity,
  namespace: string,
  answer: boolean,
])[] = [
  ["a user where he is bound", user, ann, "default", true],
  ["a user elsewhere", user, ann, "kube-system", false],
  ["a user in all namespaces at once", user, ann, "", false],
  ["a member of a bound group", { kind: "Group", apiGroup: api, name: "dev" }, ann, "default", true],
  ["a service account", { kind: "ServiceAccount", name: "robot", namespace: "a" }, robot, "default", true],
  [
    "a service account of another namespace",
    { kind: "ServiceAccount", name: "robot", namespace: "b" },
    robot,
    "default",
    false,
  ],
  ["a member of a group that is bound cluster-wide", user, { name: "eve", groups: ["everywhere"] }, "", true],
  ["a cluster administrator, without any binding", user, root, "", true],
];

for (const [title, subject, identity, namespace, answer] of bound) {
  test(`${title} ${answer ? "may" : "may not"}`, async () => {
    await using held = await opened(subject);
    assert.equal(held.authorizer.isAllowed(identity, { ...podsGet, verb: "list", name: "", namespace }), answer);
  });
}

test("which rules somebody does not hold", async () => {
  await using held = await opened(user);
  const missing = (identity: Identity, given: PolicyRule, namespace: string): number =>
    held.authorizer.missing(identity, [given], namespace).length;
  assert.equal(missing(ann, rule(["get"], [""], ["pods"]), "default"), 0);
  assert.equal(missing(ann, rule(["get"], [""], ["pods"], ["x"]), "default"), 0);
  assert.equal(missing(ann, rule(["get", "delete"], [""], ["pods"]), "default"), 1);
  assert.equal(missing(ann, rule(["*"], [""], ["pods"]), "default"), 1);
  assert.equal(missing(ann, rule(["get"], ["*"], ["pods"]), "default"), 1);
  assert.equal(missing(ann, rule(["get"], [""], ["*"]), "default"), 1);
  assert.equal(missing(ann, rule(["get"], [""], ["pods"]), "kube-system"), 1);
  assert.equal(missing(root, rule(["*"], ["*"], ["*"]), ""), 0);
});

test("what is forbidden is told as kubectl users know it", async () => {
  await using held = await opened(user);
  const told = (asked: Attributes): string => {
    try {
      held.authorizer.check(ann, asked);
      return "allowed";
    } catch (thrown) {
      return thrown instanceof Fault ? thrown.message : String(thrown);
    }
  };
  const asked: Question = { ...podsGet, group: "apps", resource: "deployments", subresource: "scale" };
  assert.equal(
    told(asked),
    'deployments.apps "x" is forbidden: User "ann" cannot get resource "deployments/scale" in API group "apps" in the namespace "a"',
  );
  assert.equal(
    told({ ...podsGet, verb: "list", name: "", namespace: "" }),
    'pods is forbidden: User "ann" cannot list resource "pods" in API group "" at the cluster scope',
  );
  assert.equal(told({ is: "path", verb: "get", path: "/metrics" }), 'forbidden: User "ann" cannot get path "/metrics"');
});
