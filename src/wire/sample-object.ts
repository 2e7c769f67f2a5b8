/** Random objects of a schema for property tests: small, with few names, so that two of them have much in common. */
import { type Draft, draft, put } from "#base/dictionary.ts";
import type { Json } from "#base/json.ts";
import { canonicalQuantity } from "#base/quantity.ts";
import type { Random } from "#base/random.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";

export interface Sampling {
  readonly random: Random;
  readonly table: SchemaTable;
  /** How likely an optional field is present, 0..1. */
  readonly density: number;
  readonly depth: number;
  /** Elements differ in the strategic merge key alone, not only in all list map keys. */
  readonly hasUniqueMergeKeys?: true;
}

const NAMES = ["a", "b", "c", "d"];

export function sample(schema: Schema, sampling: Sampling): Json {
  const { random } = sampling;
  switch (schema.is) {
    case "string":
      return schema.format === "duration"
        ? `${1 + Math.floor(random.number() * 50)}s`
        : pick(schema.enum ?? NAMES, random);
    case "integer":
      if (schema.format === "int64" && random.number() < 0.2) return 9_007_199_254_740_993n;
      return 1 + Math.floor(random.number() * 3);
    case "number":
      return Math.floor(random.number() * 8) / 4;
    case "boolean":
      return random.number() < 0.5;
    case "intOrString":
      return random.number() < 0.5 ? 80 : "http";
    case "quantity":
      return canonicalQuantity(pick(["1", "2", "500m", "1Gi", "1500Ki"], random) as string);
    case "time":
      return pick(["2024-01-02T03:04:05Z", "2025-01-02T03:04:05Z"], random);
    case "microTime":
      return pick(["2024-01-02T03:04:05.123456Z", "2025-01-02T03:04:05.000000Z"], random);
    case "bytes":
      return pick(["aGVsbG8=", "AAEC"], random);
    case "any":
      return { x: pick(NAMES, random) };
    case "ref":
      return sample(sampling.table.resolve(schema.type), sampling);
    case "object":
      return sampleObject(schema, sampling);
    case "map":
      return Object.fromEntries(some(NAMES, sampling).map((name) => [name, sample(schema.of, deeper(sampling))]));
    case "list":
      return sampleList(schema, sampling);
  }
}

function sampleObject(schema: Schema & { readonly is: "object" }, sampling: Sampling): Json {
  const object = draft<Json>();
  for (const [name, field] of Object.entries(schema.fields)) {
    const isKey = name === "name" || schema.required?.includes(name) === true;
    const isPresent = sampling.random.number() < (isKey ? 0.95 : sampling.density);
    if (isPresent && (sampling.depth > 0 || !isDeep(field.schema)))
      put(object, name, sample(field.schema, deeper(sampling)));
  }
  return object;
}

function sampleList(schema: Schema & { readonly is: "list" }, sampling: Sampling): Json {
  const elements = Array.from({ length: Math.floor(sampling.random.number() * 4) }, () =>
    sample(schema.of, deeper(sampling)),
  );
  const keys =
    sampling.hasUniqueMergeKeys && schema.mergeKey
      ? [schema.mergeKey]
      : schema.type === "map"
        ? (schema.keys ?? [])
        : [];
  const seen = new Set<string>();
  return elements.filter((element) => {
    const key = JSON.stringify(keys.length === 0 ? element : keys.map((name) => (element as Draft<Json>)[name]));
    const isNew = !seen.has(key);
    if (schema.type !== undefined || schema.mergeKey !== undefined) seen.add(key);
    return isNew && keys.every((name) => (element as Draft<Json>)[name] !== undefined || name === "protocol");
  });
}

function isDeep(schema: Schema): boolean {
  return schema.is === "ref" || schema.is === "object" || schema.is === "list" || schema.is === "map";
}

function deeper(sampling: Sampling): Sampling {
  return { ...sampling, depth: sampling.depth - 1 };
}

function some<T>(values: readonly T[], { random, density }: Sampling): readonly T[] {
  return values.filter(() => random.number() < density);
}

function pick<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random.number() * values.length)] as T;
}
