/** Functions in the fallback driver: plain processes, no isolation, the same contract. */
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { ProcessSandboxes } from "#sandboxes/process-driver.ts";
import { layerStories } from "./functions-layers.ts";
import { loggingStories } from "./functions-logging.ts";
import { streamingStories } from "./functions-streaming.ts";
import { runtimeStories } from "./functions-runtimes.ts";
import { sandboxStories } from "./functions-stories.ts";
import { Bench, FolderCode, realClock } from "./functions-support.ts";

test("functions as plain processes", async (t) => {
  await using code = await FolderCode.open();
  await using sandboxes = await ProcessSandboxes.open({ code, clock: realClock, log: silent, region: "us-east-1" });
  await using bench = await Bench.open(sandboxes, code);
  await sandboxStories(t, bench, { isIsolated: false, runtimes: sandboxes.runtimes() });
  await runtimeStories(t, bench, { isIsolated: false, runtimes: sandboxes.runtimes() });
  await layerStories(t, bench, { isIsolated: false, runtimes: sandboxes.runtimes() });
  await loggingStories(t, bench, { isIsolated: false, runtimes: sandboxes.runtimes() });
  await streamingStories(t, bench);
});
