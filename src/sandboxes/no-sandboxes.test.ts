/** Without isolation, root runs no function: not one that reads the platform's own keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { VirtualClock } from "#functions/fakes.ts";
import { NoSandboxes } from "./no-sandboxes.ts";
import { openSandboxes } from "./pool.ts";

const code = {
  put: () => Promise.reject(new Error("unused")),
  get: async () => null,
  unpacked: async () => "/",
  merged: async () => ({ sha256: "", folder: "" }),
  unpackedBytes: async () => 0,
  keepOnly: async () => {},
};

test("a start is refused as unavailable, with the reason", async () => {
  const started = await new NoSandboxes("no isolation here").start();
  assert.deepEqual([started.ok, !started.ok && started.failure.unavailable], [false, "no isolation here"]);
});

test("plain processes are never those of root", { skip: process.getuid?.() === 0 ? false : "needs root" }, async () => {
  await using sandboxes = await openSandboxes({ code, clock: new VirtualClock(), log: silent, region: "us-east-1" });
  assert.equal(sandboxes.driver, "none");
});
