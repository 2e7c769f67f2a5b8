/** Entries of metadata.managedFields: those that a client may send, and those that are put back. */
import assert from "node:assert/strict";
import test from "node:test";
import type { JsonObject } from "#base/json.ts";
import { isReset, sentManagedFields, storedManagedFields } from "./managed-fields.ts";

const good = {
  manager: "me",
  operation: "Apply",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:data": { "f:a": {} } },
};

function objectOf(managedFields: unknown): JsonObject {
  return { metadata: { name: "x", managedFields } } as JsonObject;
}

const cases: readonly (readonly [title: string, entries: unknown, isTaken: boolean])[] = [
  ["none", [], true],
  ["null", null, true],
  ["a good one", [good], true],
  [
    "a good one with its time and subresource",
    [{ ...good, time: "2026-01-01T00:00:00Z", subresource: "status" }],
    true,
  ],
  ["one without a manager", [{ ...good, manager: undefined }], true],
  ["what is no list", {}, false],
  ["what is no object", ["x"], false],
  ["an unknown operation", [{ ...good, operation: "Patch" }], false],
  ["no version", [{ ...good, apiVersion: "" }], false],
  ["a version that is no text", [{ ...good, apiVersion: 1 }], false],
  ["another type of fields", [{ ...good, fieldsType: "FieldsV2" }], false],
  ["fields that are no set", [{ ...good, fieldsV1: { x: {} } }], false],
  ["a good one and a bad one", [good, { ...good, operation: "" }], false],
];

for (const [title, entries, isTaken] of cases)
  test(`entries that a client sends: ${title}: ${isTaken ? "taken" : "refused"}`, () => {
    const found = sentManagedFields(objectOf(entries), null);
    assert.equal(found !== null, isTaken);
    if (isTaken) assert.equal(found?.length, Array.isArray(entries) ? entries.length : 0);
  });

test("what is taken is kept as it was sent; a manager that is missing is the empty one", () => {
  const timed = { ...good, time: "2026-01-01T00:00:00Z", subresource: "status" };
  assert.deepEqual(sentManagedFields(objectOf([timed]), null), [timed]);
  const { manager: _none, ...nameless } = good;
  assert.deepEqual(sentManagedFields(objectOf([nameless]), null), [{ ...good, manager: "" }]);
});

test("entries that are those of the stored object are taken unread", () => {
  const odd = objectOf([{ ...good, operation: "Odd" }]);
  assert.deepEqual(sentManagedFields(odd, odd), storedManagedFields(odd));
  assert.deepEqual(storedManagedFields(null), []);
});

test("one empty entry, or an empty list, asks to forget all owners", () => {
  assert.equal(isReset(objectOf([{}])), true);
  assert.equal(isReset(objectOf([good])), false);
});
