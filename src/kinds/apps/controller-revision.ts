/** ControllerRevision: what the template of a DaemonSet or StatefulSet was at each of its revisions. */
import type { FieldFault } from "#base/fault.ts";
import { type Int64, type Json, sameJson } from "#base/json.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { controllerOf, type KubeObject } from "#kinds/object.ts";
import { seenByAll } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";

export type ControllerRevision = KubeObject & {
  /** A strategic merge patch that makes the owner what it was. */
  readonly data?: Json;
  readonly revision?: Int64;
};

export const controllerRevisionKind: Kind<ControllerRevision> = builtinKind<ControllerRevision>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  scope: "Namespaced",
  roles: seenByAll,
  type: "io.k8s.api.apps.v1.ControllerRevision",
  columns: [text("Controller", controllerName), text("Revision", ({ revision }) => String(revision ?? 0)), ageColumn],
  validate: faultsOf,
});

/** "daemonset.apps/web". */
function controllerName(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (owner === undefined) return NONE;
  const [group] = owner.apiVersion.includes("/") ? owner.apiVersion.split("/") : [""];
  return `${owner.kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${owner.name}`;
}

/** ValidateControllerRevision and its update. */
function faultsOf(next: ControllerRevision, live: ControllerRevision | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { data, revision = 0 } = next;
  if (data === undefined || data === null) faults.required("data", "data is mandatory");
  if (revision < 0) faults.invalid("revision", revision, "must be greater than or equal to 0");
  if (live !== null && !sameJson(data, live.data)) faults.immutable("data", data ?? null);
  return faults.found;
}
