/** The rules of custom resource definitions. */
import { type FieldFault, unsupported } from "#base/fault.ts";
import type { DefinitionNames, DefinitionObject, DefinitionVersion, PrinterColumn } from "./definition-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { parseJsonPath } from "#kinds/schema/json-path.ts";
import { dns1035LabelFaults, dnsSubdomainFaults } from "#kinds/rules/names.ts";
import { checkStructural } from "./structural-rules.ts";

export function definitionFaults(next: DefinitionObject, live: DefinitionObject | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { spec, metadata } = next;
  const expected = `${spec.names.plural}.${spec.group}`;
  if (metadata.name !== expected)
    faults.invalid("metadata.name", metadata.name, `must be spec.names.plural+"."+spec.group`);
  checkGroup(spec.group, faults);
  if (live === null) checkApproval(next, faults);
  faults.oneOf("spec.scope", spec.scope, ["Cluster", "Namespaced"]);
  if (spec.preserveUnknownFields === true)
    faults.invalid(
      "spec.preserveUnknownFields",
      true,
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    );
  if (spec.conversion?.strategy === "Webhook")
    throw unsupported("CustomResourceDefinition.spec.conversion.strategy Webhook");
  checkNames(spec.names, faults);
  checkVersions(spec.versions, faults);
  if (live !== null) checkChange(next, live, faults);
  return faults.found;
}

function checkGroup(group: string, faults: FieldFaults): void {
  if (group === "") return faults.required("spec.group");
  const wrong = dnsSubdomainFaults(group);
  if (wrong.length > 0) faults.invalid("spec.group", group, wrong.join(","));
  else if (!group.includes(".")) faults.invalid("spec.group", group, "should be a domain with at least one dot");
}

const APPROVED = "api-approved.kubernetes.io";

/** Groups of Kubernetes' own domains say who approved them: a URL, or "unapproved" with a reason (upstream's GetAPIApprovalState). */
function checkApproval({ spec, metadata }: DefinitionObject, faults: FieldFaults): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return;
  const approval = metadata.annotations?.[APPROVED] ?? "";
  if (approval.startsWith("unapproved") || /^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(approval)) return;
  const path = `metadata.annotations[${APPROVED}]`;
  const how = approval === "" ? "" : ' with either a URL or a reason starting with "unapproved"';
  const text = `protected groups must have approval annotation "${APPROVED}"${how}, see https://github.com/kubernetes/enhancements/pull/1111`;
  if (approval === "") faults.required(path, text);
  else faults.invalid(path, approval, text);
}

function checkNames(names: DefinitionNames, faults: FieldFaults): void {
  const { plural, singular = "", kind, listKind = "", shortNames = [], categories = [] } = names;
  for (const [name, value] of Object.entries({ plural, singular, kind, listKind })) {
    const path = `spec.names.${name}`;
    if (value === "") {
      faults.required(path);
      continue;
    }
    const isKind = name === "kind" || name === "listKind";
    const wrong = dns1035LabelFaults(isKind ? value.toLowerCase() : value).join(",");
    if (wrong !== "")
      faults.invalid(path, value, isKind ? `may have mixed case, but should otherwise match: ${wrong}` : wrong);
  }
  if (kind !== "" && kind === listKind)
    faults.invalid("spec.names.listKind", listKind, "kind and listKind may not be the same");
  for (const [list, values] of Object.entries({ shortNames, categories })) {
    for (const [index, value] of values.entries()) {
      const wrong = dns1035LabelFaults(value).join(",");
      if (wrong !== "") faults.invalid(`spec.names.${list}[${index}]`, value, wrong);
    }
  }
}

function checkVersions(versions: readonly DefinitionVersion[], faults: FieldFaults): void {
  const names = versions.map(({ name }) => name);
  if (new Set(names).size !== names.length) faults.invalid("spec.versions", names, "must contain unique version names");
  if (versions.filter(({ storage }) => storage).length !== 1)
    faults.invalid("spec.versions", names, "must have exactly one version marked as storage version");
  for (const [index, version] of versions.entries()) checkVersion(version, `spec.versions[${index}]`, faults);
}

function checkVersion(version: DefinitionVersion, path: string, faults: FieldFaults): void {
  const wrong = dns1035LabelFaults(version.name).join(",");
  if (wrong !== "") faults.invalid(`${path}.name`, version.name, wrong);
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined) faults.required(`${path}.schema.openAPIV3Schema`);
  else checkStructural(schema, `${path}.schema.openAPIV3Schema`, faults);
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries())
    checkColumn(column, `${path}.additionalPrinterColumns[${index}]`, faults);
  const scale = version.subresources?.scale;
  if (scale === undefined) return;
  checkScalePath(
    scale.specReplicasPath,
    { path: `${path}.subresources.scale.specReplicasPath`, under: ".spec" },
    faults,
  );
  checkScalePath(
    scale.statusReplicasPath,
    { path: `${path}.subresources.scale.statusReplicasPath`, under: ".status" },
    faults,
  );
}

function checkScalePath(
  value: string,
  { path, under }: { readonly path: string; readonly under: string },
  faults: FieldFaults,
): void {
  if (value === "") faults.required(path);
  else if (!value.startsWith(`${under}.`)) faults.invalid(path, value, `should be a json path under ${under}`);
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function checkColumn({ name, type, format = "", jsonPath }: PrinterColumn, path: string, faults: FieldFaults): void {
  const types = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (name === "") faults.required(`${path}.name`);
  if (type === "") faults.required(`${path}.type`, types);
  else if (!COLUMN_TYPES.includes(type)) faults.invalid(`${path}.type`, type, types);
  if (format !== "" && !COLUMN_FORMATS.includes(format))
    faults.invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`);
  if (jsonPath === "") faults.required(`${path}.JSONPath`);
  else if (parseJsonPath(jsonPath) === null) faults.invalid(`${path}.JSONPath`, jsonPath, "is an invalid path");
}

function checkChange(next: DefinitionObject, live: DefinitionObject, faults: FieldFaults): void {
  if (next.spec.group !== live.spec.group) faults.immutable("spec.group", next.spec.group);
  if (next.spec.scope !== live.spec.scope) faults.immutable("spec.scope", next.spec.scope);
  if (next.spec.names.kind !== live.spec.names.kind) faults.immutable("spec.names.kind", next.spec.names.kind);
  if (next.spec.names.plural !== live.spec.names.plural) faults.immutable("spec.names.plural", next.spec.names.plural);
  for (const [index, stored] of (live.status?.storedVersions ?? []).entries()) {
    if (next.spec.versions.some(({ name }) => name === stored)) continue;
    const detail = `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`;
    faults.invalid(`status.storedVersions[${index}]`, stored, detail);
  }
}
