/** IamInstanceProfile: the role of a machine, as templates of EC2 hand it on (IAM API Reference, InstanceProfile). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, object, optional, text } from "#kinds/schema/description.ts";
import { iamNameFault, noStatus, type NoStatus, ofAccount, path, tags } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("IamInstanceProfileSpec", { path, role: optional(text()), tags });

export type IamInstanceProfileSpec = Infer<typeof spec>;
export type IamInstanceProfile = Own<IamInstanceProfileSpec, NoStatus>;

export const iamInstanceProfileKind: Kind<IamInstanceProfile> = ownKind({
  ...ofAccount,
  kind: "IamInstanceProfile",
  plural: "iaminstanceprofiles",
  spec,
  status: noStatus,
  checkName: iamNameFault(128),
  columns: [textColumn("Role", (profile) => profile.spec.role ?? ""), ageColumn],
});
