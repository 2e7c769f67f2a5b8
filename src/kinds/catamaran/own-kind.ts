/** How a kind of our own group is written down: its spec and status as descriptions, and what differs from the ordinary. */
import type { ObjectSchema } from "#kinds/schema/schema-table.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { builtinKind, type BuiltinFacts } from "#kinds/builtin.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { type Description, OWN_TYPES } from "#kinds/schema/description.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { statusPath } from "#kinds/subresources.ts";

/** An object of our own group. */
export type Own<Spec, Status> = KubeObject & { readonly spec: Spec; readonly status?: Status };

type Ordinary = "group" | "version" | "scope" | "type" | "table" | "validate";

export interface OwnFacts<Spec, Status> extends Omit<BuiltinFacts<Own<Spec, Status>>, Ordinary> {
  readonly scope?: Kind["scope"];
  readonly spec: Description<Spec>;
  readonly status: Description<Status>;
  /** What joins members of the spec, which is as its description says already. */
  readonly rules?: (spec: Spec, faults: FieldFaults, of: Described<Spec, Status>) => void;
}

/** What a spec belongs to. `live` is null on create. */
export interface Described<Spec, Status> {
  readonly name: string;
  readonly live: Own<Spec, Status> | null;
}

export function ownKind<Spec, Status>(facts: OwnFacts<Spec, Status>): Kind<Own<Spec, Status>> {
  const { spec, status, rules, ...rest } = facts;
  const type = OWN_TYPES + facts.kind;
  return builtinKind<Own<Spec, Status>>({
    scope: "Namespaced",
    categories: ["all", "catamaran"],
    statusKeeps: "all",
    subresources: [statusPath],
    roles: editedByMost,
    ...rest,
    group: "catamaran.dev",
    version: "v1",
    type,
    table: tableOf([[type, kindSchema(spec.schema, status.schema)], ...spec.types, ...status.types]),
    validate: ({ metadata: { name }, spec: desired }, live) => {
      const faults = new FieldFaults();
      if (desired === undefined) faults.required("spec");
      else spec.check(desired, "spec", faults);
      if (faults.found.length === 0) rules?.(desired, faults, { name, live });
      return faults.found;
    },
  });
}

const text: Schema = { is: "string" };
const META: Schema = { is: "ref", type: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

function kindSchema(spec: Schema, status: Schema): ObjectSchema {
  return {
    is: "object",
    fields: {
      apiVersion: { schema: text },
      kind: { schema: text },
      metadata: { schema: META, default: {} },
      spec: { schema: spec, default: {} },
      status: { schema: status },
    },
  };
}

/** Its own types, and those of metadata. */
function tableOf(types: Iterable<readonly [string, ObjectSchema]>): SchemaTable {
  const own = new Map(types);
  return { resolve: (type) => own.get(type) ?? builtinTable.resolve(type) };
}
