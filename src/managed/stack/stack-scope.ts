/** What a template's references mean for one stack: its parameters, the pseudo parameters, its resources as they are, what others export. Pure. */
import type { Json } from "#base/json.ts";
import { holds, type Scope, UNKNOWN } from "./intrinsics.ts";
import { parameterJson } from "./parameters.ts";
import { pseudoParameter, type StackFacts } from "./pseudo-parameters.ts";
import type { ResourceRecord, Revision } from "./stack-record.ts";
import type { Template } from "./template.ts";

/** From a name that is exported to its value and the stack that exports it. */
export type Exports = ReadonlyMap<
  string,
  { readonly value: string; readonly stackId: string; readonly stackName: string }
>;

export interface ScopeSource {
  readonly template: Template;
  readonly revision: Revision;
  readonly facts: StackFacts;
  /** As they are when something refers to them. */
  readonly records: ReadonlyMap<string, ResourceRecord>;
  readonly exports: Exports;
}

export function scopeOf({ template, revision, facts, records, exports }: ScopeSource): Scope {
  return {
    ref: (name) => {
      const declared = template.parameters.get(name);
      if (declared !== undefined) return parameterJson(declared, revision.parameters[name] ?? "");
      if (template.resources.has(name)) return records.get(name)?.physicalId ?? UNKNOWN;
      return pseudoParameter(name, facts);
    },
    attribute: (resource, name) => {
      if (!template.resources.has(resource)) return undefined;
      const record = records.get(resource);
      if (record?.physicalId === undefined) return UNKNOWN;
      return attributeAt(record.attributes, name);
    },
    conditions: template.conditions,
    mappings: template.mappings,
    imported: (name) => exports.get(name)?.value,
    availabilityZones: ["a", "b", "c"].map((zone) => `${facts.region}${zone}`),
  };
}

/** "Outputs.Name" and the like may be a member of a member. */
function attributeAt(attributes: ResourceRecord["attributes"], name: string): Json | undefined {
  return attributes[name];
}

/** Logical names of those whose condition holds. Fault: BadRequest. */
export function madeResources(template: Template, scope: Scope): ReadonlySet<string> {
  const names = [...template.resources].filter(
    ([, { condition }]) => condition === undefined || holds(condition, scope),
  );
  return new Set(names.map(([name]) => name));
}
