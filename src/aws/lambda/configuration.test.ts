/** What GetFunctionConfiguration says in each state, and when a revision is another one. */
import assert from "node:assert/strict";
import test from "node:test";
import { type FunctionObject, type FunctionStatus, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { lastModified, revisionId } from "./configuration.ts";

function fn(spec: Partial<FunctionObject["spec"]>, status: FunctionStatus, updatedAt = "t1"): FunctionObject {
  return {
    metadata: { name: "f", uid: "u", annotations: { [UPDATED_AT]: updatedAt } },
    spec: { runtime: "nodejs24.x", handler: "a.b", code: { sha256: "x", size: 1 }, ...spec },
    status,
  };
}

const ACTIVE: FunctionStatus = { state: "Active", lastUpdateStatus: "Successful", lastModified: "t1" };

const others: readonly (readonly [title: string, object: FunctionObject, isAnother: boolean])[] = [
  ["the same", fn({}, ACTIVE), false],
  ["only counts changed", fn({}, { ...ACTIVE, running: 3 }), false],
  ["a tag", fn({ tags: { a: "b" } }, ACTIVE), true],
  ["reserved concurrency", fn({ reservedConcurrency: 1 }, ACTIVE), false],
  ["an update that is on its way", fn({}, ACTIVE, "t2"), true],
  ["an update that changed nothing, taken in", fn({}, { ...ACTIVE, lastModified: "t2" }, "t2"), true],
  ["a change by kubectl", fn({ memoryMib: 256 }, ACTIVE), true],
  ["a failed update", fn({}, { ...ACTIVE, lastUpdateStatus: "Failed" }), true],
];
for (const [title, object, isAnother] of others)
  test(`revision: ${title} is ${isAnother ? "another" : "no other"} one`, () =>
    assert.equal(revisionId(object) !== revisionId(fn({}, ACTIVE)), isAnother));

test("a revision looks like a UUID, and LastModified is the update's time", () => {
  assert.match(revisionId(fn({}, ACTIVE)), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(lastModified(fn({}, ACTIVE, "t2")), "t2");
});
