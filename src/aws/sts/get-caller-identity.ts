/** GetCallerIdentity, which every deploy tool asks first (STS API Reference). */
import { createHash } from "node:crypto";
import { type Action, action } from "../action.ts";
import type { Place } from "../place.ts";
import { model } from "./model.gen.ts";

export const getCallerIdentity: Action<Pick<Place, "accountId">> = action(model, "GetCallerIdentity", {
  isFree: true,
  serves: [],
  unserved: {},
  run: async ({ accountId }, _input, { caller: { arn } }) => {
    const userId = arn.endsWith(":root") ? accountId : `${roleId(arn)}:${arn.slice(arn.lastIndexOf("/") + 1)}`;
    return { Arn: arn, UserId: userId, Account: accountId };
  },
});

/** The same for all sessions of a role (IAM User Guide, "Unique identifiers": AROA and letters and digits, 21 in all). */
function roleId(arn: string): string {
  const role = arn.slice(0, arn.lastIndexOf("/"));
  return `AROA${createHash("sha256").update(role).digest("hex").slice(0, 17).toUpperCase()}`;
}
