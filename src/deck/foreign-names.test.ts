/** Names that strangers choose and every object inherits ("__proto__", "constructor") are names like any other. */
import assert from "node:assert/strict";
import test from "node:test";
import { type Json, parseJson } from "#base/json.ts";
import { matches, parseSelector } from "#base/selector.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import { conform } from "#kinds/schema/conform.ts";
import { podKind } from "#kinds/core/pod.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { KubernetesCodec } from "#wire/kubernetes-protobuf.ts";
import { messageTypes } from "#wire/kubernetes-types.ts";
import { parseYamlBody } from "#wire/yaml.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, pod } from "./sample-deck.ts";
import type { Patch } from "./write-request.ts";

const me = { manager: "test" };
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty"];

function textOf(value: string): string {
  return `{${NAMES.map((name) => `"${name}":"${value}"`).join(",")}}`;
}

function configMap(value: string): ConfigMap {
  return parseJson(
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"},"data":${textOf(value)}}`,
  ) as unknown as ConfigMap;
}

async function open(): Promise<Deck> {
  return (await openSampleDeck(new MemoryJournal(new FakeClock(0)))).deck;
}

function dataOf(deck: Deck): string {
  const stored = deck.read(configMapKind, "default/a");
  assert.ok(stored);
  const parsed = JSON.parse(decodeUtf8(stored.bytes)) as ConfigMap;
  assert.equal(JSON.stringify((stored.object as ConfigMap).data), JSON.stringify(parsed.data));
  return JSON.stringify(parsed.data);
}

test("a ConfigMap keeps them when it is created and when it is replaced", async () => {
  const deck = await open();
  await deck.create(configMapKind, configMap("1"), me);
  assert.equal(dataOf(deck), textOf("1"));
  await deck.replace(configMapKind, "default/a", configMap("2"), me);
  assert.equal(dataOf(deck), textOf("2"));
});

const patches: readonly Patch[] = [
  { type: "json", body: NAMES.map((name) => ({ op: "replace", path: `/data/${name}`, value: "2" })) },
  { type: "merge", body: parseJson(`{"data":${textOf("2")}}`) },
  { type: "strategic", body: parseJson(`{"data":${textOf("2")}}`) },
];

for (const patch of patches)
  test(`a patch of type ${patch.type} changes them`, async () => {
    const deck = await open();
    await deck.create(configMapKind, configMap("1"), me);
    await deck.patch(configMapKind, "default/a", patch, me);
    assert.equal(dataOf(deck), textOf("2"));
  });

for (const type of ["json", "merge", "strategic"] as const)
  test(`a patch of type ${type} adds and removes them`, async () => {
    const deck = await open();
    await deck.create(configMapKind, object("a", { data: { kept: "1" } }), me);
    const change = (value: string | null): Json =>
      type === "json"
        ? NAMES.map((name) => ({ op: value === null ? "remove" : "add", path: `/data/${name}`, value }))
        : parseJson(`{"data":${textOf("x").replaceAll('"x"', JSON.stringify(value))}}`);
    await deck.patch(configMapKind, "default/a", { type, body: change("2") }, me);
    assert.equal(dataOf(deck), `{"kept":"1",${textOf("2").slice(1)}`);
    await deck.patch(configMapKind, "default/a", { type, body: change(null) }, me);
    assert.equal(dataOf(deck), '{"kept":"1"}');
  });

test("apply sets, owns and takes them away", async () => {
  const deck = await open();
  await deck.apply(configMapKind, "default/a", configMap("1"), { manager: "one" });
  assert.equal(dataOf(deck), textOf("1"));
  await assert.rejects(deck.apply(configMapKind, "default/a", configMap("2"), { manager: "two" }), /\.data\.__proto__/);
  await deck.apply(configMapKind, "default/a", configMap("2"), { manager: "one" });
  assert.equal(dataOf(deck), textOf("2"));
  const bare = { apiVersion: "v1", kind: "ConfigMap", ...object("a", { data: { other: "1" } }) };
  await deck.apply(configMapKind, "default/a", bare, { manager: "one" });
  assert.equal(dataOf(deck), '{"other":"1"}');
});

test("protobuf and YAML carry them", () => {
  const codec = new KubernetesCodec(messageTypes(() => [configMapKind]));
  const sent = configMap("1") as unknown as Parameters<typeof codec.encode>[0];
  assert.equal(JSON.stringify(codec.decode(codec.encode(sent))), JSON.stringify(sent));
  const yaml = NAMES.map((name) => `${name}: "1"\n`).join("");
  assert.equal(JSON.stringify(parseYamlBody(yaml, {})), textOf("1"));
});

test("a member that no type has is unknown, whatever it is called", () => {
  const body = parseJson(`{"metadata":{"name":"a"},"spec":${textOf("1")}}`) as Parameters<typeof conform>[0];
  const { unknown, object: kept } = conform(body, podKind);
  assert.deepEqual(
    unknown,
    NAMES.map((name) => `spec.${name}`),
  );
  assert.ok(!JSON.stringify(kept).includes("constructor"));
});

test("a selector finds them only where they are", () => {
  assert.equal(matches(parseSelector("constructor"), {}), false);
  assert.equal(matches(parseSelector("!constructor"), { app: "web" }), true);
  assert.equal(matches(parseSelector("constructor=1"), { constructor: "1" }), true);
});

test("tables of known words do not know them", async () => {
  const deck = await open();
  for (const type of NAMES)
    await deck.create(secretKind, object(`s-${NAMES.indexOf(type)}`, { type, stringData: { a: "b" } }), me);
  for (const priorityClassName of NAMES.slice(1, 2))
    await assert.rejects(deck.create(podKind, pod("p", {}, { priorityClassName }), me), /no PriorityClass with name/);
});
