/** Inputs of the query protocol: "Tags.member.1.Key=a" and its like, read into the values of a shape (Smithy, "AWS query protocol", serialization). */
import { draft, put } from "#base/dictionary.ts";
import type { Members } from "../action.ts";
import type { Dictionary, List, Member, Structure } from "../shape.ts";
import { wireMembers } from "./json-values.ts";
import { fromText } from "./rest-values.ts";
import { unknownMember, unreadable, wrongType } from "./unreadable.ts";

/** Parameters by the parts of their names. */
export interface Form {
  readonly text: string | null;
  readonly inner: ReadonlyMap<string, Form>;
}

interface Growing {
  text: string | null;
  readonly inner: Map<string, Growing>;
}

// Each costs a microsecond or two to read.
const MAX_PARAMETERS = 10_000;
const MAX_DEPTH = 32;

/** What every request says beside its input. */
const OF_THE_PROTOCOL = new Set(["Action", "Version"]);

export function readForm(text: string): Form {
  const root: Growing = { text: null, inner: new Map() };
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_PARAMETERS) throw unreadable(`the request has more than ${MAX_PARAMETERS} parameters`);
    // The parameters of a signature in the query are no members of the input.
    if (!OF_THE_PROTOCOL.has(name) && !name.startsWith("X-Amz-")) grow(root, name, value);
  }
  return root;
}

function grow(root: Growing, name: string, value: string): void {
  const parts = name.split(".", MAX_DEPTH + 1);
  if (parts.length > MAX_DEPTH)
    throw unreadable(`the parameter '${name.slice(0, 256)}' nests deeper than ${MAX_DEPTH} levels`);
  let node = root;
  for (const part of parts) {
    const known = node.inner.get(part) ?? { text: null, inner: new Map() };
    node.inner.set(part, known);
    node = known;
  }
  node.text = value;
}

export function structureFromForm(form: Form, structure: Structure): Members {
  const read = draft<unknown>();
  const members = wireMembers(structure);
  for (const [name, inner] of form.inner) {
    const member = members.get(name);
    if (member === undefined) throw unknownMember(name, structure.name);
    put(read, member.name, valueOf(inner, member));
  }
  return read;
}

function valueOf(form: Form, member: Member): unknown {
  const { shape } = member;
  if (shape.is === "structure") return structureFromForm(form, shape);
  if (shape.is === "list") return listFromForm(form, shape, member);
  if (shape.is === "map") return mapFromForm(form, shape, member);
  if (form.text === null) throw wrongType({}, "String");
  return fromText(form.text, member, "iso8601");
}

function listFromForm(form: Form, shape: List, member: Member): readonly unknown[] {
  const isFlat = (shape.flattened ?? member.flattened) === true;
  // An empty list is the name alone, without a value.
  const items = isFlat ? form : form.inner.get(shape.of.wireName ?? "member");
  return items === undefined ? [] : inOrder(items).map((item) => valueOf(item, shape.of));
}

/** By the numbers that they have; what is no number is no member. */
function inOrder({ inner }: Form): readonly Form[] {
  const numbered = [...inner].map(([name, form]) => {
    if (!/^\d{1,9}$/.test(name)) throw unreadable(`'${name.slice(0, 256)}' is no number of a list's member`);
    return { at: Number(name), form };
  });
  return numbered.toSorted((a, b) => a.at - b.at).map(({ form }) => form);
}

function mapFromForm(form: Form, shape: Dictionary, member: Member): Members {
  const isFlat = (shape.flattened ?? member.flattened) === true;
  const entries = isFlat ? form : form.inner.get("entry");
  const read = draft<unknown>();
  for (const { inner } of entries === undefined ? [] : inOrder(entries)) {
    const [key, value] = [inner.get(shape.key.wireName ?? "key"), inner.get(shape.value.wireName ?? "value")];
    if (key?.text === null || key === undefined || value === undefined)
      throw unreadable("an entry of a map has no key or value");
    put(read, key.text, valueOf(value, shape.value));
  }
  return read;
}
