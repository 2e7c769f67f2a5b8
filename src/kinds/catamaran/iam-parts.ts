/** What IAM's kinds have in common: paths, tags, the policies that are attached or written in, and names (IAM User Guide, "IAM and AWS STS quotas"). */
import type { Kind } from "#kinds/kind.ts";
import { type Infer, list, map, object, optional, text } from "#kinds/schema/description.ts";

const ARN = /^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/\S+$/;

export const path = optional(
  text({ pattern: /^\/([!-~]{1,510}\/)?$/, says: "must begin and end with '/'", default: "/" }),
);
export const tags = optional(map(text()));
export const boundary = optional(text({ pattern: ARN, says: "must be the ARN of a policy" }));

/** What gives its owner rights. */
export const rights = {
  /** ARNs of managed policies. */
  policies: optional(list(text({ pattern: ARN, says: "must be the ARN of a policy" }), { max: 20 })),
  /** Policy documents as JSON text, by their names. */
  inlinePolicies: optional(map(text())),
};

export const noStatus = object("IamStatus", {});
export type NoStatus = Infer<typeof noStatus>;

/** Of the account, not of a namespace; who may write one gives himself every right, so no default role may. */
export const ofAccount = {
  scope: "Cluster",
  categories: ["catamaran"],
  roles: {},
} as const satisfies Partial<Kind>;

/** IAM API Reference: letters, digits and "_+=,.@-". */
export function iamNameFault(max: number): (name: string) => string | null {
  return (name) =>
    name.length <= max && /^[\w+=,.@-]+$/.test(name)
      ? null
      : `must have 1 to ${max} letters, digits or any of '_+=,.@-'`;
}
