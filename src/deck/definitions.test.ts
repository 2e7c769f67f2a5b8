/** Custom kinds: served as soon as they are defined, in every version, and gone with their definition. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind as definitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import type { KubeObject } from "#kinds/object.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import type { Journal } from "./journal.ts";
import { object, openSampleDeck, present } from "./sample-deck.ts";

const me = { manager: "test" };
const anything = {
  openAPIV3Schema: {
    type: "object",
    properties: { spec: { type: "object", properties: { size: { type: "integer", default: 1 } } } },
  },
};

function definition(plural = "widgets", kind = "Widget"): CustomResourceDefinition {
  const version = (name: string, storage: boolean): object => ({ name, served: true, storage, schema: anything });
  const versions = [version("v1beta1", false), version("v1", true)];
  const names = { plural, kind };
  return {
    metadata: { name: `${plural}.example.com` },
    spec: { group: "example.com", scope: "Namespaced", names, versions },
  } as unknown as CustomResourceDefinition;
}

async function openAt(journal: Journal): Promise<Deck> {
  return (await openSampleDeck(journal)).deck;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function conditions(deck: Deck, name: string): readonly string[] {
  const { status } = present(deck, definitionKind, `/${name}`);
  return (status?.conditions ?? []).map(({ type, status: value }) => `${type} ${value}`);
}

test("a definition is served and established; every version shows the same objects", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  await deck.create(definitionKind, definition(), me);
  await settle();
  assert.deepEqual(conditions(deck, "widgets.example.com"), ["NamesAccepted True", "Established True"]);
  const [v1, beta] = ["v1", "v1beta1"].map((version) => deck.registry.kind("example.com", version, "widgets"));
  assert.ok(v1 !== undefined && beta !== undefined);
  await deck.create(beta, object("a", { spec: {} }), me);
  const read = (kind: typeof v1): KubeObject & { spec: object } =>
    JSON.parse(Buffer.from(deck.read(kind, "default/a")?.bytes ?? []).toString()) as never;
  assert.deepEqual([read(v1).apiVersion, read(beta).apiVersion], ["example.com/v1", "example.com/v1beta1"]);
  assert.deepEqual(read(v1).spec, { size: 1 });
  assert.equal(read(v1).metadata.generation, 1);
});

test("definitions are served again after a restart, before anybody asks", async () => {
  const journal = new MemoryJournal(new FakeClock());
  const deck = await openAt(journal);
  await deck.create(definitionKind, definition(), me);
  const kind = deck.registry.kind("example.com", "v1", "widgets");
  assert.ok(kind !== undefined);
  await deck.create(kind, object("a"), me);
  const again = await openAt(journal);
  const known = again.registry.kind("example.com", "v1", "widgets");
  assert.ok(known !== undefined);
  assert.equal(again.list(known).stored[0]?.object.apiVersion, "example.com/v1");
});

test("objects of a definition with the scope Cluster live in no namespace", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  const { metadata, spec } = definition();
  await deck.create(definitionKind, { metadata, spec: { ...spec, scope: "Cluster" } } as CustomResourceDefinition, me);
  const kind = deck.registry.kind("example.com", "v1", "widgets");
  assert.ok(kind !== undefined);
  const { stored } = await deck.create(kind, object("a", { spec: {} }, { namespace: "" }), me);
  assert.equal(stored.key, "/a");
  assert.equal(stored.object.metadata.namespace ?? "", "");
});

test("names that somebody else has are not accepted, and not served", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  await deck.create(definitionKind, definition(), me);
  await settle();
  await deck.create(definitionKind, definition("gadgets", "Widget"), me);
  await settle();
  assert.deepEqual(conditions(deck, "gadgets.example.com"), ["NamesAccepted False", "Established False"]);
  assert.equal(deck.registry.kind("example.com", "v1", "gadgets"), undefined);
});

test("a definition takes its objects with it, and waits for those that are held", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  await deck.create(definitionKind, definition(), me);
  await settle();
  const kind = deck.registry.kind("example.com", "v1", "widgets");
  assert.ok(kind !== undefined);
  await deck.create(kind, object("free"), me);
  await deck.create(kind, object("held", {}, { finalizers: ["example.com/hold"] }), me);
  await deck.remove(definitionKind, "/widgets.example.com", {}, me);
  await settle();
  assert.deepEqual(
    deck.list(kind).stored.map(({ key }) => key),
    ["default/held"],
  );
  await deck.update(kind, "default/held", (live) => ({ ...live, metadata: { ...live.metadata, finalizers: [] } }), me);
  await settle();
  assert.equal(deck.read(definitionKind, "/widgets.example.com"), null);
  assert.equal(deck.registry.kind("example.com", "v1", "widgets"), undefined);
});

/** Of a definition that is written and taken away again with its one object: each of the keeper's steps, failing twice. */
const steps: readonly (readonly [title: string, fails: (key: string, text: string | null) => boolean])[] = [
  ["the status of a namesake", (key, text) => key.includes("/gadgets.") && text?.includes("NameConflict") === true],
  ["the removal of its objects", (key, text) => key === "example.com/widgets/default/a" && text === null],
  ["its release", (key, text) => key.includes("/widgets.example.com") && text === null],
];
for (const [title, fails] of steps)
  test(`a definition is followed to its end although ${title} failed twice`, async () => {
    const journal = new MemoryJournal(new FakeClock());
    const append = journal.append.bind(journal);
    let failures = 0;
    journal.append = (key, bytes, expected) => {
      if (failures === 2 || !fails(key, bytes === null ? null : Buffer.from(bytes).toString()))
        return append(key, bytes, expected);
      failures++;
      return Promise.reject(new Fault("Unavailable", "the disk refuses"));
    };
    const { deck, clock } = await openSampleDeck(journal);
    const later = async (): Promise<void> => {
      for (const ms of [5, 10, 20]) {
        await settle();
        clock.advance(ms);
      }
      await settle();
    };
    await deck.create(definitionKind, definition(), me);
    await deck.create(definitionKind, definition("gadgets", "Widget"), me);
    await later();
    assert.deepEqual(conditions(deck, "gadgets.example.com"), ["NamesAccepted False", "Established False"]);
    const kind = deck.registry.kind("example.com", "v1", "widgets");
    assert.ok(kind !== undefined);
    await deck.create(kind, object("a"), me);
    await deck.remove(definitionKind, "/widgets.example.com", {}, me);
    await later();
    assert.equal(failures, 2);
    assert.equal(deck.read(definitionKind, "/widgets.example.com"), null);
    assert.equal(deck.list(kind).stored.length, 0);
    await deck[Symbol.asyncDispose]();
  });
