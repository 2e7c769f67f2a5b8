/** What a new revision would change of a stack, for its change set: by logical resource, before anything is done. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";
import { namesIn } from "./dependencies.ts";
import { evaluated, type Scope } from "./intrinsics.ts";
import type { FindResourceType } from "./resource-types.ts";
import { changedProperties } from "./run-stack.ts";
import { madeResources } from "./stack-scope.ts";
import type { Change, ResourceRecord } from "./stack-record.ts";
import type { Template } from "./template.ts";

/** In the template's order; then what it has no more. */
export function changesOf(
  template: Template,
  scope: Scope,
  { records, findType }: { readonly records: ReadonlyMap<string, ResourceRecord>; readonly findType: FindResourceType },
): readonly Change[] {
  const made = madeResources(template, scope);
  /** They get a new identifier, so what refers to them changes, too. */
  const renewed = new Set<string>();
  const changes: Change[] = [];
  for (const name of inNeed(template, made)) {
    const change = changeOf(name, template, scope, { record: records.get(name), findType, renewed });
    if (change === null) continue;
    if (change.action === "Add" || change.replacement !== "False") renewed.add(name);
    changes.push(change);
  }
  const gone = [...records.values()].filter(({ logicalId, status }) => !made.has(logicalId) && isThere(status));
  return [
    ...changes.toSorted((a, b) => order(template, a) - order(template, b)),
    ...gone.map((record): Change => ({ action: "Remove", ...identityOf(record), details: [] })),
  ];
}

function isThere(status: ResourceRecord["status"]): boolean {
  return status !== "DELETE_COMPLETE" && status !== "DELETE_SKIPPED";
}

function changeOf(
  name: string,
  template: Template,
  scope: Scope,
  {
    record,
    findType,
    renewed,
  }: {
    readonly record: ResourceRecord | undefined;
    readonly findType: FindResourceType;
    readonly renewed: ReadonlySet<string>;
  },
): Change | null {
  const declaration = template.resources.get(name);
  if (declaration === undefined) return null;
  const { type, properties } = declaration;
  if (record === undefined || !isThere(record.status)) return { action: "Add", logicalId: name, type, details: [] };
  const value = evaluated(properties, scope);
  const changed = changedProperties(record.properties, isJsonObject(value) ? value : {});
  const touched = Object.entries(properties)
    .filter(([, one]) => refersTo(one, renewed))
    .map(([member]) => member);
  const details = [...new Set([...changed, ...touched])];
  if (details.length === 0 && record.type === type) return null;
  const createOnly = new Set(findType(type)?.createOnly ?? []);
  const isReplaced = record.type !== type || changed.some((member) => createOnly.has(member));
  const mayBe = touched.some((member) => createOnly.has(member));
  const replacement = isReplaced ? "True" : mayBe ? "Conditional" : "False";
  return { action: "Modify", ...identityOf(record), type, replacement, details };
}

function identityOf({
  logicalId,
  physicalId,
  type,
}: ResourceRecord): Pick<Change, "logicalId" | "physicalId" | "type"> {
  return { logicalId, type, ...(physicalId !== undefined && { physicalId }) };
}

function refersTo(value: Json, names: ReadonlySet<string>): boolean {
  return names.size > 0 && namesIn(value).some((name) => names.has(name));
}

function order({ resources }: Template, { logicalId }: Change): number {
  return [...resources.keys()].indexOf(logicalId);
}

/** Each behind those that it refers to, as far as there is no ring. */
function inNeed({ resources }: Template, made: ReadonlySet<string>): readonly string[] {
  const done = new Set<string>();
  const visit = (name: string): void => {
    if (done.has(name) || !made.has(name)) return;
    done.add(name);
    const { properties = {}, dependsOn = [] } = resources.get(name) ?? {};
    for (const other of [...dependsOn, ...namesIn(properties)]) visit(other);
    ordered.push(name);
  };
  const ordered: string[] = [];
  for (const name of made) visit(name);
  return ordered;
}
