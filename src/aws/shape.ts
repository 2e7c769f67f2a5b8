/** A model's shapes with their names resolved, each when it is first asked for: what protocols and checks walk along an input or output. */
import type {
  Bounds,
  ErrorData,
  Location,
  MemberData,
  Model,
  ShapeData,
  StructureData,
  TimestampFormat,
  XmlNamespace,
} from "./model.ts";

export type Shape =
  | ({ readonly is: "string"; readonly pattern?: string; readonly enum?: readonly string[] } & Bounds)
  | ({ readonly is: "integer" | "long" | "float" | "double" } & Bounds)
  | { readonly is: "boolean" }
  | ({ readonly is: "blob"; readonly encoded?: true; readonly streaming?: true } & Bounds)
  | { readonly is: "timestamp"; readonly format?: TimestampFormat }
  | { readonly is: "json" }
  | List
  | Dictionary
  | Structure;

export interface List extends Bounds {
  readonly is: "list";
  readonly of: Member;
  readonly flattened?: true;
}

export interface Dictionary extends Bounds {
  readonly is: "map";
  readonly key: Member;
  readonly value: Member;
  readonly flattened?: true;
}

export interface Structure {
  readonly is: "structure";
  readonly name: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly required: readonly string[];
  readonly payload?: string;
  readonly union?: true;
  readonly eventstream?: true;
  readonly error?: ErrorData;
  readonly root?: string;
  readonly xmlNamespace?: XmlNamespace;
}

export interface Member {
  /** As the model calls it; of a list "member", of a map "key" and "value". */
  readonly name: string;
  readonly shape: Shape;
  readonly at?: Location;
  /** On the wire, where it differs from `name`. */
  readonly wireName?: string;
  readonly flattened?: true;
  readonly attribute?: true;
  readonly namespace?: XmlNamespace;
  readonly format?: TimestampFormat;
  readonly jsonvalue?: true;
  readonly event?: "header" | "payload";
}

/** Of an operation without input or output. */
export const NOTHING: Structure = { is: "structure", name: "Unit", members: new Map(), required: [] };

export type FindShape = (name: string) => Shape;

export function shapesOf({ shapes }: Pick<Model, "shapes">): FindShape {
  const linked = new Map<string, Shape>();
  const find = (name: string): Shape => {
    const known = linked.get(name);
    if (known !== undefined) return known;
    const data = shapes[name];
    if (data === undefined) throw new RangeError(`the model has no shape ${name}`);
    const shape = link(name, data, find);
    linked.set(name, shape);
    return shape;
  };
  return find;
}

/** A structure by name; NOTHING without one. */
export function structureOf(find: FindShape, name: string | undefined): Structure {
  if (name === undefined) return NOTHING;
  const shape = find(name);
  if (shape.is !== "structure") throw new RangeError(`${name} is no structure`);
  return shape;
}

function link(name: string, data: ShapeData, find: FindShape): Shape {
  switch (data.is) {
    case "structure":
      return linkStructure(name, data, find);
    case "list":
      return { ...data, of: linkMember("member", data.of, find) };
    case "map":
      return { ...data, key: linkMember("key", data.key, find), value: linkMember("value", data.value, find) };
    case "string":
    case "integer":
    case "long":
    case "float":
    case "double":
    case "boolean":
    case "blob":
    case "timestamp":
    case "json":
      return data;
  }
}

function linkStructure(name: string, data: StructureData, find: FindShape): Structure {
  const members = new Map(Object.entries(data.members).map(([key, member]) => [key, linkMember(key, member, find)]));
  return { ...data, name, members, required: data.required ?? [] };
}

/** Its shape is looked up when it is asked for: shapes may contain themselves. */
function linkMember(name: string, data: MemberData, find: FindShape): Member {
  const { of, name: wireName, ...traits } = typeof data === "string" ? { of: data } : { name: undefined, ...data };
  let shape: Shape | undefined;
  return {
    ...traits,
    ...(wireName !== undefined && { wireName }),
    name,
    get shape() {
      return (shape ??= find(of));
    },
  };
}
