/** The loop: plans are carried out, races and failures are tried again, one key is never in two hands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stopper } from "#base/stop.ts";
import { silent } from "#base/log.ts";
import { configMapKind, type ConfigMap } from "#kinds/core/config-map.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { keyOfObject } from "#kinds/object.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Controller, type Plan, watching } from "./controller.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { runController } from "./loop.ts";
import { object, openSampleDeck, pod, present } from "./sample-deck.ts";

const me = { manager: "test" };
const nothing: Plan = { changes: [] };

async function running(
  controller: Controller<ConfigMap>,
  work: (deck: Deck, clock: FakeClock) => Promise<void>,
): Promise<Deck> {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const { stop, fire } = stopper();
  const loop = runController(controller, deck.objects(controller.name), { clock, log: silent, stop });
  await work(deck, clock);
  fire();
  await loop;
  return deck;
}

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Keeps one pod per config map, named alike. */
const onePodEach: Controller<ConfigMap> = {
  name: "one-pod-each",
  kind: configMapKind,
  watches: [watching({ kind: podKind, wakes: (one) => [keyOfObject(one)] })],
  plan: (key, config, seen) => {
    const there = seen.view(podKind).get(key);
    if (config === undefined)
      return there === undefined ? nothing : { changes: [{ verb: "remove", kind: podKind, key }] };
    return there === undefined
      ? { changes: [{ verb: "create", kind: podKind, object: pod(config.metadata.name) }] }
      : nothing;
  },
};

test("what is missing is made, what is too much is removed, and both again when somebody meddles", async () => {
  await running(onePodEach, async (deck) => {
    for (const name of ["a", "b"]) await deck.create(configMapKind, object(name), me);
    await settle();
    assert.equal(deck.list(podKind).stored.length, 2);
    await deck.remove(podKind, "default/a", {}, me);
    await settle();
    assert.notEqual(deck.read(podKind, "default/a"), null);
    await deck.remove(configMapKind, "default/a", {}, me);
    await settle();
    assert.deepEqual(
      deck.list(podKind).stored.map(({ key }) => key),
      ["default/b"],
    );
  });
});

test("patches only write what differs, and only the object with the uid", async () => {
  const stamp: Controller<ConfigMap> = {
    name: "stamp",
    kind: configMapKind,
    watches: [],
    plan: (key, config) =>
      config === undefined
        ? nothing
        : {
            changes: [
              { verb: "patch", kind: configMapKind, key, patch: { metadata: { labels: { seen: "yes" } } } },
              { verb: "patch", kind: configMapKind, key, uid: "somebody else's", patch: { data: { wrong: "yes" } } },
            ],
          },
  };
  await running(stamp, async (deck) => {
    const { stored } = await deck.create(configMapKind, object("a"), me);
    await settle();
    const after = present(deck, configMapKind, "default/a");
    assert.equal(
      after.metadata.resourceVersion,
      String(stored.revision + 1),
      "one write, and none for the second look",
    );
    assert.equal(after.data, undefined);
  });
});

test("a plan that throws is tried again, later each time, and hurts no other key", async () => {
  const plans: string[] = [];
  const failing: Controller<ConfigMap> = {
    name: "failing",
    kind: configMapKind,
    watches: [],
    plan: (key) => {
      plans.push(key);
      if (key === "default/bad" && plans.length < 4) throw new Error("not yet");
      return nothing;
    },
  };
  await running(failing, async (deck, clock) => {
    await deck.create(configMapKind, object("bad"), me);
    await settle();
    for (const ms of [5, 10, 20, 1_000]) {
      clock.advance(ms);
      await settle();
    }
    await deck.create(configMapKind, object("good"), me);
    await settle();
    assert.deepEqual(plans, ["default/bad", "default/bad", "default/bad", "default/bad", "default/good"]);
  });
});

/** Takes what is in the way of a namespace's end away only when the work is done. */
async function endNamespace(deck: Deck): Promise<void> {
  await deck.create(namespaceKind, { metadata: { name: "team", finalizers: ["test/hold"] } }, me);
  await deck.create(configMapKind, { metadata: { name: "a", namespace: "team" } }, me);
  await deck.remove(namespaceKind, "/team", {}, me);
}

test("what is refused because the namespace is ending is not tried again until something changes", async () => {
  const plans: string[] = [];
  const maker: Controller<ConfigMap> = {
    name: "maker",
    kind: configMapKind,
    watches: [],
    plan: (key, config) => {
      if (config?.metadata.namespace !== "team") return nothing;
      plans.push(key);
      const made = { ...pod("p"), metadata: { name: "p", namespace: "team" } };
      return { changes: [{ verb: "create", kind: podKind, object: made }] };
    },
  };
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  await endNamespace(deck);
  const { stop, fire } = stopper();
  const loop = runController(maker, deck.objects("maker"), { clock, log: silent, stop });
  for (let round = 0; round < 20; round++) {
    await settle();
    clock.advance(60_000);
  }
  assert.deepEqual(plans, ["team/a"]);
  await deck.patch(configMapKind, "team/a", { type: "merge", body: { data: { new: "yes" } } }, me);
  await settle();
  assert.deepEqual(plans, ["team/a", "team/a"]);
  fire();
  await loop;
});

test("an event that is refused hurts nothing else of the plan, and is not tried again", async () => {
  const plans: string[] = [];
  const teller: Controller<ConfigMap> = {
    name: "teller",
    kind: configMapKind,
    watches: [],
    plan: (key, config) => {
      if (config?.metadata.namespace !== "team") return nothing;
      plans.push(key);
      return {
        changes: [
          { verb: "event", about: config, type: "Normal", reason: "Seen", message: "looked at it" },
          { verb: "patch", kind: configMapKind, key, patch: { data: { seen: "yes" } } },
        ],
      };
    },
  };
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  await endNamespace(deck);
  const { stop, fire } = stopper();
  const loop = runController(teller, deck.objects("teller"), { clock, log: silent, stop });
  for (let round = 0; round < 20; round++) {
    await settle();
    clock.advance(60_000);
  }
  assert.deepEqual(present(deck, configMapKind, "team/a").data, { seen: "yes" });
  // Once for the object, and once for our own write to it.
  assert.deepEqual(plans, ["team/a", "team/a"]);
  fire();
  await loop;
});

test("a plan looks again when it said so", async () => {
  const looks: number[] = [];
  const timed: Controller<ConfigMap> = {
    name: "timed",
    kind: configMapKind,
    watches: [],
    plan: (_key, _config, _seen, now) => {
      looks.push(now);
      return looks.length < 3 ? { changes: [], againAtMs: now + 30_000 } : nothing;
    },
  };
  await running(timed, async (deck, clock) => {
    await deck.create(configMapKind, object("a"), me);
    for (let i = 0; i < 5; i++) {
      await settle();
      clock.advance(30_000);
    }
    assert.deepEqual(
      looks.map((at) => at - (looks[0] ?? 0)),
      [0, 30_000, 60_000],
    );
  });
});

test("equal events are counted", async () => {
  const chatty: Controller<ConfigMap> = {
    name: "chatty",
    kind: configMapKind,
    watches: [],
    plan: (_key, config) =>
      config === undefined
        ? nothing
        : { changes: [{ verb: "event", about: config, type: "Normal", reason: "Seen", message: "looked at it" }] },
  };
  await running(chatty, async (deck) => {
    await deck.create(configMapKind, object("a"), me);
    for (const label of ["1", "2"]) {
      await settle();
      await deck.patch(configMapKind, "default/a", { type: "merge", body: { metadata: { labels: { label } } } }, me);
    }
    await settle();
    const [event, ...others] = deck.list(eventKind).stored.map((stored) => stored.object as Event);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [event?.count, event?.reason, event?.involvedObject.kind, event?.source?.component],
      [3, "Seen", "ConfigMap", "chatty"],
    );
  });
});

test("stopping before anything happened ends at once", async () => {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const { stop, fire } = stopper();
  fire();
  await runController(onePodEach, deck.objects("x"), { clock, log: silent, stop });
});
