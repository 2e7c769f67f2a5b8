/** The JSON paths of printer columns and selectable fields: .spec.a, ['a.b'], [0], [*], [?(@.type=="Ready")]. */
import { isJsonObject, type Json } from "#base/json.ts";

type Step =
  | { readonly is: "member"; readonly name: string }
  | { readonly is: "index"; readonly at: number }
  | { readonly is: "all" }
  | { readonly is: "filter"; readonly path: readonly Step[]; readonly sign: "==" | "!="; readonly value: string };

export interface JsonPath {
  readonly find: (document: Json) => readonly Json[];
}

/** Null when the text is no path that we know. */
export function parseJsonPath(text: string): JsonPath | null {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text;
  const steps = parseSteps(inner.replace(/^\$/, ""));
  return steps === null
    ? null
    : {
        find: (document) =>
          steps.reduce<readonly Json[]>((found, step) => found.flatMap((value) => follow(value, step)), [document]),
      };
}

const STEP =
  /^(?:\.([A-Za-z_$][\w$-]*|\*)|\[(\d+|\*)\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]|\[\?\(@((?:\.[\w$-]+|\['[^']*'\])+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+))\)\])/;

function parseSteps(text: string): readonly Step[] | null {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== "") {
    const match = STEP.exec(rest);
    if (match === null) return null;
    const step = stepOf(match);
    if (step === null) return null;
    steps.push(step);
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function stepOf(match: RegExpExecArray): Step | null {
  const [, member, index, single, double, filter, sign, ...values] = match;
  if (member === "*" || index === "*") return { is: "all" };
  if (member !== undefined) return { is: "member", name: member };
  if (index !== undefined) return { is: "index", at: Number(index) };
  const quoted = single ?? double;
  if (quoted !== undefined) return { is: "member", name: quoted.replace(/\\(.)/g, "$1") };
  const path = parseSteps(filter ?? "");
  return path === null
    ? null
    : {
        is: "filter",
        path,
        sign: sign === "!=" ? "!=" : "==",
        value: values.find((value) => value !== undefined) ?? "",
      };
}

function follow(value: Json, step: Step): readonly Json[] {
  switch (step.is) {
    case "member":
      return isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] as Json] : [];
    case "index":
      return Array.isArray(value) && step.at < value.length ? [value[step.at] as Json] : [];
    case "all":
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case "filter": {
      if (!Array.isArray(value)) return [];
      return value.filter((child: Json) => {
        const found = step.path.reduce<readonly Json[]>(
          (now, inner) => now.flatMap((one) => follow(one, inner)),
          [child],
        );
        return (
          found.some((one) => (typeof one === "string" ? one : JSON.stringify(one)) === step.value) ===
          (step.sign === "==")
        );
      });
    }
  }
}
