/** Elements of XML read into the values of a shape (Smithy, "XML binding traits"). */
import { draft, put } from "#base/dictionary.ts";
import type { Members } from "../action.ts";
import type { Dictionary, Member, Structure } from "../shape.ts";
import type { XmlElement } from "../xml.ts";
import { fromText } from "./rest-values.ts";
import { unknownMember, unreadable } from "./unreadable.ts";

/** `members` by their names in the model: what stands elsewhere is no element. */
export function structureFromXml(
  element: XmlElement,
  structure: Structure,
  members: ReadonlyMap<string, Member> = structure.members,
): Members {
  const read = draft<unknown>();
  const known = new Set<string>();
  for (const member of members.values()) {
    const name = member.wireName ?? member.name;
    if (member.attribute === true) readAttribute(element, member, read);
    else {
      const found = element.children.filter((child) => child.name === name);
      known.add(name);
      if (found.length > 0) put(read, member.name, fromElements(found, member));
    }
  }
  const stranger = element.children.find(({ name }) => !known.has(name));
  if (stranger !== undefined) throw unknownMember(stranger.name, structure.name);
  return read;
}

function readAttribute({ attributes }: XmlElement, member: Member, read: Members): void {
  const text = attributes.get(member.wireName ?? member.name);
  if (text !== undefined) put(read, member.name, fromText(text, member, "iso8601"));
}

function fromElements(found: readonly XmlElement[], member: Member): unknown {
  const { shape } = member;
  const isFlat = (shape.is === "list" || shape.is === "map") && (shape.flattened ?? member.flattened) === true;
  if (isFlat && shape.is === "list") return found.map((one) => fromElement(one, shape.of));
  if (isFlat && shape.is === "map") return mapFrom(found, shape);
  const [only] = found.slice(-1);
  return only === undefined ? undefined : fromElement(only, member);
}

export function fromElement(element: XmlElement, member: Member): unknown {
  const { shape } = member;
  if (shape.is === "structure") return structureFromXml(element, shape);
  if (shape.is === "map")
    return mapFrom(
      element.children.filter(({ name }) => name === "entry"),
      shape,
    );
  if (shape.is !== "list") return fromText(textOf(element, member), member, "iso8601");
  const name = shape.of.wireName ?? "member";
  return element.children.map((child) => {
    if (child.name !== name) throw unknownMember(child.name, element.name);
    return fromElement(child, shape.of);
  });
}

/** Blanks around numbers and times are none of them. */
function textOf({ text }: XmlElement, { shape }: Member): string {
  return shape.is === "string" ? text : text.trim();
}

function mapFrom(entries: readonly XmlElement[], { key, value }: Dictionary): Members {
  const read = draft<unknown>();
  for (const { children } of entries) {
    const name = children.find((child) => child.name === (key.wireName ?? "key"));
    const inner = children.find((child) => child.name === (value.wireName ?? "value"));
    if (name === undefined || inner === undefined) throw unreadable("an entry of a map has no key or value");
    put(read, name.text, fromElement(inner, value));
  }
  return read;
}
