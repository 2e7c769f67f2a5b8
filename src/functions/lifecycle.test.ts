/** Function states: what is not taken in yet, and the status after it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionObject, FunctionStatus } from "#kinds/function.ts";
import { activated, isUnsettled, refused } from "./lifecycle.ts";

const spec: FunctionObject["spec"] = { runtime: "nodejs24.x", handler: "a.b", code: { sha256: "x", size: 1 } };

const settledness: readonly { readonly status: FunctionStatus | undefined; readonly isUnsettled: boolean }[] = [
  { status: undefined, isUnsettled: true },
  { status: { state: "Pending" }, isUnsettled: true },
  { status: { state: "Active", lastUpdateStatus: "InProgress" }, isUnsettled: true },
  { status: { state: "Active", lastUpdateStatus: "Successful" }, isUnsettled: false },
  { status: { state: "Failed", lastUpdateStatus: "Failed" }, isUnsettled: false },
];

for (const { status, isUnsettled: expected } of settledness) {
  test(`${JSON.stringify(status)} is ${expected ? "" : "not "}to be taken in`, () =>
    assert.equal(isUnsettled({ metadata: { name: "f" }, spec, ...(status !== undefined && { status }) }), expected));
}

test("a new function becomes Active, and reasons of earlier trouble go", () => {
  const before: FunctionStatus = {
    state: "Pending",
    stateReason: "The function is being created.",
    stateReasonCode: "Creating",
    warm: 1,
  };
  assert.deepEqual(activated(before, "rev", "now"), {
    warm: 1,
    state: "Active",
    lastUpdateStatus: "Successful",
    lastModified: "now",
    revisionId: "rev",
  });
});

test("code that cannot be used fails a new function, but only the update of an old one", () => {
  const update = {
    lastUpdateStatus: "Failed",
    lastUpdateStatusReason: "bad zip",
    lastUpdateStatusReasonCode: "InvalidZipFileException",
  };
  assert.deepEqual(refused(undefined, "bad zip", "InvalidZipFileException"), {
    state: "Failed",
    stateReason: "bad zip",
    stateReasonCode: "InvalidZipFileException",
    ...update,
  });
  assert.deepEqual(refused({ state: "Active", lastUpdateStatus: "InProgress" }, "bad zip", "InvalidZipFileException"), {
    state: "Active",
    ...update,
  });
});
