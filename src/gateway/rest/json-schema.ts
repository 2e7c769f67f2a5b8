/** Holds a JSON value against a model: JSON Schema draft 4, with patterns in linear time and a bounded amount of work. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";
import { compilePattern, type Pattern } from "#kinds/schema/pattern.ts";

/** Finds what a "$ref" outside of the schema means: another model; null when there is none. */
export type FindModel = (reference: string) => Json | null;

const MAX_STEPS = 200_000;
const MAX_DEPTH = 100;

/** False also for a schema that cannot be followed to its end. */
export function fits(value: Json, schema: Json, findModel: FindModel): boolean {
  return new Check(schema, findModel).fits(value, schema, 0);
}

class Check {
  readonly #root: Json;
  readonly #findModel: FindModel;
  #steps = 0;

  constructor(root: Json, findModel: FindModel) {
    this.#root = root;
    this.#findModel = findModel;
  }

  fits(value: Json, schema: Json, depth: number): boolean {
    if (++this.#steps > MAX_STEPS || depth > MAX_DEPTH) return false;
    if (!isJsonObject(schema)) return schema !== false;
    const { $ref: reference } = schema;
    if (typeof reference === "string") return this.#byReference(value, reference, depth);
    return (
      isOfType(value, schema["type"]) &&
      isListed(value, schema["enum"]) &&
      this.#combines(value, schema, depth) &&
      this.#inside(value, schema, depth)
    );
  }

  #byReference(value: Json, reference: string, depth: number): boolean {
    if (!reference.startsWith("#")) {
      const model = this.#findModel(reference);
      // Its own references are within itself.
      return model !== null && new Check(model, this.#findModel).fits(value, model, depth + 1);
    }
    const found = pointed(this.#root, reference.slice(1));
    return found !== undefined && this.fits(value, found, depth + 1);
  }

  #combines(value: Json, schema: { readonly [name: string]: Json }, depth: number): boolean {
    const each = (name: string): readonly Json[] | null => (Array.isArray(schema[name]) ? schema[name] : null);
    const passes = (one: Json): boolean => this.fits(value, one, depth + 1);
    const { not } = schema;
    return (
      (each("allOf")?.every(passes) ?? true) &&
      (each("anyOf")?.some(passes) ?? true) &&
      (each("oneOf") === null || each("oneOf")?.filter(passes).length === 1) &&
      (not === undefined || !passes(not))
    );
  }

  #inside(value: Json, schema: { readonly [name: string]: Json }, depth: number): boolean {
    if (typeof value === "string") return textFits(value, schema);
    if (typeof value === "number") return numberFits(value, schema);
    if (Array.isArray(value)) return listFits(value, schema) && this.#itemsFit(value, schema, depth);
    return isJsonObject(value) ? objectFits(value, schema) && this.#membersFit(value, schema, depth) : true;
  }

  #itemsFit(
    value: readonly Json[],
    { items, additionalItems }: { readonly [name: string]: Json },
    depth: number,
  ): boolean {
    if (Array.isArray(items))
      return value.every((one, at) => this.fits(one, items[at] ?? additionalItems ?? true, depth + 1));
    return items === undefined || value.every((one) => this.fits(one, items, depth + 1));
  }

  #membersFit(
    value: { readonly [name: string]: Json },
    schema: { readonly [name: string]: Json },
    depth: number,
  ): boolean {
    const { properties, patternProperties, additionalProperties = true, dependencies } = schema;
    const patterns = isJsonObject(patternProperties) ? Object.entries(patternProperties) : [];
    return Object.entries(value).every(([name, one]) => {
      const known = isJsonObject(properties) && Object.hasOwn(properties, name) ? [properties[name] ?? true] : [];
      const matching = patterns.filter(([pattern]) => matches(pattern, name)).map(([, inner]) => inner);
      const schemas = [...known, ...matching];
      return (
        (schemas.length > 0 ? schemas : [additionalProperties]).every((inner) => this.fits(one, inner, depth + 1)) &&
        this.#dependencyFits(value, isJsonObject(dependencies) ? dependencies[name] : undefined, depth)
      );
    });
  }

  #dependencyFits(value: { readonly [name: string]: Json }, dependency: Json | undefined, depth: number): boolean {
    if (dependency === undefined) return true;
    if (Array.isArray(dependency))
      return dependency.every((name) => typeof name === "string" && Object.hasOwn(value, name));
    return this.fits(value, dependency, depth + 1);
  }
}

function pointed(root: Json, pointer: string): Json | undefined {
  let at: Json | undefined = root;
  for (const part of pointer.split("/").slice(1)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : Array.isArray(at) ? at[Number(name)] : undefined;
  }
  return at;
}

function isOfType(value: Json, type: Json | undefined): boolean {
  if (type === undefined) return true;
  return [type].flat().some((one) => one === typeOf(value) || (one === "number" && typeof value === "number"));
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function isListed(value: Json, listed: Json | undefined): boolean {
  return !Array.isArray(listed) || listed.some((one) => isSame(one, value));
}

/** Whatever the order of members. */
function isSame(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, at) => isSame(one, b[at] ?? null))
    );
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name] ?? null, b[name] ?? null))
  );
}

function bound(schema: { readonly [name: string]: Json }, name: string): number | null {
  const value = schema[name];
  return typeof value === "number" ? value : null;
}

function isWithin(
  size: number,
  schema: { readonly [name: string]: Json },
  [least, most]: readonly [string, string],
): boolean {
  return size >= (bound(schema, least) ?? 0) && size <= (bound(schema, most) ?? Number.POSITIVE_INFINITY);
}

function textFits(value: string, schema: { readonly [name: string]: Json }): boolean {
  const { pattern } = schema;
  // Characters, not UTF-16 units.
  const { length } = value.replaceAll(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, "_");
  return (
    isWithin(length, schema, ["minLength", "maxLength"]) && (typeof pattern !== "string" || matches(pattern, value))
  );
}

function numberFits(value: number, schema: { readonly [name: string]: Json }): boolean {
  const [least, most, step] = [bound(schema, "minimum"), bound(schema, "maximum"), bound(schema, "multipleOf")];
  if (least !== null && (schema["exclusiveMinimum"] === true ? value <= least : value < least)) return false;
  if (most !== null && (schema["exclusiveMaximum"] === true ? value >= most : value > most)) return false;
  return step === null || step <= 0 || Number.isInteger(Number((value / step).toPrecision(12)));
}

// Beyond that, comparing each with each would take too long.
const MAX_UNIQUE = 1_000;

function listFits(value: readonly Json[], schema: { readonly [name: string]: Json }): boolean {
  if (!isWithin(value.length, schema, ["minItems", "maxItems"])) return false;
  if (schema["uniqueItems"] !== true) return true;
  return (
    value.length <= MAX_UNIQUE && value.every((one, at) => !value.slice(0, at).some((other) => isSame(one, other)))
  );
}

function objectFits(value: { readonly [name: string]: Json }, schema: { readonly [name: string]: Json }): boolean {
  const { required } = schema;
  return (
    isWithin(Object.keys(value).length, schema, ["minProperties", "maxProperties"]) &&
    (!Array.isArray(required) || required.every((name) => typeof name === "string" && Object.hasOwn(value, name)))
  );
}

const compiled = new Map<string, Pattern | null>();

/** A pattern that cannot be read matches nothing. */
function matches(pattern: string, text: string): boolean {
  let known = compiled.get(pattern);
  if (known === undefined) {
    known = compilePattern(pattern);
    if (compiled.size < 1_000) compiled.set(pattern, known);
  }
  return known?.occursIn(text) ?? false;
}
