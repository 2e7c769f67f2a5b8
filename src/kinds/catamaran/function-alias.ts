/** FunctionAlias: a name for a version of a function, or for two of them by weight (Lambda Developer Guide, "Create an alias for a Lambda function"). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { publishedNameFault } from "#kinds/rules/names.ts";
import { fraction, type Infer, object, optional, text, whole } from "#kinds/schema/description.ts";
import { corsRules } from "./cors.ts";
import { policy, url } from "./function.ts";
import { type Described, type Own, ownKind } from "./own-kind.ts";

const VERSION = { pattern: /^(\$LATEST|\d+)$/, says: 'must be a version, or "$LATEST"' };

const spec = object("FunctionAliasSpec", {
  function: text(),
  alias: text({
    pattern: /^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/,
    says: "must have 1 to 128 letters, digits, '-' or '_', and not be a number",
  }),
  version: text(VERSION),
  description: optional(text()),
  /** Part of the invocations goes to another version. */
  additional: optional(object("FunctionAliasPart", { version: text(VERSION), weight: fraction() })),
  url: optional(url),
  policy: optional(policy),
  /** Environments of its version that are initialised before anybody asks for them. */
  provisionedConcurrency: optional(whole({ min: 1 })),
});

const status = object("FunctionAliasStatus", {});

export type FunctionAliasSpec = Infer<typeof spec>;
export type FunctionAlias = Own<FunctionAliasSpec, Infer<typeof status>>;

export const functionAliasKind: Kind<FunctionAlias> = ownKind({
  kind: "FunctionAlias",
  plural: "functionaliases",
  shortNames: ["fna"],
  spec,
  status,
  checkName: publishedNameFault,
  columns: [
    textColumn("Function", (alias) => alias.spec.function),
    textColumn("Alias", (alias) => alias.spec.alias),
    textColumn("Version", (alias) => alias.spec.version),
    textColumn("Additional", ({ spec: { additional } }) =>
      additional === undefined ? "" : `${additional.version}: ${additional.weight}`,
    ),
    ageColumn,
  ],
  rules: aliasRules,
});

/** The name of the object: functions have no dot in their names. */
export function aliasName(name: string, alias: string): string {
  return `${name}.${alias}`;
}

type Of = Described<FunctionAliasSpec, unknown>;

function aliasRules(desired: FunctionAliasSpec, faults: FieldFaults, { name }: Of): void {
  const expected = aliasName(desired.function, desired.alias);
  if (name !== expected) faults.invalid("metadata.name", name, `must be "${expected}", the function and the alias`);
  if (desired.additional !== undefined && desired.version === "$LATEST")
    faults.invalid("spec.version", desired.version, "must be a published version where there is an additional one");
  if (desired.additional?.version === desired.version)
    faults.invalid("spec.additional.version", desired.version, "must be another version");
  corsRules(desired.url?.cors, "spec.url.cors", faults);
}
