/** Roles that are handed on: they must let the service in that runs as them, and who is not the root hands on none that does not exist. */
import type { Identities } from "#managed/identity/identities.ts";
import type { Need } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import type { Judge } from "./judge.ts";
import type { Caller } from "./sign.ts";

const PASS = "iam:PassRole";
const LAMBDA = "lambda.amazonaws.com";

export interface PassedRolesOptions {
  readonly identities: Identities;
  readonly judge: Judge;
  /** A role that does not exist is refused to the root, too. */
  readonly isStrict: boolean;
}

export class PassedRoles {
  readonly #options: PassedRolesOptions;

  constructor(options: PassedRolesOptions) {
    this.#options = options;
  }

  /** `isUnbound`: the caller may do everything. Throws InvalidParameterValueException, as Lambda does for a role that is not there. */
  check(needs: readonly Need[], { isUnbound }: { readonly isUnbound: boolean }): void {
    for (const { permission, resource: arn, conditions } of needs) {
      if (permission !== PASS) continue;
      const service = conditions?.["iam:PassedToService"];
      if (typeof service === "string" && !this.#isUsable(arn, service, isUnbound)) throw notAssumable(service);
    }
  }

  /** A function runs as its role only as long as that lets Lambda in. */
  checkOwn({ functionOf, principal }: Caller): void {
    if (functionOf === undefined || principal?.is !== "session") return;
    if (!this.#isUsable(principal.roleArn, LAMBDA, true)) throw notAssumable(LAMBDA);
  }

  #isUsable(arn: string, service: string, isUnbound: boolean): boolean {
    const { identities, judge, isStrict } = this.#options;
    const role = identities.roleAt(arn);
    // It would do everything: then only who may do everything may hand it on.
    if (role === null) return isUnbound && !isStrict && identities.isUnknownRole(arn);
    const keys = { "aws:SourceAccount": identities.accountId };
    return judge.trustsStranger(role, { is: "service", name: service }, "sts:AssumeRole", keys).is === "allowed";
  }
}

function notAssumable(service: string): AwsError {
  const who = service === LAMBDA ? "The role defined for the function cannot be assumed by Lambda." : null;
  return new AwsError(
    "InvalidParameterValueException",
    400,
    who ??
      `The role cannot be assumed by ${service}: it does not exist, or its trust policy does not let the service in.`,
  );
}
