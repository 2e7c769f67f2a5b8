/** The schema table of the built-in kinds. */
import type { Schema, SchemaTable } from "#base/schema.ts";

const open: Schema & { readonly is: "object" } = { is: "object", fields: {}, preserveUnknown: true };

export const builtinTable: SchemaTable = { resolve: () => open };
