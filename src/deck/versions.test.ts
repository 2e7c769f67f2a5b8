/** Objects that are served in another version than they are stored: selected and owned by the fields of the version that is asked for. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseFieldSelector } from "#base/selector.ts";
import { eventV1Kind } from "#kinds/core/event-v1.ts";
import { eventKind } from "#kinds/core/event.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, present } from "./sample-deck.ts";

const event = {
  reason: "Started",
  type: "Normal",
  action: "start",
  reportingController: "example.com/tester",
  reportingInstance: "a",
  eventTime: "2026-01-02T03:04:05.000000Z",
  regarding: { kind: "Pod", namespace: "default", name: "web", uid: "u" },
};

const selectors: readonly (readonly [fields: string, found: number])[] = [
  ["reportingController=example.com/tester", 1],
  ["reportingController=other", 0],
  ["regarding.kind=Pod,regarding.name=web,regarding.namespace=default,regarding.uid=u", 1],
  ["regarding.name=other", 0],
  ["reason=Started,type=Normal", 1],
  ["reason!=Started", 0],
];

for (const [fields, found] of selectors)
  test(`events.k8s.io: ${fields} selects ${found}, in lists, watches and views`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const selection = { fields: parseFieldSelector(fields) };
    const seen: string[] = [];
    using _watch = deck.watch(eventV1Kind, selection, ({ type }) => void seen.push(type));
    using view = deck.objects("test").view(eventV1Kind, { fields });
    await deck.create(eventV1Kind, object("e", event), { manager: "test" });
    assert.equal(deck.list(eventV1Kind, selection).stored.length, found);
    assert.equal(seen.length, found);
    assert.equal(view.list().length, found);
  });

test("managedFields name the fields of the version in which was written", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  await deck.create(eventV1Kind, object("e", event), { manager: "test" });
  const [entry] = present(deck, eventKind, "default/e").metadata.managedFields ?? [];
  assert.equal(entry?.apiVersion, "events.k8s.io/v1");
  const fields = Object.keys(entry.fieldsV1 as object);
  assert.ok(fields.includes("f:regarding") && fields.includes("f:reportingController"), fields.join(" "));
  assert.ok(!fields.includes("f:involvedObject"));
});
