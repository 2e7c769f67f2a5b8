/** Aliases: one version, or two by weight. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionAliasSpec } from "#kinds/catamaran/function-alias.ts";
import { versionFor } from "./alias-routing.ts";

const plain: FunctionAliasSpec = { function: "f", alias: "live", version: "1" };
const weighted = { ...plain, additional: { version: "2", weight: 0.25 } };

const cases: readonly { readonly alias: FunctionAliasSpec; readonly chance: number; readonly goesTo: string }[] = [
  { alias: plain, chance: 0, goesTo: "1" },
  { alias: weighted, chance: 0, goesTo: "2" },
  { alias: weighted, chance: 0.2499, goesTo: "2" },
  { alias: weighted, chance: 0.25, goesTo: "1" },
  { alias: { ...plain, additional: { version: "2", weight: 0 } }, chance: 0, goesTo: "1" },
  { alias: { ...plain, additional: { version: "2", weight: 1 } }, chance: 0.9999, goesTo: "2" },
];

for (const { alias, chance, goesTo } of cases)
  test(`an alias with ${JSON.stringify(alias.additional)} and chance ${chance} goes to version ${goesTo}`, () =>
    assert.equal(versionFor(alias, chance), goesTo));
