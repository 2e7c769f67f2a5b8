/** metav1.Table: what kubectl get prints, computed from a kind's columns. Pure. */
import type { Json, JsonObject } from "#base/json.ts";
import type { Stored } from "#deck/stored.ts";
import type { Kind } from "#kinds/kind.ts";

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

/** Makes rows of the kind's objects. */
export function rowsOf(
  kind: Kind,
  { now, include }: { readonly now: number; readonly include: IncludeObject },
): (stored: Stored) => JsonObject {
  return (stored) => {
    const { object } = stored;
    const own = kind.columns.map((column) => column.cell(object, now) as Json);
    const cells = kind.hasOwnNameColumn === true ? own : [object.metadata.name, ...own];
    if (include === "None") return { cells };
    return { cells, object: include === "Object" ? object : partial(stored) };
  };
}

export function partial({ object }: Stored): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  };
}
