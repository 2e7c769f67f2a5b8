/** IamPolicy: a policy that can be attached to many, in up to five versions (IAM API Reference, Policy, PolicyVersion). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { type Infer, list, object, optional, text } from "#kinds/schema/description.ts";
import { iamNameFault, noStatus, type NoStatus, ofAccount, path, tags } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const version = object("IamPolicyVersion", {
  id: text({ pattern: /^v[1-9]\d*$/ }),
  /** As JSON text. */
  document: text(),
  createdAt: text({ pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, says: "must be a time of RFC 3339 in UTC" }),
});

const spec = object("IamPolicySpec", {
  path,
  description: optional(text()),
  versions: list(version, { min: 1, max: 5, key: "id" }),
  /** The id of the version that counts. */
  defaultVersion: text(),
  tags,
});

export type IamPolicySpec = Infer<typeof spec>;
export type IamPolicy = Own<IamPolicySpec, NoStatus>;

export const iamPolicyKind: Kind<IamPolicy> = ownKind({
  ...ofAccount,
  kind: "IamPolicy",
  plural: "iampolicies",
  spec,
  status: noStatus,
  checkName: iamNameFault(128),
  columns: [
    textColumn("Path", (policy) => policy.spec.path ?? "/"),
    textColumn("Version", (policy) => policy.spec.defaultVersion),
    integer("Versions", (policy) => policy.spec.versions.length),
    ageColumn,
  ],
  rules: defaultRule,
});

function defaultRule({ versions, defaultVersion }: IamPolicySpec, faults: FieldFaults): void {
  if (!versions.some(({ id }) => id === defaultVersion))
    faults.invalid("spec.defaultVersion", defaultVersion, "must be the id of one of the versions");
}
