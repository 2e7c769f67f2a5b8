/** Lists and watches: one moment per list, every change once and in order per watch, whatever the selector. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "#base/fault.ts";
import { parseFieldSelector, parseSelector } from "#base/selector.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import type { ListOptions } from "./list.ts";
import { decodePage, encodePage } from "./page.ts";
import { openSampleDeck, pod } from "./sample-deck.ts";
import type { WatchEvent } from "./stored.ts";
import type { WatchOptions } from "./watches.ts";

const me = { manager: "test" };

async function deckWith(
  ...names: readonly string[]
): Promise<{ readonly deck: Deck; readonly clock: FakeClock; readonly first: number }> {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const first = deck.revision(podKind) + 1;
  for (const name of names) await deck.create(podKind, pod(name, { labels: { app: name } }), me);
  return { deck, clock, first };
}

function relabel(deck: Deck, name: string, app: string): Promise<unknown> {
  return deck.patch(podKind, `default/${name}`, { type: "merge", body: { metadata: { labels: { app } } } }, me);
}

function record(
  deck: Deck,
  options: WatchOptions,
): { readonly seen: string[]; readonly events: WatchEvent[]; readonly watch: Disposable } {
  const seen: string[] = [];
  const events: WatchEvent[] = [];
  const watch = deck.watch(podKind, options, (event) => {
    events.push(event);
    seen.push(`${event.type} ${event.stored.object.metadata.name ?? "-"}@${event.stored.revision}`);
  });
  return { seen, events, watch };
}

const names = (deck: Deck, options: ListOptions): readonly string[] =>
  deck.list(podKind, options).stored.map(({ object }) => object.metadata.name);

const selections: readonly {
  readonly title: string;
  readonly options: ListOptions;
  readonly found: readonly string[];
}[] = [
  { title: "all, in key order", options: {}, found: ["a", "b", "c"] },
  { title: "a namespace", options: { namespace: "default" }, found: ["a", "b", "c"] },
  { title: "an empty namespace", options: { namespace: "default-2" }, found: [] },
  { title: "labels", options: { labels: parseSelector("app in (a,c)") }, found: ["a", "c"] },
  { title: "a name", options: { namespace: "default", fields: parseFieldSelector("metadata.name=b") }, found: ["b"] },
  { title: "a name in any namespace", options: { fields: parseFieldSelector("metadata.name=b") }, found: ["b"] },
  {
    title: "a name and a label that do not agree",
    options: { fields: parseFieldSelector("metadata.name=b"), labels: parseSelector("app=a") },
    found: [],
  },
  { title: "a field of the kind", options: { fields: parseFieldSelector("spec.nodeName!=") }, found: [] },
];
for (const { title, options, found } of selections) {
  test(`lists ${title}`, async () => {
    const { deck } = await deckWith("c", "a", "b");
    assert.deepEqual(names(deck, options), found);
  });
}

test("refuses a field that cannot be selected by", async () => {
  const { deck } = await deckWith();
  assert.throws(() => deck.list(podKind, { fields: parseFieldSelector("spec.foo=1") }), {
    code: "BadRequest",
    message: "field label not supported: spec.foo",
  });
});

test("pages are of one moment, whatever happens between them", async () => {
  const { deck } = await deckWith("a", "b", "c", "d", "e");
  const first = deck.list(podKind, { limit: 2 });
  assert.deepEqual([first.stored.length, first.remaining], [2, 3]);
  await deck.remove(podKind, "default/d", {}, me);
  await deck.create(podKind, pod("bb"), me);
  await relabel(deck, "c", "changed");
  const second = deck.list(podKind, { limit: 2, continue: first.continue ?? "" });
  assert.deepEqual(
    second.stored.map(({ object }) => [object.metadata.name, object.metadata.labels?.["app"]]),
    [
      ["c", "c"],
      ["d", "d"],
    ],
  );
  assert.equal(second.revision, first.revision);
  const third = deck.list(podKind, { limit: 2, continue: second.continue ?? "" });
  assert.deepEqual([third.stored.map(({ key }) => key), third.continue], [["default/e"], undefined]);
  assert.deepEqual(names(deck, { revision: first.revision, match: "Exact" }), ["a", "b", "c", "d", "e"]);
});

test("a page whose moment is forgotten says how to go on", async () => {
  const { deck } = await deckWith("a", "b", "c");
  const first = deck.list(podKind, { limit: 1 });
  await deck.create(podKind, pod("d"), me);
  await deck.compact(deck.revision(podKind));
  let fault: Fault | undefined;
  assert.throws(
    () => deck.list(podKind, { limit: 1, continue: first.continue ?? "" }),
    (thrown: Fault) => (fault = thrown).code === "Expired",
  );
  const goOn = deck.list(podKind, { continue: fault?.details.continueToken ?? "" });
  assert.deepEqual(
    goOn.stored.map(({ key }) => key),
    ["default/b", "default/c", "default/d"],
  );
});

test("continue tokens come back as they went, and strangers are refused", () => {
  for (const after of ["", "default/web", "ns-é/ü", "a/".padEnd(300, "x")])
    assert.deepEqual(decodePage(encodePage({ revision: 12_345, after })), { revision: 12_345, after });
  for (const token of ["!", "bm90IGpzb24", encodePage({ revision: 1, after: "x" }).slice(3)])
    assert.throws(() => decodePage(token), { code: "BadRequest" });
});

test("a revision that is not there yet is a timeout, which clients try again", async () => {
  const { deck } = await deckWith();
  assert.throws(() => deck.list(podKind, { revision: 999 }), {
    code: "Timeout",
    message: /^Too large resource version: 999, current: /,
  });
});

test("a watch without a revision begins with what is there", async () => {
  const { deck, first } = await deckWith("a", "b");
  const { seen } = record(deck, {});
  await deck.create(podKind, pod("c"), me);
  assert.deepEqual(seen, [`ADDED a@${first}`, `ADDED b@${first + 1}`, `ADDED c@${first + 2}`]);
});

test("a watch resumes after any revision without loss or repetition", async () => {
  const { deck, first } = await deckWith("a", "b");
  await relabel(deck, "a", "x");
  await deck.remove(podKind, "default/b", {}, me);
  const all = [`ADDED a@${first}`, `ADDED b@${first + 1}`, `MODIFIED a@${first + 2}`, `DELETED b@${first + 3}`];
  for (let skip = 0; skip <= all.length; skip++)
    assert.deepEqual(record(deck, { after: first - 1 + skip }).seen, all.slice(skip));
});

test("a watch from before the history is expired", async () => {
  const { deck, first } = await deckWith("a", "b");
  await deck.compact(first);
  assert.throws(() => record(deck, { after: first - 1 }), {
    code: "Expired",
    message: `too old resource version: ${first - 1} (${first})`,
  });
  assert.deepEqual(record(deck, { after: first }).seen, [`ADDED b@${first + 1}`]);
});

test("a watch resumes over a restart", async () => {
  const journal = new MemoryJournal(new FakeClock());
  const { deck } = await openSampleDeck(journal);
  const first = deck.revision(podKind) + 1;
  await deck.create(podKind, pod("a", { labels: { app: "a" } }), me);
  await relabel(deck, "a", "b");
  await deck.remove(podKind, "default/a", {}, me);
  const { deck: again } = await openSampleDeck(journal);
  assert.deepEqual(record(again, { after: first }).seen, [`MODIFIED a@${first + 1}`, `DELETED a@${first + 2}`]);
  assert.deepEqual(record(again, { after: first, labels: parseSelector("app=a") }).seen, [`DELETED a@${first + 1}`]);
});

test("an object that leaves the selector is deleted for its watchers, with the last state they could see", async () => {
  const { deck, first } = await deckWith("a");
  const { seen, events } = record(deck, { labels: parseSelector("app=a"), after: first - 1 });
  await relabel(deck, "a", "b");
  await relabel(deck, "a", "c");
  await relabel(deck, "a", "a");
  assert.deepEqual(seen, [`ADDED a@${first}`, `DELETED a@${first + 1}`, `ADDED a@${first + 3}`]);
  assert.equal(events[1]?.stored.object.metadata.labels?.["app"], "a");
  assert.equal(events[1]?.stored.object.metadata.resourceVersion, String(first + 1));
});

test("a watch of one namespace sees nothing of the others, not even of longer names", async () => {
  const { deck } = await deckWith();
  const { seen } = record(deck, { namespace: "kube-system", after: deck.revision(podKind) });
  await deck.create(podKind, pod("a"), me);
  await deck.create(podKind, pod("b", { namespace: "kube-system" }), me);
  assert.equal(seen.length, 1);
});

test("initial events end with a bookmark that says so, and idle watchers get one a minute", async () => {
  const { deck, clock, first } = await deckWith("a");
  const { events, watch } = record(deck, { initial: true, bookmarks: true });
  const end = events[1]?.stored;
  assert.equal(events[1]?.type, "BOOKMARK");
  assert.deepEqual(JSON.parse(decodeUtf8(end?.bytes ?? new Uint8Array())), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { resourceVersion: String(first), annotations: { "k8s.io/initial-events-end": "true" } },
  });
  clock.advance(60_000);
  clock.advance(60_000);
  assert.deepEqual(
    events.slice(2).map(({ type, stored }) => `${type} ${stored.revision}`),
    [`BOOKMARK ${first}`, `BOOKMARK ${first}`],
  );
  watch[Symbol.dispose]();
  clock.advance(60_000);
  assert.equal(events.length, 4);
});

test("all watchers of a change get the same event with the same bytes", async () => {
  const { deck, first } = await deckWith();
  const watchers = Array.from({ length: 3 }, () => record(deck, { after: first - 1 }));
  await deck.create(podKind, pod("a"), me);
  const [one, ...others] = watchers.map(({ events }) => events[0]);
  for (const other of others) assert.equal(other, one);
  assert.equal(one?.stored.bytes, one?.stored.bytes);
});

test("a watcher that throws does not keep the change from the others", async () => {
  const { deck } = await deckWith();
  using _bad = deck.watch(podKind, {}, () => {
    throw new Error("bad watcher");
  });
  const { seen } = record(deck, {});
  await deck.create(podKind, pod("a"), me);
  assert.equal(seen.length, 1);
});

test("a view follows its selection and its indexes", async () => {
  const { deck } = await deckWith("a", "b");
  using view = deck.objects("me").view(podKind, {
    labels: parseSelector("app!=b"),
    indexes: { app: (one) => [one.metadata.labels?.["app"] ?? ""] },
  });
  const heard: string[] = [];
  view.onChange((key, next, previous) =>
    heard.push(`${key} ${previous?.metadata.labels?.["app"] ?? "-"}>${next?.metadata.labels?.["app"] ?? "-"}`),
  );
  await view.synced;
  await relabel(deck, "b", "x");
  await relabel(deck, "a", "x");
  assert.deepEqual(
    view
      .by("app", "x")
      .map(({ metadata }) => metadata.name)
      .toSorted(),
    ["a", "b"],
  );
  await relabel(deck, "a", "b");
  await deck.remove(podKind, "default/b", {}, me);
  assert.deepEqual([view.list().length, view.by("app", "x").length, view.list("default").length], [0, 0, 0]);
  assert.deepEqual(heard, ["default/a ->a", "default/b ->x", "default/a a>x", "default/a x>-", "default/b x>-"]);
  assert.throws(() => view.by("nope", "x"), RangeError);
});

test("views share one object, without the record of its field owners", async () => {
  const { deck } = await deckWith("a");
  using view = deck.objects("me").view(podKind);
  using other = deck.objects("you").view(podKind);
  assert.equal(view.get("default/a"), other.get("default/a"));
  assert.equal(view.get("default/a"), deck.read(podKind, "default/a")?.lean as Pod);
  assert.equal(view.get("default/a")?.metadata.managedFields, undefined);
});

/** A megabyte of changes of one object, then some minutes. */
async function oldHistory(changes: number): Promise<{ readonly deck: Deck; readonly first: number }> {
  const { deck, clock, first } = await deckWith("a");
  const note = "n".repeat(100_000);
  for (let at = 0; at < changes; at++)
    await deck.patch(
      podKind,
      "default/a",
      { type: "merge", body: { metadata: { annotations: { note, at: String(at) } } } },
      me,
    );
  clock.advance(6 * 60_000);
  return { deck, first };
}

for (const { title, changes, isKept } of [
  { title: "a little stays", changes: 2, isKept: true },
  { title: "more than half a megabyte goes", changes: 10, isKept: false },
])
  test(`history older than five minutes: ${title}`, async () => {
    const { deck, first } = await oldHistory(changes);
    if (isKept) assert.equal(record(deck, { after: first }).seen.length, changes);
    else assert.throws(() => record(deck, { after: first }), { code: "Expired" });
    // Who is up to date misses nothing, however old the newest change is.
    const late = record(deck, { after: deck.revision(podKind) });
    await relabel(deck, "a", "z");
    assert.equal(late.seen.length, 1);
  });

test("what was parsed is let go after a minute, and views keep what they hold", async () => {
  const { deck, clock } = await deckWith("a");
  using view = deck.objects("me").view(podKind);
  const before = deck.read(podKind, "default/a")?.object;
  const held = view.get("default/a");
  clock.advance(2 * 60_000);
  const after = deck.read(podKind, "default/a")?.object;
  assert.notEqual(after, before);
  assert.deepEqual(after, before);
  assert.equal(view.get("default/a"), held);
  assert.equal(deck.objects("you").view(podKind).get("default/a"), held);
});
