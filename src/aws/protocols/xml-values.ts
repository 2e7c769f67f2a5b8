/** Values of a shape as XML, in both of AWS's XML protocols (Smithy, "XML binding traits"). */
import type { Members } from "../action.ts";
import type { XmlNamespace } from "../model.ts";
import type { Dictionary, List, Member, Structure } from "../shape.ts";
import { escapeXml } from "../xml.ts";
import { toText } from "./rest-values.ts";

/** What stands inside of the structure's element, in the order in which the action says it; `members` leaves out what stands elsewhere. */
export function structureToXml(
  value: Members,
  structure: Structure,
  members: ReadonlyMap<string, Member> = structure.members,
): string {
  let text = "";
  for (const name in value) {
    const [inner, member] = [value[name], members.get(name)];
    if (member !== undefined && member.attribute !== true && inner !== undefined && inner !== null)
      text += memberToXml(inner, member);
  }
  return text;
}

/** The attributes of the structure's element. */
export function attributesOf(value: Members, { members }: Structure): string {
  let text = "";
  for (const member of members.values())
    if (member.attribute === true && value[member.name] !== undefined)
      text += ` ${member.wireName ?? member.name}="${escapeXml(String(value[member.name]))}"`;
  return text;
}

/** A member with its element; a flattened list or map is as many elements of the member's name. */
function memberToXml(value: unknown, member: Member): string {
  const { shape } = member;
  const isFlat = (shape.is === "list" || shape.is === "map") && (shape.flattened ?? member.flattened) === true;
  if (isFlat && shape.is === "list") return flatList(value as readonly unknown[], shape, member);
  if (isFlat && shape.is === "map") return entriesOf(value as Members, shape, member.wireName ?? member.name);
  return elementOf(value, member, member.wireName ?? member.name);
}

function flatList(values: readonly unknown[], { of }: List, member: Member): string {
  const name = member.wireName ?? member.name;
  return values
    .map((value) =>
      elementOf(value, { ...of, shape: of.shape, ...(member.namespace && { namespace: member.namespace }) }, name),
    )
    .join("");
}

export function elementOf(value: unknown, member: Member, name: string): string {
  const { shape } = member;
  const namespace = namespaceAttribute(member.namespace ?? (shape.is === "structure" ? shape.xmlNamespace : undefined));
  const attributes = shape.is === "structure" ? attributesOf(value as Members, shape) : "";
  return `<${name}${namespace}${attributes}>${contentOf(value, member)}</${name}>`;
}

function contentOf(value: unknown, member: Member): string {
  const { shape } = member;
  if (shape.is === "structure") return structureToXml(value as Members, shape);
  if (shape.is === "map") return entriesOf(value as Members, shape, "entry");
  if (shape.is !== "list") return escapeXml(toText(value, member, "iso8601"));
  const { of } = shape;
  return (value as readonly unknown[]).map((one) => elementOf(one, of, of.wireName ?? "member")).join("");
}

function entriesOf(value: Members, { key, value: inner }: Dictionary, name: string): string {
  return Object.entries(value)
    .map(
      ([text, one]) =>
        `<${name}>${elementOf(text, key, key.wireName ?? "key")}${elementOf(one, inner, inner.wireName ?? "value")}</${name}>`,
    )
    .join("");
}

export function namespaceAttribute(namespace: XmlNamespace | undefined): string {
  if (namespace === undefined) return "";
  const prefix = namespace.prefix === undefined ? "" : `:${namespace.prefix}`;
  return ` xmlns${prefix}="${escapeXml(namespace.uri)}"`;
}
