/** Turns Go packages of the Kubernetes API into the lines of schema.gen.ts. The form of a line is told in src/kinds/schema/schema-table.ts. */
import type { GoField, GoNamed, GoPackage, GoStruct, GoType, Markers } from "./go-types.ts";

/** Types whose JSON form is not that of their Go struct. */
const SPECIAL: Readonly<Record<string, string>> = {
  "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "t",
  "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "m",
  "k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "u",
  "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "y",
  "k8s.io/apimachinery/pkg/runtime.RawExtension": "y",
  "k8s.io/apimachinery/pkg/runtime.Object": "y",
  "k8s.io/apimachinery/pkg/api/resource.Quantity": "q",
  "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "o",
  "k8s.io/apimachinery/pkg/types.UID": "s",
  "k8s.io/apimachinery/pkg/types.NodeName": "s",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": "y",
  // "items" as a list of schemas is not structural, so only the single form is served.
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray": "@JSONSchemaProps",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool": "y",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": "y",
};

const SCALARS: Readonly<Record<string, string>> = {
  string: "s",
  bool: "b",
  int: "l",
  int32: "i",
  int64: "l",
  uint8: "i",
  uint32: "i",
  uint64: "l",
  float64: "f",
};

interface TypeFacts {
  readonly text: string;
  /** Go's omitempty does not drop its zero value. */
  readonly isStruct: boolean;
  readonly markers: Markers;
  /** Protobuf wraps it in a message of its own. */
  readonly isWrapped: boolean;
}

type Options = Record<string, unknown>;
type FieldTuple = readonly [proto: number, type: string, options?: Options];

export class SchemaLines {
  readonly #load: (path: string) => GoPackage;
  readonly #packages = new Map<string, GoPackage>();
  readonly #done = new Map<string, Map<string, string>>();

  constructor(load: (path: string) => GoPackage) {
    this.#load = load;
  }

  /** Adds a type and, through its fields, everything that it needs. */
  add(path: string, name: string): void {
    const lines = this.#done.get(path) ?? new Map<string, string>();
    this.#done.set(path, lines);
    if (lines.has(name)) return;
    const struct = this.#package(path).structs.get(name);
    if (struct === undefined) throw new RangeError(`${path} has no struct ${name}`);
    lines.set(name, "");
    lines.set(name, `${name} ${JSON.stringify(this.#describe(path, struct))}`);
  }

  /** Every struct of the package that is an object: has TypeMeta and is no list. */
  addKinds(path: string): void {
    for (const [name, struct] of this.#package(path).structs) {
      const embedded = struct.fields.flatMap(({ name: own, type }) =>
        own === undefined && type.is === "named" ? [type.name] : [],
      );
      if (
        embedded.includes("TypeMeta") &&
        !struct.fields.some(({ type }) => type.is === "named" && type.name === "ListMeta")
      )
        this.add(path, name);
    }
  }

  print(): string {
    return [...this.#done]
      .filter(([, lines]) => lines.size > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([path, lines]) => [`# ${packageName(path)}`, ...[...lines.values()].toSorted()])
      .join("\n");
  }

  #package(path: string): GoPackage {
    const known = this.#packages.get(path) ?? this.#load(path);
    this.#packages.set(path, known);
    return known;
  }

  #describe(path: string, struct: GoStruct): Options {
    const fields: Record<string, FieldTuple> = {};
    const inlined: Record<string, string> = {};
    for (const field of struct.fields) {
      const [json = "", ...flags] = (field.tags.get("json") ?? "-").split(",");
      if (json === "-" || (json === "" && !flags.includes("inline") && field.name !== undefined)) continue;
      if (json === "" || flags.includes("inline")) this.#inline({ path, field, fields, inlined });
      else fields[json] = this.#field(path, field, flags);
    }
    return {
      f: fields,
      ...(Object.keys(inlined).length > 0 && { in: inlined }),
      ...(struct.markers.get("structType")?.[0] === "atomic" && { a: 1 }),
    };
  }

  #inline(into: {
    path: string;
    field: GoField;
    fields: Record<string, FieldTuple>;
    inlined: Record<string, string>;
  }): void {
    const { path, field, fields, inlined } = into;
    const type = field.type.is === "pointer" ? field.type.of : field.type;
    if (type.is !== "named") throw new RangeError(`${path}: only structs are inlined`);
    const home = type.package ?? path;
    const struct = this.#package(home).structs.get(type.name);
    if (struct === undefined) throw new RangeError(`${home} has no struct ${type.name}`);
    const described = this.#describe(home, struct);
    const isOwnMessage = protoNumber(field) > 0;
    for (const [name, [proto, text, options]] of Object.entries(described["f"] as Record<string, FieldTuple>)) {
      const absolute = home === path ? text : text.replace(/@(\w+)$/, `@${packageName(home)}.$1`);
      const number = isOwnMessage || type.name === "TypeMeta" ? 0 : proto;
      fields[name] = options === undefined ? [number, absolute] : [number, absolute, options];
    }
    if (!isOwnMessage) return;
    this.add(home, type.name);
    inlined[String(protoNumber(field))] = home === path ? type.name : `${packageName(home)}.${type.name}`;
  }

  #field(path: string, field: GoField, flags: readonly string[]): FieldTuple {
    const isPointer = field.type.is === "pointer";
    const { text, isStruct, markers, isWrapped } = this.#type(
      path,
      field.type.is === "pointer" ? field.type.of : field.type,
    );
    const omits = flags.includes("omitempty");
    const isOptional = omits || flags.includes("omitzero") || field.markers.has("optional");
    const isZeroShown = !isPointer && !flags.includes("omitzero") && (isStruct || !omits);
    const presence = `${isOptional ? "" : "!"}${isPointer ? "*" : isZeroShown && isOptional ? "+" : ""}`;
    const options: Options = {
      ...listOptions(field, markers),
      ...defaultOption(field, markers),
      ...(isWrapped && { w: 1 }),
    };
    const described = presence + text;
    return Object.keys(options).length === 0
      ? [protoNumber(field), described]
      : [protoNumber(field), described, options];
  }

  /** Follows pointers and named types. */
  #type(path: string, type: GoType): TypeFacts {
    const plain = { isStruct: false, markers: new Map() as Markers, isWrapped: false };
    switch (type.is) {
      case "pointer":
        return this.#type(path, type.of);
      case "list": {
        if (type.of.is === "named" && type.of.name === "byte") return { ...plain, text: "x" };
        return { ...plain, text: `[]${this.#type(path, type.of).text}` };
      }
      case "map": {
        const of = this.#type(path, type.of);
        return { ...plain, text: `{}${of.text}`, isWrapped: of.isWrapped };
      }
      case "named": {
        const home = type.package ?? path;
        const special = SPECIAL[`${home}.${type.name}`];
        if (special?.startsWith("@") === true) this.add(home, special.slice(1));
        if (special !== undefined)
          return { ...plain, text: special, isStruct: special.length === 1 && special !== "s" };
        const scalar = type.package === undefined ? SCALARS[type.name] : undefined;
        if (scalar !== undefined) return { ...plain, text: scalar };
        const named = this.#package(home).named.get(type.name);
        if (named !== undefined) return this.#named(home, named);
        this.add(home, type.name);
        return {
          ...plain,
          text: home === path ? `@${type.name}` : `@${packageName(home)}.${type.name}`,
          isStruct: true,
        };
      }
    }
  }

  #named(home: string, named: GoNamed): TypeFacts {
    const of = this.#type(home, named.of);
    // gogo's protobuf gives a named list a message of its own.
    return { ...of, markers: named.markers, isWrapped: named.of.is === "list" };
  }
}

function listOptions(field: GoField, typeMarkers: Markers): Options {
  const listType = field.markers.get("listType")?.[0];
  const mapType =
    field.markers.get("mapType")?.[0] ?? typeMarkers.get("mapType")?.[0] ?? field.markers.get("structType")?.[0];
  const strategies = (field.tags.get("patchStrategy") ?? "").split(",");
  return {
    ...(listType === "map" && { k: field.markers.get("listMapKey") ?? [] }),
    ...(listType === "set" && { k: 1 }),
    ...(mapType === "atomic" && { a: 1 }),
    ...(strategies.includes("merge") && { m: field.tags.get("patchMergeKey") ?? "" }),
    ...(strategies.includes("retainKeys") && { s: "retainKeys" }),
    ...(strategies.includes("replace") && { s: "replace" }),
  };
}

function defaultOption(field: GoField, typeMarkers: Markers): Options {
  const text = field.markers.get("default")?.[0] ?? typeMarkers.get("default")?.[0];
  // ref(…) names a Go constant; only azure volumes have it, and nothing here reads those.
  return text === undefined || text.startsWith("ref(") ? {} : { d: JSON.parse(text) as unknown };
}

function protoNumber(field: GoField): number {
  return Number(/^\w+,(\d+),/.exec(field.tags.get("protobuf") ?? "")?.[1] ?? 0);
}

/** k8s.io/api/core/v1 -> io.k8s.api.core.v1. */
function packageName(path: string): string {
  const [host = "", ...rest] = path.split("/");
  return [...host.split(".").toReversed(), ...rest].join(".");
}
