/** Secondary indexes: what a table declares of them, and the row that each keeps of an item. Pure. */
import { Fault } from "#base/fault.ts";
import type { GlobalIndex, LocalIndex, Table, TableSpec } from "#kinds/catamaran/table.ts";
import { type Item, own, typeOf } from "./attribute.ts";
import { encodePart, keyOfItem, type KeyPart, keyParts, type KeySchema } from "./item-key.ts";

export interface SecondaryIndex {
  readonly name: string;
  readonly isLocal: boolean;
  /** Its keys above those of the table. */
  readonly schema: KeySchema;
  /** Names of the attributes that it keeps. */
  readonly keeps: "all" | readonly string[];
}

export function schemaOf({ spec }: Table): KeySchema {
  return keySchemaOf(spec.keySchema, spec);
}

export function indexesOf(table: Table): readonly SecondaryIndex[] {
  const { localIndexes = [], globalIndexes = [] } = table.spec;
  if (localIndexes.length + globalIndexes.length === 0) return [];
  const below = schemaOf(table);
  const made = (isLocal: boolean) => (declared: LocalIndex | GlobalIndex) =>
    indexOf(declared, isLocal, { below, table });
  return [...localIndexes.map(made(true)), ...globalIndexes.map(made(false))];
}

function indexOf(
  { name, keySchema, projection }: LocalIndex | GlobalIndex,
  isLocal: boolean,
  { below, table }: { readonly below: KeySchema; readonly table: Table },
): SecondaryIndex {
  const schema = { ...keySchemaOf(keySchema, table.spec), below };
  const keys = keyParts(schema).map((part) => part.name);
  const keeps = projection.type === "ALL" ? "all" : [...new Set([...keys, ...(projection.nonKeyAttributes ?? [])])];
  return { name, isLocal, schema, keeps };
}

function keySchemaOf(keys: TableSpec["keySchema"], { attributeDefinitions: definitions }: TableSpec): KeySchema {
  const partOf = (wanted: "HASH" | "RANGE"): KeyPart | undefined => {
    const name = keys.find(({ keyType }) => keyType === wanted)?.attributeName;
    const definition = definitions.find(({ attributeName }) => attributeName === name);
    return definition && { name: definition.attributeName, type: definition.attributeType };
  };
  const [partition, sort] = [partOf("HASH"), partOf("RANGE")];
  if (partition === undefined)
    throw new Fault("BadRequest", "One or more parameter values were invalid: the key schema needs one HASH key");
  return { partition, ...(sort === undefined ? {} : { sort }) };
}

/** Where the index keeps the item; null for an item without the keys of the index, which is not in it. */
export function indexKey({ schema }: SecondaryIndex, item: Item): Uint8Array | null {
  const parts = schema.sort === undefined ? [schema.partition] : [schema.partition, schema.sort];
  const isIn = parts.every(({ name, type }) => {
    const value = own(item, name);
    return value !== undefined && typeOf(value) === type;
  });
  if (!isIn) return null;
  try {
    return keyOfItem(item, schema);
  } catch (thrown) {
    // An item that is older than the index may have keys that it refuses now: empty or too long.
    if (thrown instanceof Fault) return null;
    throw thrown;
  }
}

/** What the index keeps of the item. */
export function kept({ keeps }: SecondaryIndex, item: Item): Item {
  if (keeps === "all") return item;
  return Object.fromEntries(
    keeps.flatMap((name) => {
      const value = own(item, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

const MAX_PARTITION_BYTES = 2_048;
const MAX_SORT_BYTES = 1_024;

/** Throws for an item with a key that an index cannot have. Absent keys are fine. */
export function checkIndexKeys(indexes: readonly SecondaryIndex[], item: Item): void {
  for (const { name, schema } of indexes) {
    checkIndexKey(name, item, schema.partition, MAX_PARTITION_BYTES);
    if (schema.sort !== undefined) checkIndexKey(name, item, schema.sort, MAX_SORT_BYTES);
  }
}

function checkIndexKey(index: string, item: Item, { name, type }: KeyPart, maxBytes: number): void {
  const value = own(item, name);
  if (value === undefined) return;
  if (typeOf(value) !== type)
    throw new Fault(
      "BadRequest",
      `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${index}`,
    );
  const { length } = encodePart(value);
  if (length === 0)
    throw new Fault(
      "BadRequest",
      `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${type === "B" ? "binary" : "string"} value. IndexName: ${index}, IndexKey: ${name}`,
    );
  if (length > maxBytes)
    throw new Fault(
      "BadRequest",
      `One or more parameter values were invalid: Size of ${maxBytes === MAX_PARTITION_BYTES ? "hashkey" : "rangekey"} has exceeded the maximum size limit of ${maxBytes} bytes`,
    );
}
