/** How AWS says no: who, what, on what, and which policy is missing or denies it (IAM User Guide, "Troubleshoot access denied error messages"). */
import type { Asked, PolicyType, Verdict } from "./evaluate.ts";

const NAMES: Readonly<Record<PolicyType, string>> = {
  "identity-based": "identity-based policy",
  "resource-based": "resource-based policy",
  boundary: "permissions boundary",
  session: "session policy",
};

/** `arn` is the caller's. */
export function denialSentence(
  arn: string,
  { action, resource }: Pick<Asked, "action" | "resource">,
  verdict: Exclude<Verdict, { readonly is: "allowed" }>,
): string {
  const said = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`;
  if (verdict.is === "missing") return `${said} because no ${NAMES[verdict.type]} allows the ${action} action`;
  const name = NAMES[verdict.by.type];
  return `${said} with an explicit deny in ${name.startsWith("i") ? "an" : "a"} ${name}`;
}
