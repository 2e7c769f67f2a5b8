/** Which class an Ingress gets that names none: the newest default one, once, when it is created. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ingressClassKind } from "#kinds/networking/ingress-class.ts";
import { type Ingress, ingressKind } from "#kinds/networking/ingress.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck } from "./sample-deck.ts";

const me = { manager: "test" };
const marked = { "ingressclass.kubernetes.io/is-default-class": "true" };
const service = { service: { name: "web", port: { number: 80 } } };

const cases: readonly (readonly [title: string, annotations: object, spec: object, expected: string | undefined])[] = [
  ["none is named", {}, {}, "young"],
  ["one is named", {}, { ingressClassName: "plain" }, "plain"],
  ["the old annotation names one", { "kubernetes.io/ingress.class": "other" }, {}, undefined],
];

for (const [title, annotations, spec, expected] of cases)
  test(`the class of an Ingress, where ${title}`, async () => {
    const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const define = (name: string, own: Readonly<Record<string, string>>): Promise<unknown> =>
      deck.create(
        ingressClassKind,
        object(name, { spec: { controller: "a.b/c" } }, { namespace: "", annotations: own }),
        me,
      );
    await define("old", marked);
    clock.advance(2_000);
    await define("young", marked);
    await define("plain", {});
    const ingress = object("x", { spec: { defaultBackend: service, ...spec } }, { annotations: { ...annotations } });
    const { stored } = await deck.create(ingressKind, ingress, me);
    assert.equal((stored.object as Ingress).spec.ingressClassName, expected);
  });
