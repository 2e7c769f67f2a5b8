/** The deck over a memory journal: writing, reading, watching, removing, as every door and controller relies on it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { podKind, type Pod } from "#kinds/pod.ts";
import { namespaceKind } from "#kinds/namespace.ts";
import { MemoryJournal } from "#store/memory-journal.ts";
import { Deck } from "./deck.ts";
import type { WatchEvent } from "./stored.ts";
import { FakeClock } from "./fake-clock.ts";

const me = { manager: "test" };

async function openDeck(): Promise<{
  readonly deck: Deck;
  readonly clock: FakeClock;
  readonly journal: MemoryJournal;
}> {
  const clock = new FakeClock(Date.parse("2026-01-02T03:04:05Z"));
  const journal = new MemoryJournal(clock);
  const deck = await Deck.open({ journal, clock, random: seededRandom(1), log: silent, kinds: builtinKinds });
  await deck.create(namespaceKind, { metadata: { name: "default" } }, me);
  return { deck, clock, journal };
}

function pod(name: string): Pod {
  return {
    metadata: { name, namespace: "default", labels: { app: name } },
    spec: { containers: [{ name: "main", image: "busybox" }] },
  } as unknown as Pod;
}

test("creates, reads, lists, watches, changes and removes a pod", async () => {
  const { deck } = await openDeck();
  const events: WatchEvent[] = [];
  using _watch = deck.watch(podKind, { namespace: "default" }, (event) => events.push(event));
  const { stored, isNew } = await deck.create(podKind, pod("web"), me);
  assert.equal(isNew, true);
  assert.deepEqual(JSON.parse(Buffer.from(stored.bytes).toString()), stored.object);
  assert.equal(stored.object.metadata.resourceVersion, "2");
  assert.equal(deck.read(podKind, "default/web")?.revision, 2);
  assert.equal(deck.list(podKind, { namespace: "default" }).stored.length, 1);
  const objects = deck.objects("tester");
  using view = objects.view(podKind, { indexes: { app: (one) => [one.metadata.labels?.["app"] ?? ""] } });
  assert.equal(view.by("app", "web").length, 1);
  await objects.change(podKind, "default/web", (live) => ({ ...live, status: { phase: "Running" } }) as Pod, {
    subresource: "status",
  });
  assert.equal(view.get("default/web")?.status?.phase, "Running");
  assert.equal(
    await objects
      .change(podKind, "default/web", (live) => ({ ...live }))
      .then((same) => same?.metadata.resourceVersion),
    "3",
  );
  await assert.rejects(deck.create(podKind, pod("web"), me), {
    code: "AlreadyExists",
    message: 'pods "web" already exists',
  });
  assert.equal(await objects.remove(podKind, "default/web"), true);
  assert.equal(await objects.remove(podKind, "default/web"), false);
  assert.deepEqual(
    events.map(({ type, stored: { revision } }) => `${type} ${revision}`),
    ["ADDED 2", "MODIFIED 3", "DELETED 4"],
  );
  assert.equal(view.list().length, 0);
});
