/** metav1.Table: what kubectl get prints, computed from a kind's columns. Pure. */
import type { Json, JsonObject } from "#base/json.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Part, Stored } from "#deck/stored.ts";
import type { Kind } from "#kinds/kind.ts";
import { joinedPart, partOf } from "./pieces.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export function tableOf(
  kind: Kind,
  stored: readonly Stored[],
  options: {
    readonly now: number;
    readonly include: IncludeObject;
    readonly metadata: JsonObject;
    readonly hasColumns: boolean;
  },
): JsonObject {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.hasColumns ? columnDefinitions(kind) : null,
    rows: stored.map(rowsOf(kind, options)),
  };
}

export function columnDefinitions(kind: Kind): readonly JsonObject[] {
  const name: JsonObject = { name: "Name", type: "string", format: "name", description: "", priority: 0 };
  const own = kind.columns.map(({ name: title, type, format = "", priority = 0 }) => ({
    name: title,
    type,
    format,
    description: "",
    priority,
  }));
  return kind.hasOwnNameColumn === true ? own : [name, ...own];
}

interface RowOptions {
  readonly now: number;
  readonly include: IncludeObject;
}

/** Makes rows of the kind's objects. */
export function rowsOf(kind: Kind, { now, include }: RowOptions): (stored: Stored) => JsonObject {
  return (stored) => {
    const cells = cellsOf(kind, stored, now);
    if (include === "None") return { cells };
    return { cells, object: include === "Object" ? stored.object : partial(stored) };
  };
}

/** The same as bytes, for lists: nothing of an object is parsed or written again that its cells do not need. */
export function rowBytesOf(kind: Kind, { now, include }: RowOptions): (stored: Stored) => Part {
  return (stored) => {
    const cells = `{"cells":${JSON.stringify(cellsOf(kind, stored, now))}`;
    switch (include) {
      case "None":
        return partOf(encodeUtf8(`${cells}}`));
      case "Metadata":
        return joinedPart([partOf(encodeUtf8(`${cells},"object":`)), partialBytes(stored), END]);
      case "Object":
        return joinedPart([partOf(encodeUtf8(`${cells},"object":`)), stored, END]);
    }
  };
}

const END = partOf(encodeUtf8("}"));
const PARTIAL = partOf(encodeUtf8('{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'));

/** What `partial` is, as bytes. */
export function partialBytes(stored: Stored): Part {
  return joinedPart([PARTIAL, partOf(stored.metadataBytes), END]);
}

function cellsOf(kind: Kind, stored: Stored, now: number): readonly Json[] {
  // The columns of a definition may show whatever is in the object.
  const object = kind.definedBy === undefined ? stored.lean : stored.object;
  const own = kind.columns.map((column) => column.cell(object, now) as Json);
  return kind.hasOwnNameColumn === true ? own : [object.metadata.name, ...own];
}

export function partial({ object }: Stored): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  };
}
