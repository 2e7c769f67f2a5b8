/** Functions whose role does not exist are told of it: they may do everything, so that examples with made-up roles run. */
import { warningEvent } from "./changes.ts";
import { type Controller, type Seen, watching } from "#deck/controller.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { iamRoleKind } from "#kinds/catamaran/iam-role.ts";
import { keyOf } from "#base/key.ts";
import { keyOfObject } from "#kinds/object.ts";

/** The role that was warned of. */
type Memory = string;

const MISSING = "RoleMissing";

export const functionRoleController: Controller<FunctionObject, Memory> = {
  name: "function-role",
  kind: functionKind,
  indexes: { role: ({ spec }) => [roleName(spec.role ?? "")] },
  watches: [
    watching({
      kind: iamRoleKind,
      wakes: ({ metadata }, seen: Seen) => seen.view(functionKind).by("role", metadata.name).map(keyOfObject),
    }),
  ],
  plan: (_key, fn, seen, warned) => {
    const role = fn?.spec.role;
    if (fn === undefined || role === undefined || role === "") return { changes: [] };
    if (seen.view(iamRoleKind).get(keyOf("", roleName(role))) !== undefined) return { changes: [] };
    if (warned === role) return { changes: [], memory: role };
    return { changes: [warningEvent(fn, MISSING, sentence(role))], memory: role };
  },
};

function roleName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function sentence(role: string): string {
  return `the role ${role} does not exist: until it does, the function may do everything at the AWS door (catamaran up --iam strict refuses such roles)`;
}
