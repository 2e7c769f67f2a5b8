/** The figures of a source text, and cycles of imports, as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cyclesOf } from "./import-cycles.ts";
import { figuresOf } from "./source-figures.ts";

test("a source is weighed by what it says", () => {
  const source = [
    "/** A head. */",
    'import { a } from "#base/a.ts";',
    'export { b } from "./b.ts";',
    'const lazy = () => import("./c.ts");',
    "",
    "const NAMES = [1] as const;",
    "const cast = a as number;",
    "const lie = b as unknown as string;",
    "export function long(): number {",
    "  // Why.",
    "  return 1;",
    "}",
    'test("one", () => {});',
  ].join("\n");
  assert.deepEqual(figuresOf("source.ts", source), {
    lines: 12,
    commentLines: 2,
    casts: 3,
    lies: 1,
    tests: 1,
    functionLengths: [4, 1],
    imports: ["#base/a.ts", "./b.ts", "./c.ts"],
  });
});

test("a text that is no TypeScript is refused with its place", () => {
  assert.throws(() => figuresOf("bad.ts", "const = 1"), /bad\.ts/);
});

for (const { title, imports, cycles } of [
  { title: "a tree has none", imports: { a: ["b", "c"], b: ["c"], c: [] }, cycles: [] },
  { title: "two that import each other", imports: { a: ["b"], b: ["a"] }, cycles: ["a b"] },
  { title: "a file that imports itself", imports: { a: ["a"] }, cycles: ["a"] },
  {
    title: "two rings that share a way are two",
    imports: { a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"] },
    cycles: ["c d", "a b"],
  },
  { title: "what is not in the list ends a way", imports: { a: ["node:fs"] }, cycles: [] },
] as const)
  test(`cycles of imports: ${title}`, () => {
    const found = cyclesOf(new Map(Object.entries(imports)));
    assert.deepEqual(
      found.map((cycle) => cycle.join(" ")),
      cycles,
    );
  });
