/** Keeps only the named paths of an item. Pure. */
import type { Attribute, Item } from "./attribute.ts";
import { at } from "./condition.ts";
import type { Path } from "./expression-parser.ts";

/** List elements keep their order and close up; what is missing is left out. */
export function project(item: Item, paths: readonly Path[]): Item {
  const tree = treeOf(paths.filter((path) => at(item, path) !== undefined));
  return Object.fromEntries([...tree].flatMap(([step, below]) => entry(item, step, below)));
}

type Tree = Map<string | number, Tree>;

function treeOf(paths: readonly Path[]): Tree {
  const root: Tree = new Map();
  for (const path of paths) {
    let node = root;
    for (const step of path) {
      const next = node.get(step) ?? new Map();
      node.set(step, next);
      node = next;
    }
  }
  return root;
}

// A leaf of the tree keeps everything below it.
function keep(value: Attribute, tree: Tree): Attribute {
  if (tree.size === 0) return value;
  if ("M" in value) return { M: Object.fromEntries([...tree].flatMap(([step, below]) => entry(value.M, step, below))) };
  if ("L" in value) {
    const indexes = [...tree]
      .filter((pair): pair is [number, Tree] => typeof pair[0] === "number")
      .sort(([a], [b]) => a - b);
    return { L: indexes.flatMap(([index, below]) => element(value.L[index], below)) };
  }
  return value;
}

function entry(item: Item, step: string | number, below: Tree): readonly (readonly [string, Attribute])[] {
  const value = item[String(step)];
  return value === undefined ? [] : [[String(step), keep(value, below)]];
}

function element(value: Attribute | undefined, below: Tree): readonly Attribute[] {
  return value === undefined ? [] : [keep(value, below)];
}
