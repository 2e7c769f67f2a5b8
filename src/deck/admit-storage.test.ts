/** Which class a claim gets that names none, and that claims and volumes are protected from the start. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { storageClassKind } from "#kinds/storage/storage-class.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck } from "./sample-deck.ts";

const me = { manager: "test" };
const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };

const cases: readonly (readonly [title: string, annotations: object, more: object, expected: string | undefined])[] = [
  ["none is named", {}, {}, "young"],
  ["one is named", {}, { storageClassName: "plain" }, "plain"],
  ["it wants none", {}, { storageClassName: "" }, ""],
  ["the old annotation names one", { "volume.beta.kubernetes.io/storage-class": "other" }, {}, undefined],
];

for (const [title, annotations, more, expected] of cases)
  test(`the class of a claim, where ${title}`, async () => {
    const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const define = (name: string, own: Readonly<Record<string, string>>): Promise<unknown> =>
      deck.create(storageClassKind, object(name, { provisioner: "a.b/c" }, { namespace: "", annotations: own }), me);
    await define("old", { "storageclass.kubernetes.io/is-default-class": "true" });
    clock.advance(2_000);
    await define("young", { "storageclass.beta.kubernetes.io/is-default-class": "true" });
    await define("plain", {});
    const claim = object("x", { spec: { ...spec, ...more } }, { annotations: { ...annotations } });
    const { stored } = await deck.create(persistentVolumeClaimKind, claim, me);
    const made = stored.object as PersistentVolumeClaim;
    assert.equal(made.spec.storageClassName, expected);
    assert.deepEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
    assert.equal(made.status?.phase, "Pending");
  });

test("a volume is protected from the start", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  const volume = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv" } };
  const { stored } = await deck.create(persistentVolumeKind, object("x", { spec: volume }, { namespace: "" }), me);
  assert.deepEqual(stored.object.metadata.finalizers, ["kubernetes.io/pv-protection"]);
});

const growths: readonly (readonly [
  title: string,
  allowVolumeExpansion: boolean,
  phase: "Bound" | "Pending",
  refusal: RegExp | null,
])[] = [
  ["bound, of a class that lets it grow", true, "Bound", null],
  [
    "bound, of a class that does not",
    false,
    "Bound",
    /only dynamically provisioned pvc can be resized and the storageclass/,
  ],
  ["not bound", true, "Pending", /spec is immutable after creation except resources\.requests/],
];

for (const [title, allowVolumeExpansion, phase, refusal] of growths)
  test(`a claim asks for more: ${title}`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const found = object("fast", { provisioner: "a.b/c", allowVolumeExpansion }, { namespace: "" });
    await deck.create(storageClassKind, found, me);
    await deck.create(persistentVolumeClaimKind, object("x", { spec: { ...spec, storageClassName: "fast" } }), me);
    const change = (
      edit: (live: PersistentVolumeClaim) => PersistentVolumeClaim,
      subresource?: "status",
    ): Promise<unknown> =>
      deck.update(persistentVolumeClaimKind, "default/x", edit, { ...me, ...(subresource && { subresource }) });
    await change((live) => ({ ...live, status: { phase, capacity: { storage: "1Gi" } } }), "status");
    const asked = change((live) => ({
      ...live,
      spec: { ...live.spec, resources: { requests: { storage: "2Gi" } } },
    }));
    if (refusal === null) await asked;
    else await assert.rejects(asked, { message: refusal });
  });
