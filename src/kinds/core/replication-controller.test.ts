/** What a ReplicationController is given where it says nothing, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReplicationController, replicationControllerKind as kind } from "./replication-controller.ts";

type Spec = ReplicationController["spec"];
const spec = { containers: [{ name: "c", image: "app:1" }] };
const template = { metadata: { labels: { app: "web" } }, spec };
const made = (rest: Spec, labels?: Readonly<Record<string, string>>): ReplicationController => ({
  metadata: { name: "web", namespace: "default", ...(labels && { labels }) },
  spec: rest,
});

const defaults: readonly (readonly [
  title: string,
  given: ReplicationController,
  selector: unknown,
  labels: unknown,
])[] = [
  ["both from the template", made({ template }), { app: "web" }, { app: "web" }],
  ["a selector that is given stays", made({ template, selector: { app: "x" } }), { app: "x" }, { app: "web" }],
  ["labels that are given stay", made({ template }, { mine: "yes" }), { app: "web" }, { mine: "yes" }],
  ["an empty selector is none", made({ template, selector: {} }), { app: "web" }, { app: "web" }],
  ["nothing where the template has none", made({ template: { spec } }), undefined, undefined],
  ["nothing without a template", made({}), undefined, undefined],
];
for (const [title, given, selector, labels] of defaults)
  test(`selector and labels: ${title}`, () => {
    const { metadata, spec: set } = kind.defaults?.(given) ?? given;
    assert.deepEqual([set.selector, metadata.labels, set.replicas], [selector, labels, 1]);
    assert.equal(set.template?.spec?.restartPolicy, given.spec.template && "Always");
  });

const selector = { app: "web" };
// Checked after defaults, as in the deck.
const always = kind.defaults?.(made({ template })).spec.template?.spec ?? spec;
const good = { selector, template: { ...template, spec: always } };
const refused: readonly (readonly [title: string, spec: object, faults: readonly string[]])[] = [
  ["nothing that is good", good, []],
  ["no selector", { template: good.template }, ["spec.selector"]],
  ["an empty selector", { ...good, selector: {} }, ["spec.selector"]],
  ["no template", { selector }, ["spec.template"]],
  ["labels that are not selected", { ...good, selector: { app: "x" } }, ["spec.template.metadata.labels"]],
  ["less than none", { ...good, replicas: -1, minReadySeconds: -1 }, ["spec.minReadySeconds", "spec.replicas"]],
  [
    "pods that end",
    { ...good, template: { ...template, spec: { ...always, restartPolicy: "Never" } } },
    ["spec.template.spec.restartPolicy"],
  ],
  [
    "pods with a deadline",
    { ...good, template: { ...template, spec: { ...always, activeDeadlineSeconds: 5 } } },
    ["spec.template.spec.activeDeadlineSeconds"],
  ],
];
for (const [title, given, fields] of refused)
  test(`refused: ${title}`, () =>
    assert.deepEqual(
      (kind.validate?.(made(given), null) ?? []).map(({ field }) => field),
      fields,
    ));

test("the selector may change, unlike a ReplicaSet's", () => {
  const before = made(good as Spec);
  const labels = { app: "new" };
  const next = made({ ...good, selector: labels, template: { ...good.template, metadata: { labels } } } as Spec);
  assert.deepEqual(kind.validate?.(next, before), []);
});
