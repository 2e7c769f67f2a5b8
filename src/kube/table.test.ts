/** Tables as kubectl prints them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8 } from "#base/utf8.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck, pod } from "#deck/sample-deck.ts";
import { eventKind } from "#kinds/core/event.ts";
import { podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { columnDefinitions, type IncludeObject, partial, rowBytesOf, rowsOf, tableOf } from "./table.ts";

test("the name comes first, the wide columns have a priority", () => {
  const columns = columnDefinitions(podKind).map(({ name, priority }) => [name, priority]);
  assert.deepEqual(columns.slice(0, 3), [
    ["Name", 0],
    ["Ready", 0],
    ["Status", 0],
  ]);
  assert.deepEqual(
    columns.find(([name]) => name === "Node"),
    ["Node", 1],
  );
});

test("events print their name last, if at all", () =>
  assert.equal(columnDefinitions(eventKind)[0]?.["name"], "Last Seen"));

test("rows carry as much of the object as was asked for", async () => {
  await using held = await openedPod();
  const { stored, now } = held;
  const row = (include: IncludeObject): Readonly<Record<string, unknown>> => rowsOf(podKind, { now, include })(stored);
  assert.deepEqual((row("None")["cells"] as readonly unknown[]).slice(0, 5), ["web", "0/1", "Pending", "0", "0s"]);
  assert.equal("object" in row("None"), false);
  assert.deepEqual(Object.keys(row("Metadata")["object"] as object), ["kind", "apiVersion", "metadata"]);
  assert.ok("spec" in (row("Object")["object"] as object));
});

for (const include of ["None", "Metadata", "Object"] as const)
  test(`rows as bytes say the same: ${include}`, async () => {
    await using held = await openedPod();
    const { stored, now } = held;
    const part = rowBytesOf(podKind, { now, include })(stored);
    const bytes = new Uint8Array(part.size);
    part.writeTo(bytes, 0);
    assert.deepEqual(JSON.parse(decodeUtf8(bytes)), rowsOf(podKind, { now, include })(stored));
  });

test("only the first table of a watch has column definitions", async () => {
  await using held = await openedPod();
  const options = { now: held.now, include: "None", metadata: {} } as const;
  assert.equal(tableOf(podKind, [held.stored], { ...options, hasColumns: false })["columnDefinitions"], null);
  assert.ok(Array.isArray(tableOf(podKind, [held.stored], { ...options, hasColumns: true })["columnDefinitions"]));
});

test("metadata alone keeps the revision", async () => {
  await using held = await openedPod();
  const { metadata } = partial(held.stored) as { readonly metadata: { readonly resourceVersion?: string } };
  assert.equal(metadata.resourceVersion, String(held.stored.revision));
});

interface OpenedPod extends AsyncDisposable {
  readonly stored: Parameters<typeof partial>[0];
  readonly now: number;
}

async function openedPod(): Promise<OpenedPod> {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const { stored } = await deck.create(podKind, pod("web"), { manager: "test" });
  return { stored, now: clock.now(), [Symbol.asyncDispose]: () => deck[Symbol.asyncDispose]() };
}
