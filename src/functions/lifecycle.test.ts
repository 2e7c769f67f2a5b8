/** Function states: what is not taken in yet, and the status after it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FunctionObject, type FunctionStatus, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { activated, isUnsettled, refused } from "./lifecycle.ts";

const spec: FunctionObject["spec"] = { runtime: "nodejs24.x", handler: "a.b", code: { sha256: "x", size: 1 } };

function functionWith(status: FunctionStatus | undefined, updatedAt?: string): FunctionObject {
  const annotations = updatedAt === undefined ? {} : { annotations: { [UPDATED_AT]: updatedAt } };
  return { metadata: { name: "f", ...annotations }, spec, ...(status !== undefined && { status }) };
}

const settledness: readonly { readonly status: FunctionStatus | undefined; readonly isUnsettled: boolean }[] = [
  { status: undefined, isUnsettled: true },
  { status: { state: "Pending" }, isUnsettled: true },
  { status: { state: "Active", lastUpdateStatus: "InProgress" }, isUnsettled: true },
  { status: { state: "Active", lastUpdateStatus: "Successful" }, isUnsettled: false },
  { status: { state: "Failed", lastUpdateStatus: "Failed" }, isUnsettled: false },
];

for (const { status, isUnsettled: expected } of settledness) {
  test(`${JSON.stringify(status)} is ${expected ? "" : "not "}to be taken in`, () =>
    assert.equal(isUnsettled(functionWith(status)), expected));
}

test("a new function becomes Active, and reasons of earlier trouble go", () => {
  const before: FunctionStatus = {
    state: "Pending",
    stateReason: "The function is being created.",
    stateReasonCode: "Creating",
    warm: 1,
  };
  assert.deepEqual(activated(functionWith(before), "now"), {
    warm: 1,
    state: "Active",
    lastUpdateStatus: "Successful",
    lastModified: "now",
  });
});

test("code that cannot be used fails a new function, but only the update of an old one", () => {
  const update = {
    lastUpdateStatus: "Failed",
    lastUpdateStatusReason: "bad zip",
    lastUpdateStatusReasonCode: "InvalidZipFileException",
  };
  assert.deepEqual(refused(functionWith(undefined), "bad zip", "InvalidZipFileException"), {
    state: "Failed",
    stateReason: "bad zip",
    stateReasonCode: "InvalidZipFileException",
    ...update,
  });
  assert.deepEqual(
    refused(functionWith({ state: "Active", lastUpdateStatus: "InProgress" }), "bad zip", "InvalidZipFileException"),
    {
      state: "Active",
      ...update,
    },
  );
});

test("an update through Lambda's API is taken in once, even one that changes nothing", () => {
  const updated = functionWith({ state: "Active", lastUpdateStatus: "Successful", lastModified: "t1" }, "t2");
  assert.equal(isUnsettled(updated), true);
  const settled = functionWith(activated(updated, "now"), "t2");
  assert.equal(settled.status?.lastModified, "t2");
  assert.equal(isUnsettled(settled), false);
  assert.equal(isUnsettled(functionWith(refused(updated, "bad zip", "InvalidZipFileException"), "t2")), false);
});
