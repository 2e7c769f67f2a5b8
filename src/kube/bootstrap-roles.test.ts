/** Default roles: admin, edit and view are what gathering makes of them, and what a start does to those that are there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { gatheredRules } from "#kinds/rbac/gathered-rules.ts";
import { type ClusterRole, clusterRoleKind, type PolicyRule } from "#kinds/rbac/rbac.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { bootstrapRoles } from "./bootstrap-roles.ts";
import { bootstrap } from "./bootstrap.ts";

const rule = (...resources: string[]): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources });

function role(name: string, labels: Readonly<Record<string, string>>, ...rules: readonly PolicyRule[]): ClusterRole {
  return { metadata: { name, labels }, rules };
}

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
  const revision = deck.revision(clusterRoleKind);
  await bootstrap(objects, { kubernetesIp: "10.128.0.1", door: null });
  assert.equal(deck.revision(clusterRoleKind as never), revision);
  await deck[Symbol.asyncDispose]();
});
