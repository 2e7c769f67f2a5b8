/** Revisions as upstream counts them: int64 in an annotation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { ReplicaSet } from "#kinds/apps/replica-set.ts";
import { asNewest, byRevision, nextRevision, REVISION, revisionOf } from "./revisions.ts";

function set(revision?: string): ReplicaSet {
  const annotations = revision === undefined ? {} : { [REVISION]: revision };
  return { metadata: { name: `web-${revision}`, annotations }, spec: { selector: {} } };
}

const read: readonly { readonly text: string | undefined; readonly is: bigint }[] = [
  { text: undefined, is: 0n },
  { text: "", is: 0n },
  { text: "7", is: 7n },
  { text: "3546343826724305832", is: 3546343826724305832n },
  { text: "9223372036854775807", is: 9223372036854775807n },
  { text: "9223372036854775808", is: 0n },
  { text: "-2", is: -2n },
  { text: "+2", is: 2n },
  { text: "1.5", is: 0n },
  { text: "0x10", is: 0n },
  { text: " 1", is: 0n },
];
for (const { text, is } of read) test(`revision ${text} is ${is}`, () => assert.equal(revisionOf(set(text)), is));

const next: readonly { readonly olds: readonly (string | undefined)[]; readonly is: bigint }[] = [
  { olds: [], is: 1n },
  { olds: [undefined], is: 1n },
  { olds: ["1", "3", "2"], is: 4n },
  { olds: ["3546343826724305832"], is: 3546343826724305833n },
  { olds: ["9223372036854775807"], is: -9223372036854775808n },
];
for (const { olds, is } of next)
  test(`after the revisions ${olds.join(", ") || "of nobody"} comes ${is}`, () =>
    assert.equal(nextRevision(olds.map(set)), is));

test("sets in the order of their revisions", () => {
  const sorted = [set("10"), set("9007199254740993"), set("9007199254740992"), set()].toSorted(byRevision);
  assert.deepEqual(sorted.map(revisionOf), [0n, 10n, 9007199254740992n, 9007199254740993n]);
});

const deployment: Deployment = { metadata: { name: "web" }, spec: { selector: {}, template: {} } };
const histories: readonly { readonly title: string; readonly before: ReplicaSet; readonly is: object }[] = [
  { title: "a set without one", before: set(), is: { [REVISION]: "3546343826724305833" } },
  {
    title: "an older set",
    before: set("3546343826724305832"),
    is: {
      [REVISION]: "3546343826724305833",
      "deployment.kubernetes.io/revision-history": "3546343826724305832",
    },
  },
  { title: "a set that is further", before: set("3546343826724305834"), is: { [REVISION]: "3546343826724305834" } },
];
for (const { title, before, is } of histories)
  test(`the newest revision is given to ${title}`, () =>
    assert.deepEqual(asNewest(deployment, before, 3546343826724305833n).metadata.annotations, is));
