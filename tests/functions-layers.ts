/** Layers in real sandboxes: seen under /opt, laid over each other, where each runtime looks for them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { functionKind, type FunctionSpec } from "#kinds/catamaran/function.ts";
import type { Bench } from "./functions-support.ts";
import type { StoryOptions } from "./functions-stories.ts";

type Layers = NonNullable<FunctionSpec["layers"]>;

export async function layerStories(
  t: TestContext,
  bench: Bench,
  { runtimes, isIsolated }: StoryOptions,
): Promise<void> {
  const layer = async (name: string, files: Readonly<Record<string, string>>): Promise<Layers[number]> => ({
    arn: `arn:aws:lambda:us-east-1:000000000000:layer:${name}:1`,
    code: { sha256: await bench.code.add(files), size: 1 },
  });
  const lower = await layer("lower", {
    "nodejs/node_modules/of-lower/index.js": "module.exports = 'lower'",
    "nodejs/node_modules/of-both/index.js": "module.exports = 'lower'",
    "python/pkg/__init__.py": "WORD = 'lower'",
    "bin/tool": "lower",
  });
  const upper = await layer("upper", {
    "nodejs/node_modules/of-both/index.js": "module.exports = 'upper'",
    "python/pkg/more.py": "WORD = 'upper'",
  });

  await t.test("the later layer lies over the earlier, and packages of both are found", async () => {
    const files = {
      "index.js":
        "exports.handler = async () => [require('of-lower'), require('of-both'), require('fs').existsSync(process.env.LAMBDA_TASK_ROOT)]",
    };
    await bench.create("layered", files, { layers: [lower, upper] });
    assert.deepEqual(await bench.ask("layered"), ["lower", "upper", true]);
    await bench.objects.change(functionKind, "default/layered", (live) => ({
      ...live,
      spec: { ...live.spec, layers: [upper, lower] },
    }));
    assert.deepEqual(await bench.ask("layered"), ["lower", "lower", true]);
  });

  const isElsewhere = isIsolated ? false : "layers lie elsewhere in this driver";
  await t.test("an extension that is not started is named in the log", { skip: isElsewhere }, async () => {
    const extended = await layer("extended", { "extensions/watcher": "#!/bin/sh" });
    await bench.create("extended", { "index.js": "exports.handler = async () => 1" }, { layers: [extended] });
    assert.equal(await bench.ask("extended"), 1);
    const texts = (await bench.log("extended")).map(({ text }) => text);
    assert.ok(
      texts.includes("EXTENSION\tName: watcher\tState: NotStarted\tEvents: []\tError Type: Extension.NotSupported"),
    );
  });

  const python = runtimes.find((name) => name.startsWith("python"));
  await t.test(
    "python finds packages of layers",
    { skip: python === undefined || !isIsolated ? "no python, or one that looks in the machine's own /opt" : false },
    async () => {
      await bench.create(
        "layered-python",
        { "app.py": "import pkg, pkg.more\ndef handler(event, context):\n    return [pkg.WORD, pkg.more.WORD]\n" },
        { runtime: python ?? "", handler: "app.handler", layers: [lower, upper] },
      );
      assert.deepEqual(await bench.ask("layered-python"), ["lower", "upper"]);
    },
  );
}
