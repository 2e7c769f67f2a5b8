/** Custom resources are read by their definition as it is now: defaults that came later are there, fields that are gone are not. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseSelector } from "#base/selector.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind as definitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, present } from "./sample-deck.ts";
import type { Stored } from "./stored.ts";

const me = { manager: "test" };

function definition(properties: object): CustomResourceDefinition {
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } };
  const version = (name: string): object => ({ name, served: true, storage: name === "v1", schema });
  return {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [version("v1"), version("v1beta1")],
    },
  } as unknown as CustomResourceDefinition;
}

const before = { a: { type: "string" }, b: { type: "string" } };
const after = { a: { type: "string" }, c: { type: "string", default: "new" } };

function kindOf(deck: Deck, version: string): Kind {
  const kind = deck.registry.kind("example.com", version, "widgets");
  assert.ok(kind !== undefined);
  return kind;
}

function specOf(stored: Stored | undefined | null): unknown {
  assert.ok(stored);
  const json = JSON.parse(new TextDecoder().decode(stored.bytes)) as { readonly spec: unknown };
  assert.deepEqual((stored.object as KubeObject & { readonly spec?: unknown }).spec, json.spec);
  return json.spec;
}

for (const version of ["v1", "v1beta1"])
  test(`get, list, watch and views of ${version} follow the definition`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    await deck.create(definitionKind, definition(before), me);
    const first = kindOf(deck, version);
    await deck.create(first, object("x", { spec: { a: "1", b: "2" } }), me);
    const told: unknown[] = [];
    using _watch = deck.watch(first, { labels: parseSelector("told") }, ({ stored }) => void told.push(specOf(stored)));
    using view = deck.objects("test").view(first);
    await deck.replace(definitionKind, "/widgets.example.com", definition(after), me);

    const kind = kindOf(deck, version);
    const wanted = { a: "1", c: "new" };
    assert.deepEqual(specOf(deck.read(kind, "default/x")), wanted);
    assert.deepEqual(deck.list(kind).stored.map(specOf), [wanted]);
    const present: unknown[] = [];
    using _later = deck.watch(kind, {}, ({ stored }) => void present.push(specOf(stored)));
    assert.deepEqual(present, [wanted]);
    assert.equal(deck.read(kind, "default/x"), deck.read(kind, "default/x"));

    // What was opened before the definition changed sees what is written since.
    const body = { metadata: { labels: { told: "" } }, spec: { c: "3" } };
    await deck.patch(kind, "default/x", { type: "merge", body }, me);
    assert.deepEqual(told, [{ a: "1", c: "3" }]);
    assert.deepEqual((view.get("default/x") as { readonly spec?: unknown } | undefined)?.spec, { a: "1", c: "3" });
  });

test("a list converts an object when it is read, and not before", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  await deck.create(definitionKind, definition(before), me);
  const kind = kindOf(deck, "v1beta1");
  for (const name of ["x", "y"]) await deck.create(kind, object(name, { spec: { a: "1" } }), me);
  const converted: string[] = [];
  const fromStored = (stored: KubeObject): KubeObject => {
    converted.push(stored.metadata.name);
    return stored;
  };
  const { stored } = deck.list({ ...kind, storedAs: { kind, fromStored, toStored: fromStored } });
  assert.deepEqual(converted, []);
  assert.ok((stored[1]?.bytes.length ?? 0) > 0 && stored[1]?.object !== undefined);
  assert.deepEqual(converted, ["y"]);
});

test("a default that came later is no change of the client's: the generation stays", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  await deck.create(definitionKind, definition(before), me);
  await deck.create(kindOf(deck, "v1"), object("x", { spec: { a: "1" } }), me);
  await deck.replace(definitionKind, "/widgets.example.com", definition(after), me);
  const kind = kindOf(deck, "v1");
  await deck.patch(kind, "default/x", { type: "merge", body: { metadata: { labels: { l: "1" } } } }, me);
  assert.equal(present(deck, kind, "default/x").metadata.generation, 1);
});
