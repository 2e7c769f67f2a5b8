/** Paths into an item: how they are shown, and which of one expression get in each other's way. */

/** a.b[0].c, placeholders resolved. */
export type Path = readonly (string | number)[];

/** "[a, [0], b]", as errors name a path. */
export function shownPath(path: Path): string {
  return `[${path.map((step) => (typeof step === "number" ? `[${step}]` : step)).join(", ")}]`;
}

export function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

export interface PathNode {
  readonly below: Map<string | number, PathNode>;
  /** The first path that led through here. */
  readonly first: Path;
  isEnd: boolean;
}

/** The paths as a tree; a text when one of them is part of another, or takes as a list what another takes as a map. */
export function pathTree(paths: readonly Path[]): PathNode | string {
  const root: PathNode = { below: new Map(), first: [], isEnd: false };
  for (const path of paths) {
    const problem = plant(root, path);
    if (problem !== null) return problem;
  }
  return root;
}

function plant(root: PathNode, path: Path): string | null {
  let node = root;
  for (const step of path) {
    if (node.isEnd) return clash("overlap", node.first, path);
    const [sibling] = node.below;
    if (sibling !== undefined && typeof sibling[0] !== typeof step) return clash("conflict", sibling[1].first, path);
    const next: PathNode = node.below.get(step) ?? { below: new Map(), first: path, isEnd: false };
    node.below.set(step, next);
    node = next;
  }
  if (node.isEnd || node.below.size > 0) return clash("overlap", node.first, path);
  node.isEnd = true;
  return null;
}

function clash(how: "overlap" | "conflict", one: Path, two: Path): string {
  return `Two document paths ${how} with each other; must remove or rewrite one of these paths; path one: ${shownPath(one)}, path two: ${shownPath(two)}`;
}
