/** Who asks, and whether a policy that names principals means them (IAM User Guide, "AWS JSON policy elements: Principal"). */

export type Principal =
  | { readonly is: "root"; readonly accountId: string }
  | { readonly is: "user"; readonly accountId: string; readonly arn: string; readonly id: string }
  | {
      readonly is: "session";
      readonly accountId: string;
      /** arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. */
      readonly arn: string;
      readonly roleArn: string;
      readonly roleId: string;
    }
  | { readonly is: "service"; readonly name: string }
  /** Somebody whom an identity provider knows; `provider` is its ARN here. */
  | { readonly is: "federated"; readonly provider: string }
  | { readonly is: "anybody" };

export interface Principals {
  /** NotPrincipal. */
  readonly isNot: boolean;
  readonly isEverybody: boolean;
  readonly aws: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly federated: ReadonlySet<string>;
  /** The unique ids that names stood for when the policy was written: who takes the name of one that is gone is another. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * How a policy names somebody. "self": the user, or this very session; "role": the role of the session;
 * "everybody": "*"; "account": the account, which then decides by policies of its own.
 */
export type Naming = "self" | "role" | "everybody" | "account";

/** Null when it does not. */
export function namingOf(principals: Principals, principal: Principal): Naming | null {
  const naming = listedAs(principals, principal);
  return principals.isEverybody && (naming === null || naming === "account") ? "everybody" : naming;
}

function listedAs({ aws, services, federated, ids }: Principals, principal: Principal): Naming | null {
  const isNamed = (arn: string, id: string): boolean => aws.has(id) || (aws.has(arn) && (ids.get(arn) ?? id) === id);
  switch (principal.is) {
    case "root":
      return isAccountIn(aws, principal.accountId) ? "self" : null;
    case "user":
      if (isNamed(principal.arn, principal.id)) return "self";
      return isAccountIn(aws, principal.accountId) ? "account" : null;
    case "session":
      if (aws.has(principal.arn)) return "self";
      if (isNamed(principal.roleArn, principal.roleId)) return "role";
      return isAccountIn(aws, principal.accountId) ? "account" : null;
    case "service":
      return services.has(principal.name) ? "self" : null;
    case "federated":
      return federated.has(principal.provider) ? "self" : null;
    case "anybody":
      return null;
  }
}

function isAccountIn(aws: ReadonlySet<string>, accountId: string): boolean {
  return aws.has(accountId) || aws.has(`arn:aws:iam::${accountId}:root`);
}
