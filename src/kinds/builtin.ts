/** How a built-in kind is written down: only what differs from the ordinary; its schema comes from the generated table when first asked for. */
import type { SchemaTable } from "#base/schema.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";

export type BuiltinFacts<T extends KubeObject> = Omit<
  Kind<T>,
  "schema" | "table" | "typeName" | "singular" | "subresources"
> & {
  /** The name of the kind's type in the schema table. */
  readonly type: string;
  readonly subresources?: Kind<T>["subresources"];
  readonly table?: SchemaTable;
};

export function builtinKind<T extends KubeObject>(facts: BuiltinFacts<T>): Kind<T> {
  const { type, table = builtinTable, subresources = [], ...rest } = facts;
  return {
    ...rest,
    singular: facts.kind.toLowerCase(),
    subresources,
    table,
    typeName: type,
    get schema() {
      return table.resolve(type);
    },
  };
}
