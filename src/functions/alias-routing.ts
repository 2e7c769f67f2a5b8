/** Which version an invocation of an alias goes to: by weight, each one for itself (Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias"). Pure. */
import type { FunctionAliasSpec } from "#kinds/catamaran/function-alias.ts";

/** `chance` is of [0, 1). */
export function versionFor({ version, additional }: FunctionAliasSpec, chance: number): string {
  return additional !== undefined && chance < additional.weight ? additional.version : version;
}
