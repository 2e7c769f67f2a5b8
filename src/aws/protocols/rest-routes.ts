/** Finds the action of a method and path in the paths of a model (Smithy, "http trait": literal segments go before labels). */
import type { BoundAction } from "../action.ts";
import type { SignedHead } from "../sign.ts";
import type { FindRoute, Route } from "./protocol.ts";

interface Compiled {
  readonly action: BoundAction;
  readonly labels: readonly string[];
  /** What the query must say: "?acl", "?list-type=2". */
  readonly query: readonly (readonly [name: string, value: string])[];
}

interface Node {
  readonly literals: Map<string, Node>;
  label: Node | null;
  /** Of a path that ends here; those that demand more of the query first. */
  readonly ends: Compiled[];
  /** Of a path whose last label takes all that is left. */
  readonly greedy: Compiled[];
}

export function restRoutes(actions: readonly BoundAction[]): FindRoute {
  const roots = new Map<string, Node>();
  for (const action of actions) add(rootOf(roots, action.operation.method), action);
  return (head) => {
    const root = roots.get(head.method);
    return root === undefined ? null : walk(root, { segments: segmentsOf(head.path), at: 0, values: [], head });
  };
}

function rootOf(roots: Map<string, Node>, method: string): Node {
  const known = roots.get(method) ?? emptyNode();
  roots.set(method, known);
  return known;
}

function emptyNode(): Node {
  return { literals: new Map(), label: null, ends: [], greedy: [] };
}

function add(root: Node, action: BoundAction): void {
  const [path = "", question = ""] = action.operation.uri.split("?");
  const labels = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name = ""]) => name);
  const compiled = { action, labels, query: [...new URLSearchParams(question)] };
  let node = root;
  for (const segment of segmentsOf(path)) {
    if (segment.endsWith("+}")) return insert(node.greedy, compiled);
    node = segment.startsWith("{") ? (node.label ??= emptyNode()) : literalOf(node, segment);
  }
  insert(node.ends, compiled);
}

function literalOf({ literals }: Node, segment: string): Node {
  const known = literals.get(segment) ?? emptyNode();
  literals.set(segment, known);
  return known;
}

function insert(into: Compiled[], compiled: Compiled): void {
  into.push(compiled);
  into.sort((a, b) => b.query.length - a.query.length);
}

/** Without the slash that may end a path. */
function segmentsOf(path: string): readonly string[] {
  const inner = path.slice(1, path.endsWith("/") ? -1 : undefined);
  return inner === "" ? [] : inner.split("/");
}

interface Walk {
  readonly segments: readonly string[];
  readonly at: number;
  readonly values: readonly string[];
  readonly head: SignedHead;
}

function walk(node: Node, step: Walk): Route | null {
  const segment = step.segments[step.at];
  if (segment === undefined) return routeOf(node.ends, step.values, step.head);
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : walk(literal, { ...step, at: step.at + 1 });
  if (found !== null) return found;
  const labelled =
    node.label === null || segment === ""
      ? null
      : walk(node.label, { ...step, at: step.at + 1, values: [...step.values, segment] });
  if (labelled !== null) return labelled;
  if (node.greedy.length === 0) return null;
  return routeOf(node.greedy, [...step.values, step.segments.slice(step.at).join("/")], step.head);
}

function routeOf(candidates: readonly Compiled[], values: readonly string[], { query }: SignedHead): Route | null {
  const asked = query === "" ? null : new URLSearchParams(query);
  const found = candidates.find((one) => one.query.every(([name, value]) => asks(asked, name, value)));
  if (found === undefined) return null;
  return { action: found.action, labels: Object.fromEntries(found.labels.map((name, i) => [name, values[i] ?? ""])) };
}

function asks(asked: URLSearchParams | null, name: string, value: string): boolean {
  return asked !== null && asked.has(name) && (value === "" || asked.get(name) === value);
}
