/** IamGroup: rights that users have together; who is in it stands at the users (IAM API Reference, Group). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, object } from "#kinds/schema/description.ts";
import { iamNameFault, noStatus, type NoStatus, ofAccount, path, rights } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("IamGroupSpec", { path, ...rights });

export type IamGroupSpec = Infer<typeof spec>;
export type IamGroup = Own<IamGroupSpec, NoStatus>;

export const iamGroupKind: Kind<IamGroup> = ownKind({
  ...ofAccount,
  kind: "IamGroup",
  plural: "iamgroups",
  spec,
  status: noStatus,
  checkName: iamNameFault(128),
  columns: [
    textColumn("Path", (group) => group.spec.path ?? "/"),
    integer("Policies", ({ spec: { policies = [], inlinePolicies = {} } }) => {
      return policies.length + Object.keys(inlinePolicies).length;
    }),
    ageColumn,
  ],
});
