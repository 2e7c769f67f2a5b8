/** JSON patch (RFC 6902): add, remove, replace, move, copy and test, all or nothing. */
import { type Draft, drop, member, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import { isList, nesting, textOf, weight } from "./members.ts";

// The API server's own bound (apiserver's MaxJSONPatchOperations).
const MAX_OPERATIONS = 10_000;
// Copies of copies grow as powers of two; upstream stops at the size of a request body. What moves deeper is walked as well.
const MAX_CARRIED_BYTES = 3 * 1024 * 1024;
// An insert at the head of a list moves all that follows: 10,000 of them in a list of half a million would take seconds.
const MAX_SHIFTED = 32_000_000;
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
  const patching = new Patching(document);
  for (const operation of operations) patching.apply(operation);
  return sameJson(document, patching.document) ? document : patching.document;
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
  const raw = text.slice(1).split("/");
  const tokens = text.includes("~") ? raw.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~")) : raw;
  if (tokens.length > MAX_DEPTH)
    throw new Fault("BadRequest", `${where}: the ${name} nests deeper than ${MAX_DEPTH} levels`);
  return { text, tokens };
}

type Container = readonly Json[] | JsonObject;
type OwnContainer = Json[] | Draft<Json>;

/** A document while operations change it: each container is copied once, when it is first written to, and then edited in place. */
class Patching {
  #document: Json;
  /** Copies made here, which nobody else sees. All containers around one of them are in here too. */
  readonly #own = new Map<Container, OwnContainer>();
  #carried = 0;
  #shifted = 0;

  constructor(document: Json) {
    this.#document = document;
  }

  get document(): Json {
    return this.#document;
  }

  apply(operation: Operation): void {
    const { path } = operation;
    switch (operation.op) {
      case "add":
        checkDepth("add", path, operation.value);
        return this.#add(path, operation.value);
      case "remove":
        return this.#remove(path, "remove");
      case "replace":
        return this.#replace(path, operation.value);
      case "move":
        return this.#move(operation.from, path);
      case "copy":
        return this.#copy(operation.from, path);
      case "test":
        return this.#test(path, operation.value);
    }
  }

  #add(path: Pointer, value: Json): void {
    const place = { path, op: "add" as const };
    const [parent, token] = this.#parentOf(place);
    if (parent === null) this.#document = value;
    else if (isOwnList(parent)) {
      const index = token === "-" ? parent.length : indexIn(token, { ...place, limit: parent.length });
      this.#shift(parent.length - index);
      parent.splice(index, 0, value);
    } else put(parent, token, value);
  }

  #remove(path: Pointer, op: "remove" | "move"): void {
    const place = { path, op };
    const [parent, token] = this.#parentOf(place);
    if (parent === null) this.#document = null;
    else if (isOwnList(parent)) {
      const index = indexIn(token, { ...place, limit: parent.length - 1 });
      this.#shift(parent.length - index);
      parent.splice(index, 1);
    } else {
      step(parent, token, place);
      drop(parent, token);
    }
  }

  #replace(path: Pointer, value: Json): void {
    checkDepth("replace", path, value);
    const place = { path, op: "replace" as const };
    const [parent, token] = this.#parentOf(place);
    if (parent === null) this.#document = value;
    else if (isOwnList(parent)) parent[indexIn(token, { ...place, limit: parent.length - 1 })] = value;
    else {
      step(parent, token, place);
      put(parent, token, value);
    }
  }

  #move(from: Pointer, path: Pointer): void {
    if (path.text.startsWith(`${from.text}/`)) throw refusal("move", path, `it is inside of ${from.text}`);
    const value = find(this.#document, from, "move");
    if (path.text === from.text) return;
    // Only a place further down makes the document deeper, and only that is worth a walk.
    if (path.tokens.length > from.tokens.length) {
      this.#carry(value, "move");
      checkDepth("move", path, value);
    }
    this.#remove(from, "move");
    this.#add(path, value);
  }

  #copy(from: Pointer, path: Pointer): void {
    const value = find(this.#document, from, "copy");
    this.#carry(value, "copy");
    checkDepth("copy", path, value);
    this.#share(value);
    this.#add(path, value);
  }

  #test(path: Pointer, value: Json): void {
    // Upstream's library takes a missing member for null; clients use that to ask "is it absent?".
    const parent = path.tokens.length === 0 ? undefined : find(this.#document, pointerAbove(path), "test");
    const isAbsent = isJsonObject(parent) && member(parent, path.tokens.at(-1) ?? "") === undefined;
    const found = isAbsent ? null : find(this.#document, path, "test");
    if (!sameJson(found, value)) throw new Fault("Invalid", `testing value ${path.text} failed: test failed`);
  }

  /** The container that holds the last token of the path, made our own with all around it; null when the path is the whole document. */
  #parentOf(place: Place): readonly [OwnContainer | null, string] {
    const { tokens } = place.path;
    const last = tokens.length - 1;
    if (last < 0) return [null, ""];
    let here = this.#ownedRoot(place);
    for (let depth = 0; depth < last; depth++) {
      const token = tokens[depth] ?? "";
      const child = container(step(here, token, place), tokens[depth + 1], place);
      const own = this.#owned(child);
      if (own !== child) {
        if (isOwnList(here)) here[Number(token)] = own;
        else put(here, token, own);
      }
      here = own;
    }
    return [here, tokens[last] ?? ""];
  }

  #ownedRoot(place: Place): OwnContainer {
    const own = this.#owned(container(this.#document, place.path.tokens[0], place));
    this.#document = own;
    return own;
  }

  #owned(value: Container): OwnContainer {
    const known = this.#own.get(value);
    if (known !== undefined) return known;
    const copy: OwnContainer = isList(value) ? [...value] : { ...value };
    this.#own.set(copy, copy);
    return copy;
  }

  /** A value that is about to stand in two places belongs to neither: who writes to one of them copies first. */
  #share(value: Json): void {
    if (!(isList(value) || isJsonObject(value)) || !this.#own.delete(value)) return;
    for (const child of isList(value) ? value : Object.values(value)) this.#share(child);
  }

  #carry(value: Json, op: "move" | "copy"): void {
    this.#carried += weight(value);
    if (this.#carried > MAX_CARRIED_BYTES)
      throw new Fault("Invalid", `the ${op} operations of the patch make more than ${MAX_CARRIED_BYTES} bytes`);
  }

  #shift(elements: number): void {
    this.#shifted += elements;
    if (this.#shifted > MAX_SHIFTED)
      throw new Fault("Invalid", "the patch inserts and removes too many elements before others of long lists");
  }
}

function isOwnList(value: OwnContainer): value is Json[] {
  return Array.isArray(value);
}

function checkDepth(op: Operation["op"], path: Pointer, value: Json): void {
  if (nesting(value) + path.tokens.length > MAX_DEPTH)
    throw refusal(op, path, `it nests deeper than ${MAX_DEPTH} levels`);
}

function container(value: Json, token: string | undefined, { path, op }: Place): Container {
  if (isList(value) || isJsonObject(value)) return value;
  throw refusal(op, path, `there is nothing that could have a member "${token ?? ""}"`);
}

function pointerAbove({ text, tokens }: Pointer): Pointer {
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

function indexIn(token: string, { path, op, limit }: Place & { readonly limit: number }): number {
  if (!/^(0|[1-9]\d*)$/.test(token)) throw refusal(op, path, `"${token}" is not an index`);
  const index = Number(token);
  if (index > limit) throw refusal(op, path, `index ${token} is out of bounds`);
  return index;
}

function refusal(op: Operation["op"], { text }: Pointer, why: string): Fault {
  return new Fault("Invalid", `${op} operation does not apply: ${text}: ${why}`);
}
