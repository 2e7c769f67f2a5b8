/** The policies that stand on resources, asked of the service that keeps them. */
import type { Service } from "./action.ts";

type PolicyOf = NonNullable<Service["policyOf"]>;

export class StandingPolicies {
  /** By the prefix of permissions. */
  readonly #services = new Map<string, PolicyOf>();

  /** Once all services are there: some of them ask for rights themselves. */
  use(services: readonly Service[]): void {
    for (const { model, permissionPrefix = model.signingName, policyOf } of services)
      if (policyOf !== undefined) this.#services.set(permissionPrefix, policyOf);
  }

  async find(permission: string, resource: string): Promise<string | null> {
    const policyOf = this.#services.get(permission.slice(0, permission.indexOf(":")));
    return policyOf === undefined ? null : policyOf(resource);
  }
}
