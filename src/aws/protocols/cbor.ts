/** Smithy RPC v2 with CBOR: the operation in the path, the input and output whole in the body (Smithy, "RPC v2 CBOR protocol"). */
import { draft, put } from "#base/dictionary.ts";
import type { Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Dictionary, List, Member, Shape, Structure } from "../shape.ts";
import { type CborValue, decodeCbor, encodeCbor, Seconds } from "./cbor-codec.ts";
import { errorType, queryErrorHeader } from "./json-error.ts";
import type { Protocol, Route } from "./protocol.ts";
import { unknownMember, wrongType } from "./unreadable.ts";

const HEADERS = { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };

export const cbor: Protocol = {
  speaks: ({ headers }) => headers["smithy-protocol"] === "rpc-v2-cbor",
  routes: (service) => {
    const routes = new Map(
      service.actions.map((action): [string, Route] => [
        pathOf(service, action.operation.name),
        { action, labels: {} },
      ]),
    );
    return ({ path }) => routes.get(path.slice(path.lastIndexOf("/service/"))) ?? null;
  },
  unknown: (_service, { path }) =>
    new AwsError("UnknownOperationException", 404, `Catamaran has no action at '${path}'`),
  read: ({ body }, { input }) => (body.length === 0 ? {} : structureFrom(decodeCbor(body), input)),
  write: (output, operation) => ({
    status: operation.status,
    headers: operation.hasOutput ? HEADERS : { "smithy-protocol": "rpc-v2-cbor" },
    body: operation.hasOutput ? encodeCbor(structureTo(output, operation.output)) : "",
  }),
  writeError: (error, operation, { service }) => {
    const shape = operation?.errors.get(error.code);
    const key = ["message", "Message"].find((one) => shape?.members.has(one)) ?? "message";
    const message = error.message === "" ? {} : { [key]: error.message };
    const members = shape === undefined ? {} : structureTo(error.members, shape);
    return {
      status: error.status,
      headers: { ...HEADERS, ...queryErrorHeader(error, operation, service) },
      body: encodeCbor({ __type: errorType(error, service), ...message, ...members }),
    };
  },
};

function pathOf({ model }: Service, operation: string): string {
  return `/service/${model.targetPrefix ?? ""}/operation/${operation}`;
}

function structureFrom(value: CborValue, { members, name: owner }: Structure): Members {
  if (!isMap(value)) throw wrongType(value, "Structure");
  const read = draft<unknown>();
  for (const name of Object.keys(value)) {
    const [inner, member] = [value[name] ?? null, members.get(name)];
    if (inner === null) continue;
    if (member !== undefined) put(read, name, fromCbor(inner, member));
    else if (name !== "__type") throw unknownMember(name, owner);
  }
  return read;
}

function fromCbor(value: CborValue, member: Member): unknown {
  const { shape } = member;
  if (shape.is === "structure") return structureFrom(value, shape);
  if (shape.is === "list")
    return Array.isArray(value) ? value.map((one: CborValue) => nullOr(one, shape.of)) : fail(value, "List");
  if (shape.is === "map") return isMap(value) ? mapFrom(value, shape.value) : fail(value, "Map");
  return simpleFrom(value, shape);
}

function simpleFrom(value: CborValue, { is }: Exclude<Shape, Structure | List | Dictionary>): unknown {
  switch (is) {
    case "string":
      return typeof value === "string" ? value : fail(value, "String");
    case "integer":
    case "long":
      return Number.isSafeInteger(value) ? value : fail(value, "Long");
    case "float":
    case "double":
      return typeof value === "number" ? value : fail(value, "Double");
    case "boolean":
      return typeof value === "boolean" ? value : fail(value, "Boolean");
    case "blob":
      return value instanceof Uint8Array ? value : fail(value, "Blob");
    case "timestamp":
      return value instanceof Seconds ? Math.round(value.value * 1_000) : fail(value, "Timestamp");
    case "json":
      return value;
  }
}

function nullOr(value: CborValue, member: Member): unknown {
  return value === null ? null : fromCbor(value, member);
}

function mapFrom(value: { readonly [key: string]: CborValue }, member: Member): Members {
  const read = draft<unknown>();
  for (const name of Object.keys(value)) put(read, name, nullOr(value[name] ?? null, member));
  return read;
}

function fail(value: CborValue, wanted: string): never {
  throw wrongType(value, wanted);
}

function isMap(value: CborValue): value is { readonly [key: string]: CborValue } {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array || value instanceof Seconds)
  );
}

function structureTo(value: Members, { members }: Structure): { readonly [key: string]: CborValue } {
  const written = draft<CborValue>();
  for (const name in value) {
    const [inner, member] = [value[name], members.get(name)];
    if (member !== undefined && inner !== undefined && inner !== null) put(written, name, toCbor(inner, member));
  }
  return written;
}

function toCbor(value: unknown, { shape }: Member): CborValue {
  if (value === null) return null;
  if (shape.is === "structure") return structureTo(value as Members, shape);
  if (shape.is === "timestamp") return new Seconds((value as number) / 1_000);
  if (shape.is === "list") return (value as readonly unknown[]).map((one) => toCbor(one, shape.of));
  if (shape.is !== "map") return value as CborValue;
  const written = draft<CborValue>();
  for (const [name, inner] of Object.entries(value as Members)) put(written, name, toCbor(inner, shape.value));
  return written;
}
