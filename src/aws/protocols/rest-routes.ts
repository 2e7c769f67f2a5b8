/** Finds the action of a method and path in the paths of a model (Smithy, "http trait": literal segments go before labels). */
import { draft, put } from "#base/dictionary.ts";
import type { BoundAction } from "../action.ts";
import type { Bound } from "../operation.ts";
import type { SignedHead } from "../sign.ts";
import type { FindRoute, Route } from "./protocol.ts";

interface Compiled {
  readonly action: BoundAction;
  readonly labels: readonly string[];
  /** What the query must say: "?acl", "?list-type=2". */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Members that the model requires in query and headers: they tell operations of one path apart, as UploadPart from PutObject. */
  readonly wanted: { readonly query: readonly string[]; readonly headers: readonly string[] };
}

interface Node {
  readonly literals: Map<string, Node>;
  label: Node | null;
  /** Of a path that ends here; those that demand more first. */
  readonly ends: Compiled[];
  /** Of a path whose last label takes all that is left. */
  readonly greedy: Compiled[];
}

export function restRoutes(actions: readonly BoundAction[]): FindRoute {
  const roots = new Map<string, Node>();
  for (const action of actions) add(rootOf(roots, action.operation.method), action);
  return (head) => {
    const root = roots.get(head.method);
    return root === undefined ? null : walk(root, 0, { segments: segmentsOf(head.path), values: [], head });
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
  const compiled = { action, labels, query: [...new URLSearchParams(question)], wanted: wantedBy(action) };
  let node = root;
  for (const segment of segmentsOf(path)) {
    if (segment.endsWith("+}")) return insert(node.greedy, compiled);
    node = segment.startsWith("{") ? (node.label ??= emptyNode()) : literalOf(node, segment);
  }
  insert(node.ends, compiled);
}

function wantedBy({ operation: { input, request } }: BoundAction): Compiled["wanted"] {
  const isRequired = ({ member }: Bound): boolean => input.required.includes(member.name);
  return {
    query: request.query.filter(isRequired).map(({ key }) => key),
    headers: request.header.filter(isRequired).map(({ key }) => key),
  };
}

function literalOf({ literals }: Node, segment: string): Node {
  const known = literals.get(segment) ?? emptyNode();
  literals.set(segment, known);
  return known;
}

function insert(into: Compiled[], compiled: Compiled): void {
  into.push(compiled);
  into.sort((a, b) => demandsOf(b) - demandsOf(a));
}

function demandsOf({ query, wanted }: Compiled): number {
  return query.length + wanted.query.length + wanted.headers.length;
}

/** Without the slash that may end a path. */
function segmentsOf(path: string): readonly string[] {
  const inner = path.slice(1, path.endsWith("/") ? -1 : undefined);
  return inner === "" ? [] : inner.split("/");
}

interface Walk {
  readonly segments: readonly string[];
  /** Of the labels on the way; a branch that leads nowhere takes its own out again. */
  readonly values: string[];
  readonly head: SignedHead;
}

function walk(node: Node, at: number, way: Walk): Route | null {
  const { segments, values } = way;
  const segment = segments[at];
  if (segment === undefined) return routeOf(node.ends, values, way.head);
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : walk(literal, at + 1, way);
  if (found !== null) return found;
  if (node.label !== null && segment !== "") {
    values.push(segment);
    const labelled = walk(node.label, at + 1, way);
    if (labelled !== null) return labelled;
    values.pop();
  }
  if (node.greedy.length === 0) return null;
  // A key may end with a slash.
  const rest = `${segments.slice(at).join("/")}${way.head.path.endsWith("/") ? "/" : ""}`;
  return routeOf(node.greedy, [...values, rest], way.head);
}

function routeOf(candidates: readonly Compiled[], values: readonly string[], head: SignedHead): Route | null {
  const asked = head.query === "" ? NO_QUERY : new URLSearchParams(head.query);
  const able = candidates.filter((one) => one.query.length === 0 || asksAll(asked, one.query));
  // Where none has what it requires, the least demanding says what is missing.
  const found = able.find((one) => hasAll(one.wanted, asked, head)) ?? able.at(-1);
  if (found === undefined) return null;
  const labels = draft<string>();
  for (const [index, name] of found.labels.entries()) put(labels, name, values[index] ?? "");
  return { action: found.action, labels };
}

const NO_QUERY = new URLSearchParams();

function hasAll({ query, headers }: Compiled["wanted"], asked: URLSearchParams, head: SignedHead): boolean {
  return query.every((name) => asked.has(name)) && headers.every((name) => Object.hasOwn(head.headers, name));
}

function asksAll(asked: URLSearchParams, wanted: Compiled["query"]): boolean {
  return wanted.every(([name, value]) => asked.has(name) && (value === "" || asked.get(name) === value));
}
