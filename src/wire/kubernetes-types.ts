/** Which message stands behind an apiVersion and kind: the kinds we serve, and the option bodies that every version has. */
import type { Kind } from "#kinds/kind.ts";
import { apiVersionOf } from "#kinds/kind.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import type { TypeLookup } from "./kubernetes-protobuf.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
// Clients write these under the version of the object they are about: DeleteOptions of "v1", "apps/v1", …
const OPTION_BODIES: ReadonlySet<string> = new Set(["DeleteOptions", "Status"]);

/** `kinds` is asked each time, so that it may grow. Kinds without field numbers (CRDs, our own) have no protobuf form. */
export function messageTypes(kinds: () => readonly Kind[]): TypeLookup {
  return (apiVersion, kind) => {
    if (OPTION_BODIES.has(kind)) return { schema: builtinTable.resolve(`${META}.${kind}`), table: builtinTable };
    const found = kinds().find((other) => other.kind === kind && apiVersionOf(other) === apiVersion);
    if (found === undefined || found.schema.fields["metadata"]?.proto === undefined) return undefined;
    return { schema: found.schema, table: found.table };
  };
}
