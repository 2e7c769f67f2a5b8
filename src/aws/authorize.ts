/** Who may do what at the AWS door: the root everything, everybody else what policies say. */
import type { Log } from "#base/log.ts";
import { denialSentence } from "#policy/iam/sentence.ts";
import type { BoundAction, Members, Need, Service } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import type { About } from "./condition-keys.ts";
import { type Judge, noLongerValid } from "./judge.ts";
import type { LeastPolicies } from "./least-policies.ts";
import type { PassedRoles } from "./passed-roles.ts";
import type { Place } from "./place.ts";
import { type Caller, type FunctionSession, unsigned } from "./sign.ts";

/** What an action needs, made out only for whom it matters. */
export interface Wanted {
  /** Empty: whoever signs may. */
  readonly needs: (place: Place) => readonly Need[];
  /** It hands a role on, or needs more than its own permission. */
  readonly isMore: boolean;
  /** Nobody needs to sign. */
  readonly isOpen: boolean;
}

/** Resolves when the caller may; throws AccessDenied when not. */
export type Authorize = (caller: Caller, wanted: Wanted, about: About) => Promise<void>;

/** What the caller of an action must be allowed to do. */
export function needsOf(
  { model, permissionPrefix = model.signingName }: Pick<Service, "model" | "permissionPrefix">,
  action: Pick<
    BoundAction,
    "operation" | "permission" | "isFree" | "isOpen" | "resources" | "conditions" | "alsoNeeds"
  >,
  { input, place }: { readonly input: Members; readonly place: Place },
): readonly Need[] {
  if (action.isFree === true || action.isOpen === true) return [];
  const permission = `${permissionPrefix}:${action.permission ?? action.operation.name}`;
  const conditions = action.conditions?.(input, place);
  const own = (resource: string): Need => ({ permission, resource, ...(conditions !== undefined && { conditions }) });
  const resources = action.resources?.(input, place) ?? ["*"];
  const needs = [...resources.map(own), ...(action.alsoNeeds?.(input, place) ?? [])];
  // An input that is about nothing is wrong, and still nobody's who has no right at all.
  return needs.length === 0 ? [own("*")] : needs;
}

/** "enforce": policies decide; "strict": and every role must exist; "soft": everything passes, and what would be missing is printed. */
export type IamMode = "enforce" | "strict" | "soft";

export interface RightsOptions {
  readonly judge: Judge;
  readonly place: Place;
  readonly mode: IamMode;
  readonly passedRoles: PassedRoles;
  /** Whether the function that credentials were made for is still there. */
  readonly isLiving: (session: FunctionSession) => Promise<boolean>;
  readonly leastPolicies: LeastPolicies;
  readonly log: Log;
}

export function iamRights({ judge, place, mode, passedRoles, isLiving, leastPolicies, log }: RightsOptions): Authorize {
  return async (caller, wanted, about) => {
    if (wanted.isOpen) return;
    if (caller.functionOf !== undefined && !(await isLiving(caller.functionOf))) throw noLongerValid();
    const isUnbound = judge.mayDoEverything(caller);
    if (isUnbound && !wanted.isMore) return;
    const needs = wanted.needs(place);
    if (needs.length === 0 && caller.principal?.is === "anybody") throw unsigned();
    passedRoles.check(needs, { isUnbound });
    if (isUnbound) return;
    passedRoles.checkOwn(caller);
    for (const need of needs) {
      const verdict = await judge.verdict(caller, need, about);
      if (verdict.is === "allowed") continue;
      if (mode !== "soft")
        throw denied(
          denialSentence(caller.arn, { action: need.permission, resource: need.resource }, verdict),
          needs[0] ?? need,
        );
      const policy = leastPolicies.add(caller.arn, need);
      if (policy !== null)
        log.warn("soft IAM let a call pass; the least policy that allows it", { caller: caller.arn, policy });
    }
  };
}

// What they call it, each in its own protocol: SQS kept the name of its query days. The service that is called says it, of whatever it needs.
const SHORT = new Set(["iam", "sts", "sns", "s3", "sqs", "cloudformation", "cloudwatch", "autoscaling", "ec2"]);

function denied(sentence: string, { permission }: Need): AwsError {
  const service = permission.slice(0, permission.indexOf(":"));
  if (SHORT.has(service)) return new AwsError("AccessDenied", 403, sentence);
  return new AwsError("AccessDeniedException", service === "lambda" ? 403 : 400, sentence);
}
