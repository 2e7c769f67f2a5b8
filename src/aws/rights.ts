/** Everything about who may do what, made of the identities of an account: who signs, how it is judged, what is asked of each call. */
import type { Log } from "#base/log.ts";
import type { Identities } from "#managed/identity/identities.ts";
import { principalOfUser } from "#managed/identity/identities.ts";
import type { Service } from "./action.ts";
import { type Authorize, type IamMode, iamRights, type RightsOptions } from "./authorize.ts";
import { callers, type FindUserKey, type RootKey } from "./credentials.ts";
import { Judge } from "./judge.ts";
import { LeastPolicies } from "./least-policies.ts";
import { PassedRoles } from "./passed-roles.ts";
import type { FindCaller } from "./sign.ts";
import { StandingPolicies } from "./standing-policies.ts";

export interface RightsNeeds extends Pick<RightsOptions, "isLiving"> {
  readonly identities: Identities;
  readonly root: RootKey;
  readonly region: string;
  readonly mode: IamMode;
  readonly log: Log;
}

export interface Rights {
  readonly findCaller: FindCaller;
  readonly authorize: Authorize;
  readonly judge: Judge;
  /** Tells which services keep policies of their things. */
  readonly use: (services: readonly Service[]) => void;
}

export function rightsOf({ identities, root, region, mode, isLiving, log }: RightsNeeds): Rights {
  const place = { accountId: root.accountId, region };
  const isStrict = mode === "strict";
  const standing = new StandingPolicies();
  const policyOf = (permission: string, resource: string): Promise<string | null> =>
    standing.find(permission, resource);
  const judge = new Judge({ identities, place, policyOf, isStrict });
  const passedRoles = new PassedRoles({ identities, judge, isStrict });
  const leastPolicies = new LeastPolicies();
  return {
    findCaller: callers(root, (accessKeyId) => userOfKey(identities, accessKeyId)),
    authorize: iamRights({ judge, place, mode, passedRoles, isLiving, leastPolicies, log }),
    judge,
    use: (services) => standing.use(services),
  };
}

function userOfKey(identities: Identities, accessKeyId: string): ReturnType<FindUserKey> {
  const [user] = identities.users.by("key", accessKeyId);
  const key = user?.spec.accessKeys?.find(({ id }) => id === accessKeyId);
  if (user === undefined || key?.state === "Inactive" || user.metadata.deletionTimestamp !== undefined) return null;
  return { arn: identities.userArn(user), principal: principalOfUser(identities, user) };
}
