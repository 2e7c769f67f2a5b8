/** What a write of status changes beside status: metadata, as far as upstream's status strategies let it. */
import assert from "node:assert/strict";
import test from "node:test";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { ingressKind } from "#kinds/networking/ingress.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, present } from "./sample-deck.ts";

const me = { manager: "test" };
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const cases: readonly (readonly [kind: Kind, spec: object, kept: readonly string[]])[] = [
  [ingressKind, { defaultBackend: { service: { name: "s", port: { number: 80 } } } }, ["labels", "annotations"]],
  [serviceKind, { ports: [{ port: 80 }] }, ["labels", "annotations"]],
  [deploymentKind, { selector: { matchLabels: { a: "b" } }, template }, ["annotations"]],
  [podKind, { containers: [{ name: "c", image: "i" }] }, ["annotations"]],
  [functionKind, { runtime: "nodejs22.x", handler: "a.b", role: "r", code: { sha256: "x", size: 1 } }, []],
];

for (const [kind, spec, kept] of cases)
  test(`a write of the status of ${kind.plural} keeps ${kept.join(", ") || "no metadata"} and leaves spec`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    await deck.create(kind, object("x", { spec }), me);
    const before = present(deck, kind, "default/x");
    const body = {
      metadata: { labels: { new: "label" }, annotations: { new: "note" } },
      spec: { replicas: 7 },
      status: {},
    };
    await deck.patch(kind, "default/x", { type: "merge", body }, { ...me, subresource: "status" });
    const after = present(deck, kind, "default/x");
    const changed = (["labels", "annotations"] as const).filter(
      (field) => after.metadata[field]?.["new"] !== before.metadata[field]?.["new"],
    );
    assert.deepEqual(changed, kept);
    assert.deepEqual(specOf(after), specOf(before));
  });

function specOf(written: KubeObject): unknown {
  return (written as KubeObject & { readonly spec?: unknown }).spec;
}
