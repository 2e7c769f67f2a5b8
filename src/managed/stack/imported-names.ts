/** Which exports of other stacks a template uses. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";
import { evaluated, type Scope } from "./intrinsics.ts";
import type { Template } from "./template.ts";

/** Those whose names can be told from the parameters alone, as they nearly always can. */
export function importedNames({ resources, outputs }: Template, scope: Scope): readonly string[] {
  const found = [
    ...[...resources.values()].flatMap(({ properties }) => importsIn(properties)),
    ...[...outputs.values()].flatMap(({ value }) => importsIn(value)),
  ];
  return [...new Set(found.map((name) => evaluated(name, scope)).filter((name) => typeof name === "string"))];
}

function importsIn(value: Json): readonly Json[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(importsIn);
  if (!isJsonObject(value)) return [];
  const own = value["Fn::ImportValue"];
  return own === undefined ? Object.values(value).flatMap(importsIn) : [own];
}
