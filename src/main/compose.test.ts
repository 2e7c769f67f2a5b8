/** Parts start in order with what those before them gave, and end in reverse, also when one of them does not start. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Composition, type Part } from "./compose.ts";

function told(lines: string[]) {
  const hull: Part<{ readonly wood: string }, { readonly hull: string }> = {
    name: "hull",
    start: ({ wood }, stack) => {
      stack.defer(() => void lines.push("hull ends"));
      return { hull: `hull of ${wood}` };
    },
  };
  const mast: Part<{ readonly hull: string; readonly wood: string }, object> = {
    name: "mast",
    start: async ({ hull: on }, stack) => {
      lines.push(`mast on ${on}`);
      stack.defer(() => void lines.push("mast ends"));
      return {};
    },
  };
  return Composition.on<{ readonly wood: string }>().with(hull).with(mast);
}

test("a part finds what those before it gave; all end in reverse", async () => {
  const lines: string[] = [];
  const ship = told(lines);
  assert.deepEqual(ship.names, ["hull", "mast"]);
  {
    await using stack = new AsyncDisposableStack();
    await ship.start({ wood: "oak" }, stack);
  }
  assert.deepEqual(lines, ["mast on hull of oak", "mast ends", "hull ends"]);
});

test("when a part does not start, those behind it do not either, and what was opened is closed", async () => {
  const lines: string[] = [];
  const leak: Part<object, object> = { name: "leak", start: () => Promise.reject(new Error("water")) };
  const late: Part<object, object> = { name: "late", start: () => ({ late: lines.push("late starts") }) };
  const sail = async (): Promise<void> => {
    await using stack = new AsyncDisposableStack();
    await told(lines).with(leak).with(late).start({ wood: "elm" }, stack);
  };
  await assert.rejects(sail, /water/);
  assert.deepEqual(lines, ["mast on hull of elm", "mast ends", "hull ends"]);
});
