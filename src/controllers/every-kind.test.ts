/** Controllers of every kind: anew when definitions change the kinds, and again after one of them failed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { stopper } from "#base/stop.ts";
import type { Controller } from "#deck/controller.ts";
import type { Deck } from "#deck/deck.ts";
import { failingObjects } from "#deck/failing-objects.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { runForEveryKind } from "./every-kind.ts";

const me = { manager: "test" };
const schema = { openAPIV3Schema: { type: "object" } };
const definition = {
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{ name: "v1", served: true, storage: true, schema }],
  },
} as unknown as CustomResourceDefinition;

/** Runs one controller that tells how many kinds it was made for; the first views that it opens fail. */
async function running(
  failures: number,
  work: (world: {
    readonly deck: Deck;
    readonly told: string[];
    readonly later: (ms: number) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const builtin = deck.registry.all().length;
  const told: string[] = [];
  let left = failures;
  const { stop, fire } = stopper();
  const ended = runForEveryKind(
    {
      kinds: () => deck.registry.all(),
      controllersFor: (kinds) => {
        told.push(`start for ${kinds.length - builtin} more`);
        const counting: Controller<ConfigMap> = {
          name: "counting",
          kind: configMapKind,
          plan: (key) => {
            told.push(`${key} of ${kinds.length - builtin} more`);
            return { changes: [] };
          },
        };
        return [counting];
      },
      objectsFor: (name) =>
        failingObjects(deck.objects(name), ({ verb }) => verb === "view" && name === "counting" && left-- > 0),
    },
    { clock, log: silent, stop },
  );
  const later = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await later(0);
  await work({ deck, told, later });
  fire();
  await ended;
}

test("they start once, and anew when a definition adds or takes kinds away", async () => {
  await running(0, async ({ deck, told, later }) => {
    await deck.create(configMapKind, { metadata: { name: "a", namespace: "default" } }, me);
    await later(0);
    assert.deepEqual(told.splice(0), ["start for 0 more", "default/a of 0 more"]);
    await deck.create(customResourceDefinitionKind, definition, me);
    await later(0);
    assert.deepEqual(told.splice(0), ["start for 1 more", "default/a of 1 more"]);
    await deck.patch(
      customResourceDefinitionKind,
      "/widgets.example.com",
      { type: "merge", body: { metadata: { labels: { seen: "yes" } } } },
      me,
    );
    await later(0);
    assert.deepEqual(told.splice(0), [], "the kinds are the same");
    await deck.remove(customResourceDefinitionKind, "/widgets.example.com", {}, me);
    await later(0);
    assert.deepEqual(told.splice(0), ["start for 0 more", "default/a of 0 more"]);
  });
});

test("one that fails is started again, after a while", async () => {
  await running(2, async ({ deck, told, later }) => {
    await deck.create(configMapKind, { metadata: { name: "a", namespace: "default" } }, me);
    for (const ms of [5, 10, 20]) await later(ms);
    assert.deepEqual(told, ["start for 0 more", "start for 0 more", "start for 0 more", "default/a of 0 more"]);
  });
});

test("when it is over, nothing goes on", async () => {
  let known: readonly string[] = [];
  let late: Deck | undefined;
  await running(0, async ({ deck, told }) => {
    known = told;
    late = deck;
    return Promise.resolve();
  });
  await late?.create(configMapKind, { metadata: { name: "a", namespace: "default" } }, me);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(known, ["start for 0 more"]);
});
