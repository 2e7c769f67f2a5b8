/** The schemas of our own kinds, group catamaran.dev. */
import type { SchemaTable } from "#base/schema.ts";
import { builtinTable } from "./schema-table.ts";

export const catamaranTable: SchemaTable = builtinTable;
