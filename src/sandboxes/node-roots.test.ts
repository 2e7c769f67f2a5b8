/** Roots of runtimes: the two that there always are, and one for each other Node, made once and again for a new launcher. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ask } from "./launcher-protocol.ts";
import { NodeRoots } from "./node-roots.ts";

const binaries = {
  find: async (runtime: string): Promise<string | null> => (runtime === "nodejs22.x" ? "/nodes/22/node" : null),
};

function recorded(fails = (): boolean => false): { readonly asks: Ask[]; readonly ask: (ask: Ask) => Promise<void> } {
  const asks: Ask[] = [];
  return {
    asks,
    ask: async (ask) => {
      asks.push(ask);
      if (fails()) throw new Error("not now");
    },
  };
}

const cases = [
  ["node", "nodejs24.x", "node"],
  ["anew", "nodejs24.x", "full"],
  ["node", "nodejs22.x", "node22"],
  ["anew", "nodejs22.x", "full22"],
  ["python", "python3.11", "full"],
  ["provided", "provided.al2023", "full"],
] as const;
for (const [flavour, runtime, root] of cases)
  test(`${runtime} as "${flavour}" starts from ${root}`, async () => {
    const { ask, asks } = recorded();
    assert.equal(await new NodeRoots(binaries, ask).rootOf(flavour, runtime), root);
    assert.equal(asks.length, root.endsWith("22") ? 1 : 0);
  });

test("a root is made once, after a failure and for a new launcher again", async () => {
  let fails = true;
  const { ask, asks } = recorded(() => fails);
  const roots = new NodeRoots(binaries, ask);
  await assert.rejects(roots.rootOf("node", "nodejs22.x"), /not now/);
  fails = false;
  await Promise.all([roots.rootOf("node", "nodejs22.x"), roots.rootOf("node", "nodejs22.x")]);
  assert.equal(asks.length, 2);
  roots.clear();
  await roots.rootOf("node", "nodejs22.x");
  assert.equal(asks.length, 3);
});

test("without binaries everything runs on the platform's Node", async () => {
  const { ask, asks } = recorded();
  assert.equal(await new NodeRoots(null, ask).rootOf("node", "nodejs22.x"), "node");
  assert.deepEqual(asks, []);
});
