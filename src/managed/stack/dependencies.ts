/** Which resource needs which other ones first: by Ref, Fn::GetAtt, Fn::Sub and DependsOn. Pure. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json } from "#base/json.ts";
import { formatError, validationError } from "./template.ts";
import type { ResourceDeclaration, Template } from "./template.ts";

/** From a logical name to those that must be there before it. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/** Of the resources that are made (their conditions hold). Fault: BadRequest for names that are nothing, and for rings. */
export function dependenciesOf(template: Template, made: ReadonlySet<string>): Dependencies {
  const found = new Map<string, ReadonlySet<string>>();
  for (const name of made) {
    const resource = template.resources.get(name);
    if (resource === undefined) continue;
    const names = new Set(referencesOf(resource).filter((other) => other !== name && made.has(other)));
    found.set(name, names);
  }
  checkRings(found);
  return found;
}

/** Every name that a template refers to must be one of its own. Fault: BadRequest. */
export function checkReferences(template: Template, pseudo: (name: string) => boolean): void {
  const isKnown = (name: string): boolean =>
    template.resources.has(name) || template.parameters.has(name) || pseudo(name);
  const inResources = [...template.resources.values()].flatMap((one) => namesIn(one.properties));
  const inOutputs = [...template.outputs.values()].flatMap((one) => namesIn(one.value));
  for (const [names, section] of [
    [inResources, "Resources"],
    [inOutputs, "Outputs"],
  ] as const) {
    const unknown = [...new Set(names.filter((name) => !isKnown(name)))];
    if (unknown.length > 0)
      throw formatError(
        `Unresolved resource dependencies [${unknown.join(", ")}] in the ${section} block of the template`,
      );
  }
  for (const [name, { dependsOn, condition }] of template.resources) {
    const other = dependsOn.find((one) => !template.resources.has(one));
    if (other !== undefined)
      throw formatError(`Unresolved resource dependencies [${other}] in the Resources block of the template`);
    if (condition !== undefined && !template.conditions.has(condition))
      throw validationError(`Unresolved condition dependency ${condition} of resource ${name}`);
  }
}

function referencesOf({ properties, dependsOn, metadata }: ResourceDeclaration): readonly string[] {
  return [...dependsOn, ...namesIn(properties), ...namesIn(metadata)];
}

/** Names of parameters and resources in a value. */
export function namesIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(namesIn);
  if (!isJsonObject(value)) return [];
  const [name, ...others] = Object.keys(value);
  if (name !== undefined && others.length === 0) {
    const argument = value[name] ?? null;
    if (name === "Ref" && typeof argument === "string") return [argument];
    if (name === "Fn::GetAtt") return [attributeOwner(argument), ...namesIn(argument)].filter((one) => one !== "");
    if (name === "Fn::Sub") return namesInSub(argument);
  }
  return Object.values(value).flatMap(namesIn);
}

function attributeOwner(argument: Json): string {
  const [first = ""] = Array.isArray(argument) ? (argument as readonly Json[]) : [argument];
  return typeof first === "string" ? (first.split(".")[0] ?? "") : "";
}

function namesInSub(argument: Json): readonly string[] {
  const [text, names = {}] = Array.isArray(argument) ? (argument as readonly Json[]) : [argument];
  const own = isJsonObject(names) ? names : {};
  const inText =
    typeof text === "string" ? [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name = ""]) => name.trim()) : [];
  const used = inText.filter((name) => !Object.hasOwn(own, name)).map((name) => name.split(".")[0] ?? "");
  return [...used, ...namesIn(own)];
}

/** Takes away what needs nothing, again and again; what is left needs itself. */
function checkRings(dependencies: Dependencies): void {
  const left = new Map([...dependencies].map(([name, needs]) => [name, new Set(needs)]));
  for (;;) {
    const free = [...left].filter(([, needs]) => needs.size === 0).map(([name]) => name);
    if (free.length === 0) break;
    for (const name of free) left.delete(name);
    for (const needs of left.values()) for (const name of free) needs.delete(name);
  }
  if (left.size > 0)
    throw new Fault("BadRequest", `Circular dependency between resources: [${[...left.keys()].join(", ")}]`);
}
