/** Integers of 64 bits keep their digits through every way of writing, a restart, and what is read. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseJson } from "#base/json.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind as definitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { openSampleDeck, pod } from "./sample-deck.ts";
import type { Patch } from "./write-request.ts";

const me = { manager: "test" };
const MAX = "9223372036854775807";

const definition = parseJson(`{
  "metadata": { "name": "widgets.example.com" },
  "spec": {
    "group": "example.com", "scope": "Namespaced", "names": { "plural": "widgets", "kind": "Widget" },
    "versions": [{
      "name": "v1", "served": true, "storage": true,
      "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
          "size": { "type": "integer", "format": "int64", "minimum": 1, "multipleOf": 1 },
          "most": { "type": "integer", "maximum": ${MAX} },
          "ratio": { "type": "number" }, "port": { "x-kubernetes-int-or-string": true },
          "chosen": { "type": "integer", "enum": [${MAX}] }, "preset": { "type": "integer", "default": -${MAX} },
          "narrow": { "type": "integer", "format": "int32" },
          "set": { "type": "array", "items": { "type": "integer" }, "x-kubernetes-list-type": "set" }
        }
      } } } }
    }]
  }
}`) as unknown as CustomResourceDefinition;

function objectOf(text: string): KubeObject {
  return parseJson(
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","namespace":"default"},"spec":${text}}`,
  ) as unknown as KubeObject;
}

async function open(): Promise<{ readonly deck: Deck; readonly kind: Kind; readonly journal: MemoryJournal }> {
  const journal = new MemoryJournal(new FakeClock(0));
  const { deck } = await openSampleDeck(journal);
  await deck.create(definitionKind, definition, me);
  const kind = deck.registry.kind("example.com", "v1", "widgets");
  assert.ok(kind !== undefined);
  return { deck, kind, journal };
}

function textOf(deck: Deck, kind: Kind, key = "default/a"): string {
  return new TextDecoder().decode(deck.read(kind, key)?.bytes);
}

const SPEC = `{"size":${MAX},"most":${MAX},"ratio":${MAX},"port":${MAX},"chosen":${MAX},"set":[${MAX},9223372036854775806],"other":{"deep":-9223372036854775808}}`;

test("a custom resource is read with the digits that it was written with, after a restart as well", async () => {
  const { deck, kind, journal } = await open();
  await deck.create(kind, objectOf(SPEC), me);
  const expected = `"spec":${SPEC.slice(0, -1)},"preset":-${MAX}}`;
  assert.ok(textOf(deck, kind).includes(expected), textOf(deck, kind));
  const again = (await openSampleDeck(journal)).deck;
  const known = again.registry.kind("example.com", "v1", "widgets");
  assert.ok(known !== undefined);
  await again.update(
    known,
    "default/a",
    (live) => ({ ...live, metadata: { ...live.metadata, labels: { a: "b" } } }),
    me,
  );
  assert.ok(textOf(again, known).includes(expected));
});

const patches: readonly (readonly [title: string, patch: Patch])[] = [
  [
    "JSON patch",
    {
      type: "json",
      body: parseJson(
        `[{"op":"test","path":"/spec/size","value":${MAX}},{"op":"add","path":"/spec/extra","value":9007199254740993}]`,
      ),
    },
  ],
  ["merge patch", { type: "merge", body: parseJson('{"spec":{"extra":9007199254740993}}') }],
];

for (const [title, patch] of patches)
  test(`${title} keeps, compares and sets them`, async () => {
    const { deck, kind } = await open();
    await deck.create(kind, objectOf(`{"size":${MAX}}`), me);
    await deck.patch(kind, "default/a", patch, me);
    assert.ok(
      textOf(deck, kind).includes(`{"size":${MAX},"preset":-${MAX},"extra":9007199254740993}`),
      textOf(deck, kind),
    );
  });

test("apply owns them by value: the neighbouring integer is a conflict, the same is none", async () => {
  const { deck, kind } = await open();
  await deck.apply(kind, "default/a", objectOf(`{"size":${MAX},"set":[${MAX}]}`), { manager: "one" });
  await deck.apply(kind, "default/a", objectOf(`{"size":${MAX},"set":[9223372036854775806]}`), { manager: "two" });
  assert.ok(textOf(deck, kind).includes(`"set":[${MAX},9223372036854775806]`), textOf(deck, kind));
  await assert.rejects(deck.apply(kind, "default/a", objectOf('{"size":9223372036854775806}'), { manager: "two" }), {
    code: "Conflict",
  });
});

const refused: readonly (readonly [title: string, spec: string])[] = [
  ["beyond a maximum", `{"most":1e19}`],
  ["of 32 bits", `{"narrow":${MAX}}`],
  ["below a minimum", `{"size":-${MAX}}`],
  ["outside of an enum", '{"chosen":9223372036854775806}'],
  ["twice in a set", `{"set":[${MAX},${MAX}]}`],
];

for (const [title, spec] of refused)
  test(`rules see them: ${title}`, async () => {
    const { deck, kind } = await open();
    await assert.rejects(deck.create(kind, objectOf(spec), me), { code: "Invalid" });
  });

test("a built-in kind keeps them, and ends its pods all the same", async () => {
  const { deck } = await open();
  const spec = parseJson(`{"terminationGracePeriodSeconds":${MAX},"nodeName":"n"}`) as object;
  await deck.create(podKind, pod("a", {}, spec), me);
  await deck.patch(podKind, "default/a", { type: "strategic", body: { metadata: { labels: { a: "b" } } } }, me);
  assert.ok(textOf(deck, podKind).includes(`"terminationGracePeriodSeconds":${MAX}`));
  await deck.remove(podKind, "default/a", {}, me);
  assert.ok(textOf(deck, podKind).includes('"deletionGracePeriodSeconds":2000000'), textOf(deck, podKind));
});
