/** JSON patch (RFC 6902): add, remove, replace, move, copy and test, all or nothing. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import { type Draft, isList, member, nesting, put, textOf, weight } from "./members.ts";

// The API server's own bound (apiserver's MaxJSONPatchOperations).
const MAX_OPERATIONS = 10_000;
// Copies of copies grow as powers of two; upstream stops at the size of a request body.
const MAX_COPIED_BYTES = 3 * 1024 * 1024;
// As deep as a request body may nest.
const MAX_DEPTH = 512;

type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: Pointer; readonly value: Json }
  | { readonly op: "remove"; readonly path: Pointer }
  | { readonly op: "move" | "copy"; readonly path: Pointer; readonly from: Pointer };

interface Pointer {
  readonly text: string;
  readonly tokens: readonly string[];
}

/** Returns `document` itself when nothing changes. Throws BadRequest for a patch that is none, Invalid for one that does not fit. */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!isList(patch)) throw new Fault("BadRequest", "a JSON patch must be a list of operations");
  if (patch.length > MAX_OPERATIONS) {
    throw new Fault(
      "RequestTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const operations = patch.map(readOperation);
  let result = document;
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === "copy") copied += weight(find(result, operation.from, "copy"));
    if (copied > MAX_COPIED_BYTES)
      throw new Fault("Invalid", `the copy operations of the patch make more than ${MAX_COPIED_BYTES} bytes`);
    result = applyOperation(result, operation);
  }
  return sameJson(document, result) ? document : result;
}

function readOperation(source: Json, index: number): Operation {
  const where = `operation ${index} of the JSON patch`;
  if (!isJsonObject(source)) throw new Fault("BadRequest", `${where} is not an object`);
  const op = textOf(member(source, "op"));
  const path = readPointer(source, "path", where);
  switch (op) {
    case "add":
    case "replace":
    case "test": {
      const value = member(source, "value");
      if (value === undefined) throw new Fault("BadRequest", `${where} (${op}) has no value`);
      return { op, path, value };
    }
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      return { op, path, from: readPointer(source, "from", where) };
    default:
      throw new Fault("BadRequest", `${where} has the unknown op ${JSON.stringify(op)}`);
  }
}

/** RFC 6901. */
function readPointer(source: JsonObject, name: "path" | "from", where: string): Pointer {
  const text = member(source, name);
  if (typeof text !== "string") throw new Fault("BadRequest", `${where} has no ${name}`);
  if (text === "") return { text, tokens: [] };
  if (!text.startsWith("/") || /~(?![01])/.test(text))
    throw new Fault("BadRequest", `${where}: "${text}" is not a JSON pointer`);
  const tokens = text
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (tokens.length > MAX_DEPTH)
    throw new Fault("BadRequest", `${where}: the ${name} nests deeper than ${MAX_DEPTH} levels`);
  return { text, tokens };
}

function applyOperation(document: Json, operation: Operation): Json {
  switch (operation.op) {
    case "add":
      return add(document, operation.path, operation.value);
    case "remove":
      return remove(document, operation.path, "remove");
    case "replace":
      return replace(document, operation.path, operation.value);
    case "move":
      return move(document, operation.from, operation.path);
    case "copy":
      return add(document, operation.path, find(document, operation.from, "copy"));
    case "test":
      return test(document, operation.path, operation.value);
  }
}

function add(document: Json, path: Pointer, value: Json): Json {
  if (nesting(value) + path.tokens.length > MAX_DEPTH)
    throw refusal("add", path, `it nests deeper than ${MAX_DEPTH} levels`);
  return (
    edit(document, path, "add", (parent, token) => {
      if (!isList(parent)) return withMember(parent, token, value);
      const index = token === "-" ? parent.length : indexIn(token, { path, op: "add", limit: parent.length });
      return parent.toSpliced(index, 0, value);
    }) ?? value
  );
}

function remove(document: Json, path: Pointer, op: "remove" | "move"): Json {
  return (
    edit(document, path, op, (parent, token) => {
      if (isList(parent)) return parent.toSpliced(indexIn(token, { path, op, limit: parent.length - 1 }), 1);
      if (member(parent, token) === undefined) throw refusal(op, path, "the document has no such member");
      const { [token]: _removed, ...rest } = parent;
      return rest;
    }) ?? null
  );
}

function replace(document: Json, path: Pointer, value: Json): Json {
  if (nesting(value) + path.tokens.length > MAX_DEPTH)
    throw refusal("replace", path, `it nests deeper than ${MAX_DEPTH} levels`);
  return (
    edit(document, path, "replace", (parent, token) => {
      if (isList(parent)) return parent.with(indexIn(token, { path, op: "replace", limit: parent.length - 1 }), value);
      if (member(parent, token) === undefined) throw refusal("replace", path, "the document has no such member");
      return withMember(parent, token, value);
    }) ?? value
  );
}

function move(document: Json, from: Pointer, path: Pointer): Json {
  if (path.text.startsWith(`${from.text}/`)) throw refusal("move", path, `it is inside of ${from.text}`);
  const value = find(document, from, "move");
  return path.text === from.text ? document : add(remove(document, from, "move"), path, value);
}

function test(document: Json, path: Pointer, value: Json): Json {
  // Upstream's library takes a missing member for null; clients use that to ask "is it absent?".
  const parent = path.tokens.length === 0 ? undefined : find(document, parentOf(path), "test");
  const isAbsent = isJsonObject(parent) && member(parent, path.tokens.at(-1) ?? "") === undefined;
  const found = isAbsent ? null : find(document, path, "test");
  if (!sameJson(found, value)) throw new Fault("Invalid", `testing value ${path.text} failed: test failed`);
  return document;
}

function parentOf({ text, tokens }: Pointer): Pointer {
  return { text: text.slice(0, text.lastIndexOf("/")), tokens: tokens.slice(0, -1) };
}

function find(document: Json, pointer: Pointer, op: Operation["op"]): Json {
  let value: Json = document;
  for (const token of pointer.tokens) value = step(value, token, { path: pointer, op });
  return value;
}

interface Place {
  readonly path: Pointer;
  readonly op: Operation["op"];
}

function step(parent: Json, token: string, { path, op }: Place): Json {
  const child = isList(parent)
    ? parent[indexIn(token, { path, op, limit: parent.length - 1 })]
    : isJsonObject(parent)
      ? member(parent, token)
      : undefined;
  if (child === undefined) throw refusal(op, path, `the document has no "${token}" there`);
  return child;
}

/** Copies the containers along the path and lets `change` make the last one; null means the whole document. */
function edit(
  document: Json,
  path: Pointer,
  op: Operation["op"],
  change: (parent: JsonObject | readonly Json[], token: string) => Json,
): Json | null {
  const last = path.tokens.length - 1;
  if (last < 0) return null;
  const descend = (value: Json, depth: number): Json => {
    const token = path.tokens[depth] ?? "";
    if (!isList(value) && !isJsonObject(value))
      throw refusal(op, path, `there is nothing that could have a member "${token}"`);
    if (depth === last) return change(value, token);
    const child = descend(step(value, token, { path, op }), depth + 1);
    return isList(value) ? value.with(Number(token), child) : withMember(value, token, child);
  };
  return descend(document, 0);
}

function withMember(parent: JsonObject, name: string, value: Json): JsonObject {
  const copy: Draft = { ...parent };
  put(copy, name, value);
  return copy;
}

function indexIn(token: string, { path, op, limit }: Place & { readonly limit: number }): number {
  if (!/^(0|[1-9]\d*)$/.test(token)) throw refusal(op, path, `"${token}" is not an index`);
  const index = Number(token);
  if (index > limit) throw refusal(op, path, `index ${token} is out of bounds`);
  return index;
}

function refusal(op: Operation["op"], { text }: Pointer, why: string): Fault {
  return new Fault("Invalid", `${op} operation does not apply: ${text}: ${why}`);
}
