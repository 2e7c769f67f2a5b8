/** Function states: what is not taken in yet, the status after it was, and that what failed is tried again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { failingObjects } from "#deck/failing-objects.ts";
import { startKeeper } from "#deck/loop.ts";
import { functionKind, type FunctionObject, type FunctionStatus, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { FakeObjects, FakeSandboxes, settle, VirtualClock } from "./fakes.ts";
import { activated, isUnsettled, Lifecycle, refused } from "./lifecycle.ts";

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

const pending: FunctionObject = { metadata: { name: "f", namespace: "default" }, spec };
const KEY = "default/f";

async function keeping(fails: () => boolean): Promise<{
  readonly clock: VirtualClock;
  readonly lifecycle: Lifecycle<FunctionObject>;
  readonly state: () => Promise<string | undefined>;
  readonly live: () => Promise<FunctionObject | undefined>;
  readonly stop: () => Promise<void>;
}> {
  const clock = new VirtualClock();
  const real = new FakeObjects();
  const objects = failingObjects(real, ({ verb }) => verb === "change" && fails());
  const sandboxes = new FakeSandboxes(() => Promise.reject(new Error("nothing is run here")));
  const lifecycle = new Lifecycle(functionKind, { objects, sandboxes, nowIso: () => "now" });
  const running = startKeeper(lifecycle, objects, { clock, log: silent });
  await real.create(functionKind, pending);
  const live = async (): Promise<FunctionObject | undefined> => (await real.get(functionKind, KEY)) ?? undefined;
  return {
    clock,
    lifecycle,
    live,
    state: async () => (await live())?.status?.state,
    stop: async () => running[Symbol.asyncDispose](),
  };
}

test("a function that could not be taken in is taken in later", async () => {
  let failures = 2;
  const { clock, state, stop } = await keeping(() => failures-- > 0);
  await clock.advance(4);
  assert.equal(await state(), undefined);
  await clock.advance(1);
  assert.equal(await state(), undefined);
  await clock.advance(10);
  assert.equal(await state(), "Active");
  await stop();
});

test("who waits for a function waits for the attempt under way, and not for one that comes after a failure", async () => {
  let failures = 1;
  const { clock, lifecycle, live, state, stop } = await keeping(() => failures-- > 0);
  await lifecycle.settled(KEY, await live());
  assert.equal(await state(), undefined, "it failed");
  await lifecycle.settled(KEY, await live());
  await clock.advance(5);
  assert.equal(await state(), "Active");
  await lifecycle.settled(KEY, await live());
  await lifecycle.settled(KEY, undefined);
  await stop();
});

test("at the end nobody is left waiting", async () => {
  const { lifecycle, stop } = await keeping(() => false);
  await settle();
  const waiting = lifecycle.settled("default/other", { ...pending, metadata: { name: "other", namespace: "default" } });
  await stop();
  await waiting;
});
