/** IamRole: rights that others put on for a while, and who may (IAM API Reference, Role). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { boundary, iamNameFault, noStatus, type NoStatus, ofAccount, path, rights, tags } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("IamRoleSpec", {
  path,
  description: optional(text()),
  /** Who may assume it: a policy document as JSON text. */
  trustPolicy: text(),
  /** Unique ids of the users and roles that the trust policy names, by ARN, as they were when it was written. */
  trusted: optional(map(text())),
  maxSessionSeconds: optional(whole({ min: 3_600, max: 43_200, unit: "seconds", default: 3_600 })),
  permissionsBoundary: boundary,
  ...rights,
  tags,
});

export type IamRoleSpec = Infer<typeof spec>;
export type IamRole = Own<IamRoleSpec, NoStatus>;

export const iamRoleKind: Kind<IamRole> = ownKind({
  ...ofAccount,
  kind: "IamRole",
  plural: "iamroles",
  spec,
  status: noStatus,
  checkName: iamNameFault(64),
  columns: [
    textColumn("Path", (role) => role.spec.path ?? "/"),
    integer("Policies", ({ spec: { policies = [], inlinePolicies = {} } }) => {
      return policies.length + Object.keys(inlinePolicies).length;
    }),
    textColumn("Boundary", (role) => role.spec.permissionsBoundary ?? ""),
    ageColumn,
  ],
});
