/** The least policy that would do for each caller, grown call by call while nothing is refused. */
import type { Need } from "./action.ts";

const MAX_CALLERS = 200;
const MAX_PERMISSIONS = 500;

export class LeastPolicies {
  /** By caller: the resources of each permission. */
  readonly #needed = new Map<string, Map<string, Set<string>>>();

  /** The whole policy as JSON when this need is new to it; null when it was known, or when there are too many. */
  add(caller: string, { permission, resource }: Need): string | null {
    const known = this.#needed.get(caller) ?? new Map<string, Set<string>>();
    if (!this.#needed.has(caller) && this.#needed.size >= MAX_CALLERS) return null;
    this.#needed.set(caller, known);
    const resources = known.get(permission) ?? new Set<string>();
    if (resources.has(resource) || resources.size >= MAX_PERMISSIONS || known.size >= MAX_PERMISSIONS) return null;
    known.set(permission, resources.add(resource));
    return policyOf(known);
  }
}

/** A statement for each set of resources, with all that is needed on just those. */
function policyOf(needed: ReadonlyMap<string, ReadonlySet<string>>): string {
  const byResources = new Map<string, string[]>();
  for (const [permission, resources] of needed) {
    const key = [...resources].toSorted().join(" ");
    byResources.set(key, [...(byResources.get(key) ?? []), permission]);
  }
  const statements = [...byResources].map(([resources, permissions]) => ({
    Effect: "Allow",
    Action: permissions.toSorted(),
    Resource: resources.split(" "),
  }));
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
