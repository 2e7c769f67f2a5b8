/** How events are named and counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { EventRecorder } from "./events.ts";
import { FakeClock } from "./fake-clock.ts";
import { openSampleDeck } from "./sample-deck.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const about = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } };

function eventsOf(deck: Deck): readonly Event[] {
  return deck.list(eventKind, { namespace: "default" }).stored.map(({ object }) => object as Event);
}

test("events of one moment are listed in the order in which they were told, and counted when they are told again", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const recorder = new EventRecorder(deck.objects("kubelet"), "kubelet");
  for (const reason of ["Pulling", "Pulled", "Created", "Started", "Pulled"])
    await recorder.record({ about, type: "Normal", reason, message: reason }, NOW);
  const listed = eventsOf(deck);
  assert.deepEqual(
    listed.map(({ reason, count }) => `${reason} ${count}`),
    ["Pulling 1", "Pulled 2", "Created 1", "Started 1"],
  );
  assert.match(listed[0]?.metadata.name ?? "", /^a\.[0-9a-f]{16}$/);
});

test("two recorders that tell at the same time both are heard", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  for (const reason of ["One", "Two"])
    await new EventRecorder(deck.objects("kubelet"), "kubelet").record(
      { about, type: "Normal", reason, message: reason },
      NOW,
    );
  assert.equal(eventsOf(deck).length, 2);
});
