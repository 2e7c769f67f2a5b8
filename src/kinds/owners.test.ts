/** Owner references: what a controller writes, and what is left when owners come and go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { replicaSetKind, type ReplicaSet } from "#kinds/apps/replica-set.ts";
import type { KubeObject } from "./object.ts";
import { controllerReference, withoutOwner, withOwner } from "./owners.ts";

const set: ReplicaSet = {
  metadata: { name: "web-1", uid: "u1" },
  spec: { selector: {}, template: { spec: { containers: [] } } },
};
const pod: KubeObject = { metadata: { name: "web-1-a", labels: { app: "web" } } };
const reference = controllerReference(replicaSetKind, set);

test("a controller's reference blocks the owner's deletion", () =>
  assert.deepEqual(reference, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "web-1",
    uid: "u1",
    controller: true,
    blockOwnerDeletion: true,
  }));

test("owners come behind those that are there, and the last one that goes takes the member along", () => {
  const other = { ...reference, uid: "u2", controller: false };
  const owned = withOwner(withOwner(pod, reference), other);
  assert.deepEqual(owned.metadata.ownerReferences, [reference, other]);
  assert.deepEqual(withoutOwner(owned, "u1").metadata.ownerReferences, [other]);
  assert.deepEqual(withoutOwner(withoutOwner(owned, "u1"), "u2"), pod);
});
