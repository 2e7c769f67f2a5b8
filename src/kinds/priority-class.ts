/** PriorityClass. */
import { ageColumn, integer, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface PriorityClass extends KubeObject {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly description?: string;
  readonly preemptionPolicy?: "PreemptLowerPriority" | "Never";
}

export const priorityClassKind: Kind<PriorityClass> = builtinKind<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  shortNames: ["pc"],
  scope: "Cluster",
  type: "io.k8s.api.scheduling.v1.PriorityClass",
  columns: [
    integer("Value", ({ value }) => value),
    { name: "Global-Default", type: "boolean", cell: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    text("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ],
});
