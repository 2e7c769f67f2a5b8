/** How this folder writes protobuf messages down: by field name, maps as plain objects, absent lists empty. The bytes are wire/protobuf.ts's work. */
import { draft, put } from "#base/dictionary.ts";
import { decodeMessage, encodeMessage, type Descriptor, type ProtoMessage } from "#wire/protobuf.ts";

export type Scalar = "string" | "bytes" | "bool" | "int";

/** One field: its number, its type, and whether it repeats or is a map from text. */
export interface MessageField {
  readonly number: number;
  readonly type: Scalar | Message;
  readonly is?: "list" | "map";
}

/** Field name to field. Integers of any width are numbers: nanoseconds lose their last digits, which nobody needs. */
export interface Message {
  readonly [name: string]: MessageField;
}

type Fields = Readonly<Record<string, unknown>>;

export function encode(message: Message, fields: object): Uint8Array {
  return encodeMessage(descriptorOf(message), toWire(message, fields as Fields));
}

/** Fields that were not sent are absent, except lists and maps, which are then empty. */
export function decode<T>(message: Message, bytes: Uint8Array): T {
  return fromWire(message, decodeMessage(descriptorOf(message), bytes)) as T;
}

const descriptors = new WeakMap<Message, Descriptor>();

function descriptorOf(message: Message): Descriptor {
  const known = descriptors.get(message);
  if (known !== undefined) return known;
  const fields = Object.entries(message).map(([name, { number, type, is }]) => {
    const shape =
      typeof type === "string"
        ? { type: type === "int" ? ("int64" as const) : type }
        : { type: "message" as const, message: () => descriptorOf(type) };
    return [
      number,
      {
        name,
        ...shape,
        ...(is === "list" && { repeated: true as const }),
        ...(is === "map" && { mapKey: "string" as const }),
      },
    ] as const;
  });
  const descriptor: Descriptor = { fields: Object.fromEntries(fields) };
  descriptors.set(message, descriptor);
  return descriptor;
}

function toWire(message: Message, fields: Fields): ProtoMessage {
  const wire = draft<unknown>();
  for (const [name, value] of Object.entries(fields)) {
    const field = message[name];
    if (field === undefined) throw new RangeError(`the message has no field ${name}`);
    if (value !== undefined) put(wire, name, valueToWire(field, value));
  }
  return wire as ProtoMessage;
}

function valueToWire({ type, is }: MessageField, value: unknown): unknown {
  const one = (each: unknown): unknown =>
    typeof type === "string" ? (type === "int" ? Math.trunc(each as number) : each) : toWire(type, each as Fields);
  if (is === "list") return (value as readonly unknown[]).map(one);
  return is === "map" ? new Map(Object.entries(value as Fields).map(([key, each]) => [key, one(each)])) : one(value);
}

function fromWire(message: Message, wire: ProtoMessage): Fields {
  const fields = draft<unknown>();
  for (const [name, field] of Object.entries(message)) {
    const value: unknown = wire[name];
    if (value !== undefined) put(fields, name, valueFromWire(field, value));
    else if (field.is !== undefined) put(fields, name, field.is === "list" ? [] : {});
  }
  return fields;
}

function valueFromWire({ type, is }: MessageField, value: unknown): unknown {
  const one = (each: unknown): unknown =>
    typeof type === "string" ? (type === "int" ? Number(each) : each) : fromWire(type, each as ProtoMessage);
  if (is === "list") return (value as readonly unknown[]).map(one);
  return is === "map"
    ? Object.fromEntries([...(value as ReadonlyMap<string, unknown>)].map(([key, each]) => [key, one(each)]))
    : one(value);
}
