/** FunctionVersion: a function's code and configuration as they were published, for ever (Lambda Developer Guide, "Manage Lambda function versions"). */
import { sameJson } from "#base/json.ts";
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { publishedNameFault } from "#kinds/rules/names.ts";
import { type Infer, object, optional, text, whole } from "#kinds/schema/description.ts";
import { configuration, type FunctionObject, policy, runStatus } from "./function.ts";
import { type Described, type Own, ownKind } from "./own-kind.ts";

const spec = object("FunctionVersionSpec", {
  function: text(),
  version: whole({ min: 1 }),
  ...configuration,
  /** Of the configuration that it was made of: publishing the same again makes no new version. */
  publishedFrom: optional(text()),
  policy: optional(policy),
  /** Environments that are initialised before anybody asks for them. */
  provisionedConcurrency: optional(whole({ min: 1 })),
});

const status = object("FunctionVersionStatus", runStatus);

export type FunctionVersionSpec = Infer<typeof spec>;
export type FunctionVersionStatus = Infer<typeof status>;
export type FunctionVersion = Own<FunctionVersionSpec, FunctionVersionStatus>;

export const functionVersionKind: Kind<FunctionVersion> = ownKind({
  kind: "FunctionVersion",
  plural: "functionversions",
  shortNames: ["fnv"],
  spec,
  status,
  checkName: publishedNameFault,
  columns: [
    textColumn("Function", (version) => version.spec.function),
    integerColumn("Version", (version) => version.spec.version),
    textColumn("Runtime", (version) => version.spec.runtime),
    textColumn("State", (version) => version.status?.state ?? "Pending"),
    ageColumn,
  ],
  rules: versionRules,
});

/** The name of the object: functions have no dot in their names. */
export function versionName(name: string, version: number | string): string {
  return `${name}.${version}`;
}

type Of = Described<FunctionVersionSpec, FunctionVersionStatus>;

function versionRules(desired: FunctionVersionSpec, faults: FieldFaults, { name, live }: Of): void {
  const expected = versionName(desired.function, desired.version);
  if (name !== expected) faults.invalid("metadata.name", name, `must be "${expected}", the function and the version`);
  if (live !== null && !sameJson(publishedIn(desired), publishedIn(live.spec)))
    faults.forbidden("spec", "a published version never changes");
}

/** What stands beside the configuration may change. */
function publishedIn(spec: FunctionVersionSpec): Omit<FunctionVersionSpec, "policy" | "provisionedConcurrency"> {
  const { policy: _policy, provisionedConcurrency: _provisioned, ...published } = spec;
  return published;
}

/** What an environment can be made of: a function's newest state, or a version of it. */
export type Configured = FunctionObject | FunctionVersion;

/** Whose configuration it is; null: the function's own, "$LATEST". */
export function publishedAs(object: Configured): { readonly function: string; readonly version: number } | null {
  return "function" in object.spec ? object.spec : null;
}
