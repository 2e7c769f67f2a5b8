/** CustomResourceDefinition: kinds that clients bring. kindOfDefinition (crd.ts) makes a Kind of one. */
import { builtinKind } from "#kinds/builtin.ts";
import { createdAtColumn } from "#kinds/columns.ts";
import { definitionFaults } from "./definition-rules.ts";
import type { DefinitionObject } from "./definition-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { Condition } from "#kinds/object.ts";

export type CustomResourceDefinition = DefinitionObject;

export const customResourceDefinitionKind: Kind<CustomResourceDefinition> = builtinKind<CustomResourceDefinition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  scope: "Cluster",
  type: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  subresources: [statusPath],
  statusKeeps: "all",
  columns: [createdAtColumn],
  defaults: defaultDefinition,
  onCreate: accept,
  onUpdate: (next, live) => ({
    ...next,
    status: acceptedStatus(next, live.status?.storedVersions ?? [], live.status?.conditions),
  }),
  validate: definitionFaults,
});

function defaultDefinition(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { names, conversion } = definition.spec;
  const withNames = {
    ...names,
    singular: names.singular === undefined || names.singular === "" ? names.kind.toLowerCase() : names.singular,
    listKind: names.listKind === undefined || names.listKind === "" ? `${names.kind}List` : names.listKind,
  };
  return {
    ...definition,
    spec: { ...definition.spec, names: withNames, conversion: conversion ?? { strategy: "None" } },
  };
}

/** Upstream's naming and establishing controllers take a moment; here names are accepted with the write itself. */
function accept(definition: CustomResourceDefinition): CustomResourceDefinition {
  return { ...definition, status: acceptedStatus(definition, [], undefined) };
}

function acceptedStatus(
  { spec, metadata }: CustomResourceDefinition,
  before: readonly string[],
  conditions: readonly Condition[] | undefined,
): NonNullable<DefinitionObject["status"]> {
  const stored = spec.versions.find(({ storage }) => storage)?.name;
  const at = metadata.creationTimestamp === undefined ? {} : { lastTransitionTime: metadata.creationTimestamp };
  return {
    acceptedNames: spec.names,
    storedVersions: stored === undefined || before.includes(stored) ? before : [...before, stored],
    conditions: conditions ?? [
      { ...at, type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
      {
        ...at,
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      },
    ],
  };
}
