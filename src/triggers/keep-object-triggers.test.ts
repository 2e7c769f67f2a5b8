/** Objects as an event source, over memory: each change once, by selector and filter, and what was missed after a time away. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { objectTriggerKind, type ObjectTriggerSpec } from "#kinds/catamaran/object-trigger.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import type { Push } from "#managed/push.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { ObjectTriggerKeeper } from "./keep-object-triggers.ts";

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const keep = (): AsyncDisposable => {
    const keeper = new ObjectTriggerKeeper({
      objects,
      kindOf: (apiVersion, kind) => deck.registry.named(apiVersion, kind),
      database,
      pushes: { prepare, accept: async () => {} },
      functionArn: (name) => `arn:${name}`,
      clock,
      log: silent,
    });
    const running = startKeeper(keeper, objects, { clock, log: silent });
    const stack = new AsyncDisposableStack();
    stack.use(keeper);
    stack.use(running);
    return stack;
  };
  const trigger = (spec: Partial<ObjectTriggerSpec> = {}) =>
    objects.create(objectTriggerKind, {
      apiVersion: "catamaran.dev/v1",
      kind: "ObjectTrigger",
      metadata: { name: "t", namespace: "default" },
      spec: { apiVersion: "v1", kind: "ConfigMap", function: "f", ...spec },
    });
  const config = (name: string, more: Partial<ConfigMap["metadata"]> = {}) =>
    objects.create(configMapKind, { metadata: { name, namespace: "default", ...more }, data: { n: "1" } });
  const set = (name: string, n: string) =>
    objects.change(configMapKind, `default/${name}`, (live) => ({ ...live, data: { n } }));
  const said = (): readonly string[] =>
    pushed.map(({ payload }) => {
      const { type, object, oldObject } = JSON.parse(payload) as Record<string, ConfigMap & string>;
      const before = oldObject === undefined ? "" : ` from ${oldObject.data?.["n"] ?? ""}`;
      return `${String(type)} ${object?.metadata.name ?? ""} ${object?.data?.["n"] ?? ""}${before}`;
    });
  const state = async () => (await objects.get(objectTriggerKind, "default/t"))?.status;
  return { objects, database, pushed, said, keep, trigger, config, set, state };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 80; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("every change of an object of its namespace runs the function once, in order", async () => {
  const all = await bench();
  await using _running = all.keep();
  await all.config("there");
  await all.trigger();
  await settled();
  await all.config("a");
  await all.set("a", "2");
  await all.objects.remove(configMapKind, "default/a");
  await settled();
  assert.deepEqual(all.said(), ["ADDED there 1", "ADDED a 1", "MODIFIED a 2 from 1", "DELETED a 2"]);
  const [push] = all.pushed;
  assert.deepEqual([push?.target, push?.namespace], ["arn:f", "default"]);
  assert.equal(new Set(all.pushed.slice(1).map(({ order }) => order)).size, 1);
  assert.deepEqual(await all.state(), { state: "Watching" });
});

test("a selector and a filter choose", async () => {
  const all = await bench();
  await using _running = all.keep();
  const filter = JSON.stringify({ type: ["MODIFIED"], object: { data: { n: [{ "anything-but": "2" }] } } });
  await all.trigger({ selector: "app=web", filter });
  await settled();
  await all.config("a", { labels: { app: "web" } });
  await all.config("b");
  for (const n of ["2", "3"]) for (const name of ["a", "b"]) await all.set(name, n);
  await settled();
  assert.deepEqual(all.said(), ["MODIFIED a 3 from 2"]);
});

test("after a time away what differs is handed on, and nothing else", async () => {
  const all = await bench();
  const before = all.keep();
  await all.trigger();
  for (const name of ["changed", "gone", "same"]) await all.config(name);
  await settled();
  await before[Symbol.asyncDispose]();
  assert.equal(all.pushed.length, 3);
  await all.set("changed", "2");
  await all.set("changed", "3");
  await all.objects.remove(configMapKind, "default/gone");
  await all.config("new");
  await using _running = all.keep();
  await settled();
  assert.deepEqual(all.said().slice(3).toSorted(), ["ADDED new 1", "DELETED gone 1", "MODIFIED changed 3 from 1"]);
});

test("a disabled trigger rests, one of an unknown kind says so, and one that goes takes its memory along", async () => {
  const all = await bench();
  await using _running = all.keep();
  await all.trigger({ enabled: false });
  await settled();
  assert.deepEqual(await all.state(), { state: "Disabled" });
  const change = (spec: Partial<ObjectTriggerSpec>) =>
    all.objects.change(objectTriggerKind, "default/t", (live) => ({ ...live, spec: { ...live.spec, ...spec } }));
  await change({ enabled: true, kind: "Gizmo" });
  await settled();
  assert.deepEqual(await all.state(), { state: "Failed", message: "there is no namespaced kind Gizmo in v1" });
  const made = await change({ kind: "ConfigMap" });
  await all.config("a");
  await settled();
  assert.equal(all.pushed.length, 1);
  const collection = `object trigger t.${made?.metadata.uid ?? ""}`;
  assert.equal((await all.database.count(collection)).rows, 1);
  await all.objects.remove(objectTriggerKind, "default/t");
  await settled();
  assert.equal((await all.database.count(collection)).rows, 0);
});

const refused = [
  ["secrets", { kind: "Secret" }, /secrets are not handed to functions/],
  ["a filter that is no pattern", { filter: "{}" }, /Empty objects are not allowed/],
  ["a selector that is none", { selector: "a==b==c" }, /selector/],
] as const;
for (const [title, spec, says] of refused)
  test(`refuses ${title}`, async () => {
    const all = await bench();
    await assert.rejects(all.trigger(spec), says);
  });
