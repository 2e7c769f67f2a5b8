/** Schemas as OpenAPI writes them, with Kubernetes' extensions: list types, merge keys, defaults, formats. Built-in types have no descriptions. */
import type { Json, JsonObject } from "#base/json.ts";
import { OBJECT_META_WORDS } from "#kinds/rules/object-meta-words.ts";
import type { Field, Schema, SchemaTable, TypeName } from "#base/schema.ts";

/** The two dialects differ in where references point and in what may stand beside one. */
export type Dialect = "v2" | "v3";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const OBJECT_META: TypeName = `${META}.ObjectMeta`;
const TIME: TypeName = `${META}.Time`;
const MICRO_TIME: TypeName = `${META}.MicroTime`;
const QUANTITY: TypeName = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: TypeName = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/** Types that are one value in JSON. */
function valueType(type: TypeName, dialect: Dialect): JsonObject | undefined {
  switch (type) {
    case TIME:
    case MICRO_TIME:
      return { type: "string", format: "date-time" };
    case QUANTITY:
      return dialect === "v2" ? { type: "string" } : { oneOf: [{ type: "string" }, { type: "number" }] };
    case INT_OR_STRING:
      return dialect === "v2"
        ? { type: "string", format: "int-or-string" }
        : { oneOf: [{ type: "integer" }, { type: "string" }], format: "int-or-string" };
    default:
      return undefined;
  }
}

// DIFFERS: kubectl explain prints types and fields of built-in kinds without upstream's descriptions, but for metadata; those of custom resources are there.
/** Writes schemas and remembers which types they need. */
export class SchemaWriter {
  readonly dialect: Dialect;
  readonly #written = new Map<TypeName, JsonObject>();
  readonly #wanted: { readonly type: TypeName; readonly table: SchemaTable }[] = [];

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** A schema under a name of its own. */
  define(name: TypeName, schema: JsonObject): void {
    this.#written.set(name, schema);
  }

  reference(type: TypeName): JsonObject {
    return { $ref: `${this.dialect === "v2" ? "#/definitions/" : "#/components/schemas/"}${type}` };
  }

  /** The same as `reference`, and the type will be written. */
  use(type: TypeName, table: SchemaTable): JsonObject {
    this.#wanted.push({ type, table });
    return this.reference(type);
  }

  write(schema: Schema, table: SchemaTable): JsonObject {
    switch (schema.is) {
      case "string":
      case "integer":
      case "number":
      case "boolean":
        return {
          type: schema.is,
          ...(schema.format !== undefined && { format: schema.format }),
          ...(schema.enum !== undefined && { enum: schema.enum }),
        };
      case "bytes":
        return { type: "string", format: "byte" };
      case "any":
        return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
      case "intOrString":
        return this.use(INT_OR_STRING, table);
      case "quantity":
        return this.use(QUANTITY, table);
      case "time":
        return this.use(TIME, table);
      case "microTime":
        return this.use(MICRO_TIME, table);
      case "ref":
        return this.use(schema.type, table);
      case "list":
        return this.#list(schema, table);
      case "map":
        return {
          type: "object",
          additionalProperties: this.write(schema.of, table),
          ...(schema.atomic === true && { "x-kubernetes-map-type": "atomic" }),
        };
      case "object":
        return this.#object(schema, table);
    }
  }

  /** All schemas by name, once nothing is missing any more. */
  finish(): Record<TypeName, JsonObject> {
    for (let next = this.#wanted.pop(); next !== undefined; next = this.#wanted.pop()) {
      const { type, table } = next;
      if (this.#written.has(type)) continue;
      const value = valueType(type, this.dialect);
      this.#written.set(type, value ?? {});
      if (value === undefined) this.#written.set(type, this.#described(type, this.write(table.resolve(type), table)));
    }
    return Object.fromEntries([...this.#written].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Built-in types but the metadata of all have no descriptions here. */
  #described(type: TypeName, schema: JsonObject): JsonObject {
    if (type !== OBJECT_META) return schema;
    const properties = Object.entries(schema["properties"] as Readonly<Record<string, JsonObject>>).map(
      ([name, property]) => [name, this.#beside(property, { description: OBJECT_META_WORDS.get(name) ?? "" })],
    );
    return { ...schema, properties: Object.fromEntries(properties) as JsonObject };
  }

  /** In v3 nothing may stand beside a reference. */
  #beside(schema: JsonObject, more: JsonObject): JsonObject {
    return "$ref" in schema && this.dialect === "v3" ? { allOf: [schema], ...more } : { ...schema, ...more };
  }

  #object(schema: Schema & { readonly is: "object" }, table: SchemaTable): JsonObject {
    const properties = Object.entries(schema.fields).map(([name, field]) => [name, this.#field(field, table)] as const);
    return {
      type: "object",
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
      ...(schema.required !== undefined && schema.required.length > 0 && { required: schema.required }),
      ...(schema.atomic === true && { "x-kubernetes-map-type": "atomic" }),
      ...(schema.preserveUnknown === true && { "x-kubernetes-preserve-unknown-fields": true }),
    };
  }

  #field(field: Field, table: SchemaTable): JsonObject {
    const written = this.write(field.schema, table);
    const beside: Record<string, Json> = { ...mergeOf(field) };
    // Null stands for "no time yet" inside; a client's schema does not know it.
    if (field.default !== undefined && field.default !== null && this.dialect === "v3" && !isEmptyList(field.default))
      beside["default"] = field.default;
    return Object.keys(beside).length === 0 ? written : this.#beside(written, beside);
  }

  #list(schema: Schema & { readonly is: "list" }, table: SchemaTable): JsonObject {
    return {
      type: "array",
      items: this.write(schema.of, table),
      // Built-in lists say it even where it is the default.
      "x-kubernetes-list-type": schema.type ?? "atomic",
      ...(schema.keys !== undefined && { "x-kubernetes-list-map-keys": schema.keys }),
    };
  }
}

function mergeOf({ schema, strategy }: Field): JsonObject {
  const mergeKey = schema.is === "list" ? schema.mergeKey : undefined;
  const strategies = [...(mergeKey === undefined ? [] : ["merge"]), ...(strategy === undefined ? [] : [strategy])];
  return {
    ...(mergeKey !== undefined && mergeKey !== "" && { "x-kubernetes-patch-merge-key": mergeKey }),
    ...(strategies.length > 0 && { "x-kubernetes-patch-strategy": strategies.join(",") }),
  };
}

function isEmptyList(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}
