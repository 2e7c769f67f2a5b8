/** IamUser: somebody with keys of his own (IAM API Reference, User, AccessKeyMetadata). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, list, object, optional, text } from "#kinds/schema/description.ts";
import { boundary, iamNameFault, noStatus, type NoStatus, ofAccount, path, rights, tags } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

/** Its secret is made of its id and the instance's own secret: nothing is kept that could be stolen. */
const accessKey = object("IamAccessKey", {
  id: text({ pattern: /^AKIA[A-Z2-7]{16}$/ }),
  state: optional(text({ enum: ["Active", "Inactive"], default: "Active" })),
  createdAt: text({ pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, says: "must be a time of RFC 3339 in UTC" }),
});

const spec = object("IamUserSpec", {
  path,
  /** Names of groups, whose rights are his too. */
  groups: optional(list(text(), { max: 10 })),
  accessKeys: optional(list(accessKey, { max: 2, key: "id" })),
  permissionsBoundary: boundary,
  ...rights,
  tags,
});

export type IamUserSpec = Infer<typeof spec>;
export type IamUser = Own<IamUserSpec, NoStatus>;

export const iamUserKind: Kind<IamUser> = ownKind({
  ...ofAccount,
  kind: "IamUser",
  plural: "iamusers",
  spec,
  status: noStatus,
  checkName: iamNameFault(64),
  columns: [
    textColumn("Groups", (user) => (user.spec.groups ?? []).join(",")),
    integer("Policies", ({ spec: { policies = [], inlinePolicies = {} } }) => {
      return policies.length + Object.keys(inlinePolicies).length;
    }),
    integer("Keys", (user) => user.spec.accessKeys?.length ?? 0),
    ageColumn,
  ],
});
