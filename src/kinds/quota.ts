/** What objects take of the quotas of their namespace: the contract between kinds and ResourceQuota. */
import type { Nanos } from "#base/quantity.ts";

/** Amounts by the names that quotas have for them: "requests.cpu", "services.nodeports". */
export type Usage = ReadonlyMap<string, Nanos>;

/** One thing, as an amount. */
export const ONE: Nanos = 1_000_000_000n;

export type ScopeRequirement = {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
};

/** What a kind says of quotas, beside that each of its objects is one ("count/pods"). Written as methods: bivariant parameters. */
export interface Charges<T> {
  /** Whether a limit of this name is about the kind. */
  isAbout(name: string): boolean;
  usage(object: T): Usage;
  /** Whether a quota with this scope is about the object; absent: none with any scope is. */
  isInScope?(object: T, scope: ScopeRequirement): boolean;
  /** The sentence that says what of these limits the object must say something of and does not. */
  missing?(object: T, names: readonly string[]): string | undefined;
}

/** Kinds that quotas also know by their bare name: "secrets" beside "count/secrets". */
export function chargedByName(plural: string): Charges<unknown> {
  const usage: Usage = new Map([[plural, ONE]]);
  return { isAbout: (name) => name === plural, usage: () => usage };
}
