/** Which rules a gathering role has, and that the default roles are what gathering makes of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { IndexedView } from "#deck/views.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import type { ClusterRole, PolicyRule } from "#kinds/rbac/rbac.ts";
import { aggregateRoles, gatheredRules } from "./aggregate-roles.ts";
import { bootstrap } from "./bootstrap.ts";
import { bootstrapRoles } from "./bootstrap-roles.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { clusterRoleKind } from "#kinds/rbac/rbac.ts";
import { MemoryJournal } from "#store/memory/journal.ts";

const rule = (...resources: string[]): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources });

function role(name: string, labels: Readonly<Record<string, string>>, ...rules: readonly PolicyRule[]): ClusterRole {
  return { metadata: { name, labels }, rules };
}

const gathering: ClusterRole = {
  ...role("all", { into: "all" }, rule("old")),
  aggregationRule: {
    clusterRoleSelectors: [
      { matchLabels: { into: "all" } },
      { matchExpressions: [{ key: "tier", operator: "In", values: ["x", "y"] }] },
    ],
  },
};
const others = [
  role("b", { into: "all" }, rule("pods"), rule("nodes")),
  role("a", { tier: "y" }, rule("nodes")),
  role("c", { into: "none" }, rule("secrets")),
];

function changesOf(object: ClusterRole | undefined, roles: readonly ClusterRole[]): readonly unknown[] {
  const view = new IndexedView<KubeObject>();
  for (const each of roles) view.put(keyOfObject(each), each);
  const seen = { view: () => view } as unknown as Parameters<typeof aggregateRoles.plan>[2];
  return aggregateRoles.plan("/all", object, seen, undefined, 0).changes;
}

test("a role gathers what its selectors mean, by name, each rule once, itself left out", () => {
  assert.deepEqual(gatheredRules(gathering, [gathering, ...others]), [rule("nodes"), rule("pods")]);
});

test("what is gathered already is left alone, what is not gathering too", () => {
  const [change] = changesOf(gathering, others) as [{ readonly patch: { readonly rules: readonly PolicyRule[] } }];
  assert.deepEqual(change.patch, { rules: [rule("nodes"), rule("pods")] });
  assert.deepEqual(changesOf({ ...gathering, ...change.patch }, others), []);
  assert.deepEqual(changesOf(others[0], others), []);
  assert.deepEqual(changesOf(undefined, others), []);
});

test("admin, edit and view are what gathering makes of them", () => {
  for (const each of bootstrapRoles.filter(({ aggregationRule }) => aggregationRule !== undefined)) {
    const texts = (rules: readonly PolicyRule[]): readonly string[] =>
      rules.map((one) => JSON.stringify(one)).toSorted();
    assert.deepEqual(texts(each.rules ?? []), texts(gatheredRules(each, bootstrapRoles)), each.metadata.name);
  }
});

test("a start adds the rules that an older instance lacks, and nothing to what is forbidden to change", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const old = role("view", {}, rule("mine"));
  const kept: ClusterRole = {
    ...role("edit", {}, rule("mine")),
    metadata: { name: "edit", annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } },
  };
  for (const each of [old, kept]) await objects.create(clusterRoleKind, each);
  await bootstrap(objects, { kubernetesIp: "10.128.0.1", door: null });
  const [view, edit] = [await objects.get(clusterRoleKind, "/view"), await objects.get(clusterRoleKind, "/edit")];
  const wanted = bootstrapRoles.find(({ metadata }) => metadata.name === "view");
  assert.deepEqual(view?.rules, [rule("mine"), ...(wanted?.rules ?? [])]);
  assert.deepEqual(edit?.rules, [rule("mine")]);
  const revision = deck.revision(clusterRoleKind as never);
  await bootstrap(objects, { kubernetesIp: "10.128.0.1", door: null });
  assert.equal(deck.revision(clusterRoleKind as never), revision);
  await deck[Symbol.asyncDispose]();
});
