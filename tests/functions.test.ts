/** Functions in isolated sandboxes: the stories, what a function cannot see or do, and that nothing is left. Needs root and crun or runc. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { startLauncher } from "#sandboxes/launcher-process.ts";
import { openSandboxes } from "#sandboxes/pool.ts";
import { sandboxStories } from "./functions-stories.ts";
import { Bench, FolderCode, realClock } from "./functions-support.ts";

const skip = process.getuid?.() === 0 ? false : "needs root";

test("functions in isolated sandboxes", { skip }, async (t) => {
  const folder = await mkdtemp("/run/ctm-test-");
  const instance = path.basename(folder).slice(4);
  await using code = await FolderCode.open();
  {
    await using launcher = await startLauncher({ instance, folder, node: process.execPath });
    assert.ok(launcher !== null);
    await using sandboxes = await openSandboxes({ code, clock: realClock, log: silent, region: "us-east-1", launcherFolder: folder });
    if (sandboxes.driver.startsWith("process")) return t.skip("neither crun nor runc works here");
    t.diagnostic(`driver: ${sandboxes.driver}`);
    await using bench = await Bench.open(sandboxes, code);
    await sandboxStories(t, bench, { isIsolated: true, runtimes: sandboxes.runtimes() });
  }
  assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(instance));
  await rm(folder, { recursive: true, force: true });
});
