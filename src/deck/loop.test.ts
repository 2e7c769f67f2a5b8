/** The loop: plans are carried out and then remembered, races and failures are tried again, one key is never in two hands. */
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
import { type AnyController, type Controller, type Keeper, type Plan, type Seen, watching } from "./controller.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { runController, runKeeper } from "./loop.ts";
import { object, openSampleDeck, pod, present } from "./sample-deck.ts";

const me = { manager: "test" };
const nothing: Plan = { changes: [] };

async function running(
  controller: AnyController,
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

/** Counts its plans of each object in memory, and writes what `changes` says. */
function counting(
  seen: (number | undefined)[],
  changes: (config: ConfigMap) => Plan["changes"],
): Controller<ConfigMap, number> {
  return {
    name: "counting",
    kind: configMapKind,
    plan: (_key, config, _seen, memory, _now) => {
      seen.push(memory);
      return config === undefined ? { changes: [] } : { changes: changes(config), memory: (memory ?? 0) + 1 };
    },
  };
}

/** Wakes "default/a" once more. */
const touch = (deck: Deck, value: string): Promise<unknown> =>
  deck.patch(configMapKind, "default/a", { type: "merge", body: { data: { value } } }, me);

test("a plan is given what the one before remembered, and nothing of a namesake that is gone", async () => {
  const seen: (number | undefined)[] = [];
  // Gone and made anew within one step, so that nobody saw it gone.
  const renewing = (config: ConfigMap): Plan["changes"] =>
    config.data?.["value"] === "renew"
      ? [
          { verb: "remove", kind: configMapKind, key: "default/a" },
          { verb: "create", kind: configMapKind, object: object("a") },
        ]
      : [];
  await running(counting(seen, renewing), async (deck) => {
    await deck.create(configMapKind, object("a"), me);
    await settle();
    await deck.create(configMapKind, object("b"), me);
    await settle();
    await touch(deck, "1");
    await settle();
    assert.deepEqual(seen.splice(0), [undefined, undefined, 1], "each key for itself");
    await touch(deck, "renew");
    await settle();
    assert.deepEqual(seen.splice(0), [2, undefined]);
    await deck.remove(configMapKind, "default/a", {}, me);
    await settle();
    await deck.create(configMapKind, object("a"), me);
    await settle();
    assert.deepEqual(seen.splice(0), [undefined, undefined], "neither when it is gone nor after that");
  });
});

test("what a plan remembers is kept only when all its changes are written", async () => {
  const seen: (number | undefined)[] = [];
  const clashing = (config: ConfigMap): Plan["changes"] =>
    config.data?.["value"] === "clash"
      ? [
          { verb: "patch", kind: configMapKind, key: "default/b", patch: { data: { written: "yes" } } },
          { verb: "create", kind: configMapKind, object: object("b") },
        ]
      : [];
  await running(counting(seen, clashing), async (deck, clock) => {
    await deck.create(configMapKind, object("a"), me);
    await settle();
    await deck.create(configMapKind, object("b"), me);
    await touch(deck, "clash");
    await settle();
    const before = seen.length;
    clock.advance(5);
    await settle();
    clock.advance(10);
    await settle();
    assert.deepEqual(new Set(seen.slice(before)), new Set([1]), "failed plans change nothing of it");
    await touch(deck, "fine");
    await settle();
    await touch(deck, "fine again");
    await settle();
    assert.deepEqual(seen.slice(-2), [1, 2]);
    assert.deepEqual(present(deck, configMapKind, "default/b").data, { written: "yes" });
  });
});

test("a plan that remembers nothing forgets", async () => {
  const seen: (string | undefined)[] = [];
  const forgetful: Controller<ConfigMap, string> = {
    name: "forgetful",
    kind: configMapKind,
    plan: (_key, _config, _seen, memory, _now) => {
      seen.push(memory);
      return { changes: [], ...(memory === undefined && { memory: "once" }) };
    },
  };
  await running(forgetful, async (deck) => {
    await deck.create(configMapKind, object("a"), me);
    for (const value of ["1", "2", "3"]) {
      await settle();
      await touch(deck, value);
    }
    await settle();
  });
  assert.deepEqual(seen, [undefined, "once", undefined, "once"]);
});

test("what a controller derives of its views is made once, before the first plan, and seen by plans and wakes", async () => {
  interface Counted extends Seen {
    readonly counted: string[];
  }
  let made = 0;
  const told: string[] = [];
  const deriving: Controller<ConfigMap, undefined, Counted> = {
    name: "deriving",
    kind: configMapKind,
    watches: [{ kind: podKind, wakes: (_pod, { counted }) => (told.push(`woken by ${counted.length}`), []) }],
    derive: (seen) => {
      made++;
      const counted: string[] = [];
      seen.view(configMapKind).onChange((key) => counted.push(key));
      return { view: (kind) => seen.view(kind), counted };
    },
    plan: (key, _config, { counted }) => {
      told.push(`${key} of ${counted.length}`);
      return nothing;
    },
  };
  await running(deriving, async (deck) => {
    for (const name of ["a", "b"]) {
      await deck.create(configMapKind, object(name), me);
      await settle();
    }
    await deck.create(podKind, pod("p"), me);
    await settle();
  });
  assert.deepEqual([made, ...told], [1, "default/a of 1", "default/b of 2", "woken by 2"]);
});

/** Runs a keeper of config maps whose step fails as often as `failures` says. */
async function keeping(
  { failures, keeper = {} }: { readonly failures: number; readonly keeper?: Partial<Keeper<ConfigMap>> },
  work: (deck: Deck, clock: FakeClock) => Promise<void>,
): Promise<readonly string[]> {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const { stop, fire } = stopper();
  const kept: string[] = [];
  const keeping: Keeper<ConfigMap> = {
    name: "keeping",
    kind: configMapKind,
    keep: async (key, config) => {
      kept.push(`${key} ${config?.data?.["value"] ?? (config === undefined ? "gone" : "there")}`);
      if (kept.length <= failures) throw new Error("not yet");
      return Promise.resolve(undefined);
    },
    ...keeper,
  };
  const loop = runKeeper(keeping, deck.objects("keeping"), { clock, log: silent, stop });
  await work(deck, clock);
  fire();
  await loop;
  return kept;
}

test("a keeper is asked for each key that changes, and again, later each time, after it failed", async () => {
  const kept = await keeping({ failures: 2 }, async (deck, clock) => {
    await deck.create(configMapKind, object("a"), me);
    for (const ms of [4, 1, 9, 1, 10_000]) {
      await settle();
      clock.advance(ms);
    }
    await touch(deck, "new");
    await settle();
    await deck.remove(configMapKind, "default/a", {}, me);
    await settle();
  });
  assert.deepEqual(kept, ["default/a there", "default/a there", "default/a there", "default/a new", "default/a gone"]);
});

test("a keeper is asked again when it said so, and by what no view tells", async () => {
  let wake: (key: string) => void = () => {};
  let isListened = false;
  const looks: number[] = [];
  await keeping(
    {
      failures: 0,
      keeper: {
        listen: (given) => {
          wake = given;
          isListened = true;
          return { [Symbol.dispose]: () => void (isListened = false) };
        },
        keep: (_key, config) => {
          looks.push(config === undefined ? -1 : looks.length);
          return Promise.resolve(looks.length === 1 ? Date.parse("2026-01-02T03:04:06Z") : undefined);
        },
      },
    },
    async (deck, clock) => {
      await deck.create(configMapKind, object("a"), me);
      await settle();
      clock.advance(999);
      await settle();
      assert.deepEqual(looks, [0]);
      clock.advance(1);
      await settle();
      assert.deepEqual(looks, [0, 1]);
      wake("default/nobody");
      await settle();
      assert.deepEqual([...looks, isListened], [0, 1, -1, true]);
    },
  );
  assert.equal(isListened, false);
});

test("a keeper has one key in one hand", async () => {
  let busy = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const kept = await keeping(
    {
      failures: 0,
      keeper: {
        keep: async () => {
          most = Math.max(most, ++busy);
          await new Promise<void>((resolve) => ends.push(resolve));
          busy--;
          return undefined;
        },
      },
    },
    async (deck) => {
      await deck.create(configMapKind, object("a"), me);
      await settle();
      await touch(deck, "1");
      await touch(deck, "2");
      await settle();
      assert.equal(ends.length, 1);
      ends[0]?.();
      await settle();
      assert.equal(ends.length, 2, "once more for what changed meanwhile");
      ends[1]?.();
      await settle();
    },
  );
  assert.deepEqual([most, ends.length, kept], [1, 2, []]);
});

test("a plan looks again when it said so", async () => {
  const looks: number[] = [];
  const timed: Controller<ConfigMap> = {
    name: "timed",
    kind: configMapKind,
    watches: [],
    plan: (_key, _config, _seen, _memory, now) => {
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
