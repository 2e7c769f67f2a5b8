/** Makes a Kind of a custom resource definition, so that its objects go through the same code as the built-in ones. */
import type { FieldFault } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import { ageOf } from "#kinds/age.ts";
import { rootSchema } from "./crd-schema.ts";
import { ValueRules } from "./crd-values.ts";
import type { CustomResourceDefinition } from "./custom-resource-definition.ts";
import type { DefinitionVersion, PrinterColumn } from "./definition-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { parseJsonPath } from "#kinds/schema/json-path.ts";
import type { Cell, Column, Kind, Subresource } from "#kinds/kind.ts";
import { scalePath, statusPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";

/** `version` is the name of one of the definition's versions; throws a RangeError when it has none such. */
export function kindOfDefinition(definition: CustomResourceDefinition, version: string): Kind {
  const { names, group, scope, versions } = definition.spec;
  const facts = versions.find(({ name }) => name === version);
  if (facts === undefined) throw new RangeError(`${definition.metadata.name} has no version ${version}`);
  const stored = versions.find(({ storage }) => storage);
  const scale = facts.subresources?.scale;
  const fields = (facts.selectableFields ?? []).map(
    ({ jsonPath }) => [jsonPath.replace(/^\./, ""), (object: KubeObject) => textAt(object, jsonPath)] as const,
  );
  return {
    group,
    version,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    ...(names.shortNames !== undefined && { shortNames: names.shortNames }),
    ...(names.categories !== undefined && { categories: names.categories }),
    scope: scope === "Cluster" ? "Cluster" : "Namespaced",
    schema: rootSchema(facts.schema?.openAPIV3Schema),
    table: builtinTable,
    subresources: subresourcesOf(facts),
    countsGenerations: true,
    statusKeeps: "all",
    ...(scale !== undefined && {
      scale: {
        specReplicas: scale.specReplicasPath,
        statusReplicas: scale.statusReplicasPath,
        ...(scale.labelSelectorPath !== undefined && { selector: scale.labelSelectorPath }),
      },
    }),
    columns: (facts.additionalPrinterColumns ?? [AGE]).map(columnOf),
    ...(fields.length > 0 && { selectableFields: Object.fromEntries(fields) }),
    ...valueValidation(facts),
    ...(stored !== undefined &&
      stored.name !== version && { storedAs: otherVersion(definition, { stored: stored.name, served: version }) }),
    definedBy: definition.metadata.name,
    ...(facts.schema?.openAPIV3Schema !== undefined && { definition: facts.schema.openAPIV3Schema }),
  };
}

const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

function subresourcesOf({ subresources }: DefinitionVersion): readonly Subresource[] {
  return [
    ...(subresources?.status === undefined ? [] : [statusPath]),
    ...(subresources?.scale === undefined ? [] : [scalePath]),
  ];
}

function columnOf({ name, type, format, priority, jsonPath }: PrinterColumn): Column<KubeObject> {
  const path = parseJsonPath(jsonPath);
  return {
    name,
    type: isColumnType(type) ? type : "string",
    ...(format !== undefined && { format }),
    ...(priority !== undefined && { priority }),
    cell: (object, now) => cellOf(path?.find(object)[0], type, now),
  };
}

function isColumnType(type: string): type is Column<KubeObject>["type"] {
  return ["string", "integer", "number", "boolean", "date"].includes(type);
}

/** A value of another type than the column's is left empty, as upstream leaves it. */
function cellOf(value: Json | undefined, type: string, now: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : typeof value === "bigint" ? value : null;
    case "number":
      return typeof value === "number" || typeof value === "bigint" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? ageOf(value, now) : null;
    default:
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

function textAt(object: KubeObject, path: string): string {
  const value = parseJsonPath(path)?.find(object)[0];
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function valueValidation({ schema }: DefinitionVersion): {
  readonly validate?: (next: KubeObject) => readonly FieldFault[];
} {
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return {};
  const rules = new ValueRules(root);
  return {
    validate: (next) => {
      const faults = new FieldFaults();
      rules.check(next, faults);
      return faults.found;
    },
  };
}

/** Conversion strategy None: versions differ in apiVersion only. */
function otherVersion(
  definition: CustomResourceDefinition,
  { stored, served }: { readonly stored: string; readonly served: string },
): NonNullable<Kind["storedAs"]> {
  const { group } = definition.spec;
  return {
    kind: kindOfDefinition(definition, stored),
    toStored: (object: KubeObject) => ({ ...object, apiVersion: `${group}/${stored}` }),
    fromStored: (object: KubeObject) => ({ ...object, apiVersion: `${group}/${served}` }),
  };
}
