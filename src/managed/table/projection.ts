/** Parses projection expressions, and keeps only the named paths of an item. Pure. */
import { type Attribute, type Item, own } from "./attribute.ts";
import { type Path, type PathNode, pathTree } from "./document-path.ts";
import type { ExpressionReader } from "./expression-reader.ts";

export interface Projection {
  readonly paths: readonly Path[];
  readonly tree: PathNode;
}

export function parseProjection(reader: ExpressionReader): Projection {
  const paths = [reader.path()];
  while (reader.take(",")) paths.push(reader.path());
  const tree = pathTree(paths);
  if (typeof tree === "string") throw reader.wrongPaths(tree);
  return reader.done({ paths, tree });
}

/** List elements keep their order and close up; what is missing is left out. */
export function project(item: Item, { tree }: Projection): Item {
  return keptMembers(item, tree);
}

function keptMembers(item: Item, { below }: PathNode): Item {
  return Object.fromEntries(
    [...below].flatMap(([name, node]) => {
      const kept = keep(own(item, String(name)), node);
      return kept === undefined ? [] : [[name, kept]];
    }),
  );
}

/** Undefined when nothing of the value is wanted; the end of a path keeps everything below it. */
function keep(value: Attribute | undefined, node: PathNode): Attribute | undefined {
  if (value === undefined || node.isEnd) return value;
  if ("M" in value) {
    const members = keptMembers(value.M, node);
    return Object.keys(members).length === 0 ? undefined : { M: members };
  }
  if (!("L" in value)) return undefined;
  const indexes = [...node.below].filter((entry): entry is [number, PathNode] => typeof entry[0] === "number");
  const elements = indexes
    .toSorted(([a], [b]) => a - b)
    .flatMap(([index, below]) => {
      const kept = keep(value.L[index], below);
      return kept === undefined ? [] : [kept];
    });
  return elements.length === 0 ? undefined : { L: elements };
}
