/** Views that several users share: who opens and closes them, how indexes are counted, who is told of what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keyOf } from "#base/key.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { FakeClock } from "./fake-clock.ts";
import { openSampleDeck, pod } from "./sample-deck.ts";
import { SharedViews } from "./shared-views.ts";
import { IndexedView } from "./views.ts";

interface Counted {
  readonly app: (pod: Pod) => readonly string[];
  readonly calls: () => number;
}

/** An index by the label "app" that counts how often it is asked. */
function countedIndex(): Counted {
  let calls = 0;
  return {
    calls: () => calls,
    app: ({ metadata }) => {
      calls++;
      return [metadata.labels?.["app"] ?? ""];
    },
  };
}

function put(view: IndexedView<Pod>, name: string, app: string): void {
  view.put(keyOf("default", name), pod(name, { labels: { app } }));
}

/** What was opened and closed, and the one view that is open. */
function sharing(): {
  readonly open: () => IndexedView<Pod>;
  readonly log: string[];
  readonly view: () => IndexedView<Pod>;
} {
  const log: string[] = [];
  let view = new IndexedView<Pod>();
  const open = (): IndexedView<Pod> => {
    log.push("open");
    view = new IndexedView<Pod>({}, () => log.push("close"));
    return view;
  };
  return { open, log, view: () => view };
}

test("the first user opens a view, the last one closes it, and the next opens another", () => {
  const { open, log } = sharing();
  const views = new SharedViews();
  const [first, second] = [views.use(podKind, {}, open), views.use(podKind, {}, open)];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.deepEqual(log, ["open"]);
  second[Symbol.dispose]();
  assert.deepEqual(log, ["open", "close"]);
  views.use(podKind, {}, open);
  assert.deepEqual(log, ["open", "close", "open"]);
});

test("another definition of the kind has a view of its own", () => {
  const { open, log } = sharing();
  const views = new SharedViews();
  views.use(podKind, {}, open);
  views.use({ ...podKind }, {}, open);
  assert.deepEqual(log, ["open", "open"]);
});

test("an index that several declare under several names is kept once, until the last of them closes", () => {
  const { open, view } = sharing();
  const { app, calls } = countedIndex();
  const views = new SharedViews();
  const one = views.use(podKind, { one: app }, open);
  const other = views.use(podKind, { other: app }, open);
  using _rest = views.use(podKind, {}, open);
  put(view(), "a", "x");
  assert.equal(calls(), 1);
  assert.deepEqual(one.by("one", "x"), other.by("other", "x"));
  assert.equal(one.by("one", "x").length, 1);
  assert.throws(() => one.by("other", "x"), RangeError);
  one[Symbol.dispose]();
  put(view(), "a", "y");
  assert.equal(other.by("other", "y").length, 1);
  other[Symbol.dispose]();
  const before = calls();
  put(view(), "a", "z");
  assert.equal(calls(), before);
});

test("an index that comes later has what is there already", () => {
  const { open, view } = sharing();
  const views = new SharedViews();
  using _first = views.use(podKind, {}, open);
  put(view(), "a", "x");
  using late = views.use(podKind, { app: countedIndex().app }, open);
  assert.deepEqual(
    late.by("app", "x").map(({ metadata }) => metadata.name),
    ["a"],
  );
  view().delete("default/a");
  assert.deepEqual(late.by("app", "x"), []);
});

test("who closes hears no more, the others do", () => {
  const { open, view } = sharing();
  const views = new SharedViews();
  const heard: string[] = [];
  const [one, other] = [views.use(podKind, {}, open), views.use(podKind, {}, open)];
  one.onChange((key) => heard.push(`one ${key}`));
  const first = other.onChange((key) => heard.push(`first ${key}`));
  other.onChange((key) => heard.push(`other ${key}`));
  first[Symbol.dispose]();
  one[Symbol.dispose]();
  put(view(), "a", "x");
  assert.deepEqual(heard, ["other default/a"]);
});

test("a listener that throws does not keep a change from the others", () => {
  const view = new IndexedView<Pod>();
  const heard: string[] = [];
  view.onChange(() => {
    throw new RangeError("first");
  });
  view.onChange((key) => heard.push(key));
  assert.throws(() => put(view, "a", "x"), { message: "first" });
  assert.deepEqual(heard, ["default/a"]);
});

test("who begins to listen during a change is told of it once, who ends is not told", () => {
  const view = new IndexedView<Pod>();
  const heard: string[] = [];
  view.onChange((key) => {
    view.onChange(() => heard.push(`late ${key}`));
    ended[Symbol.dispose]();
  });
  const ended = view.onChange((key) => heard.push(`ended ${key}`));
  put(view, "a", "x");
  assert.deepEqual(heard, ["late default/a"]);
  view[Symbol.dispose]();
  put(view, "a", "y");
  assert.deepEqual(heard, ["late default/a"]);
});

test("components of one deck share what selects everything, and close alone", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  const { app, calls } = countedIndex();
  const indexes = { app };
  const mine = deck.objects("me").view(podKind, { indexes });
  using yours = deck.objects("you").view(podKind, { indexes });
  using few = deck.objects("you").view(podKind, { namespace: "other", indexes });
  await deck.create(podKind, pod("a", { labels: { app: "x" } }), { manager: "me" });
  assert.equal(calls(), 1);
  mine[Symbol.dispose]();
  await deck.create(podKind, pod("b", { labels: { app: "x" } }), { manager: "me" });
  assert.equal(yours.by("app", "x").length, 2);
  assert.deepEqual(few.list(), []);
});
