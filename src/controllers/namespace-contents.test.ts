/** What a namespace is given, and what is put right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import type { Namespace } from "#kinds/core/namespace.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { namespaceContentsController } from "./namespace-contents.ts";
import { brief, planOf, seenBy, type There } from "./sample-plan.ts";

const controller = namespaceContentsController("ca");
const living: Namespace = { metadata: { name: "a" } };
const account: There = [[serviceAccountKind, [{ metadata: { name: "default", namespace: "a" } }]]];
const certificate = (text: string, name = "kube-root-ca.crt"): There => {
  const config: ConfigMap = { metadata: { name, namespace: "a" }, data: { "ca.crt": text, more: "kept" } };
  return [[configMapKind, [config]]];
};

const cases: readonly (readonly [
  title: string,
  namespace: Namespace | string,
  there: There,
  changes: readonly string[],
])[] = [
  ["a new one gets both", living, [], ["create serviceaccounts a/default", "create configmaps a/kube-root-ca.crt"]],
  ["a complete one nothing", living, [...account, ...certificate("ca")], []],
  [
    "a certificate that was changed is put right",
    living,
    [...account, ...certificate("mine")],
    ["patch configmaps a/kube-root-ca.crt"],
  ],
  [
    "another namespace's account is none of its own",
    { metadata: { name: "b" } },
    [...account, ...certificate("ca")],
    ["create serviceaccounts b/default", "create configmaps b/kube-root-ca.crt"],
  ],
  ["one that is going gets nothing", { metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" } }, [], []],
  ["one that is gone gets nothing", "/a", [], []],
];
for (const [title, namespace, there, changes] of cases)
  test(`what a namespace has: ${title}`, () =>
    assert.deepEqual(brief(planOf(controller, namespace, { there }).changes), changes));

test("only the certificate itself is put right", () => {
  const [change] = planOf(controller, living, { there: [...account, ...certificate("mine")] }).changes;
  assert.deepEqual(change?.verb === "patch" && change.patch, { data: { "ca.crt": "ca" } });
});

test("accounts and the certificate wake their namespace, other config maps do not", () => {
  const seen = seenBy(controller, []);
  const [ofAccounts, ofConfigs] = controller.watches ?? [];
  const named = (name: string): ConfigMap => ({ metadata: { name, namespace: "a" } });
  assert.deepEqual(ofAccounts?.wakes(named("x"), seen), ["/a"]);
  assert.deepEqual(ofConfigs?.wakes(named("kube-root-ca.crt"), seen), ["/a"]);
  assert.deepEqual(ofConfigs?.wakes(named("x"), seen), []);
});
