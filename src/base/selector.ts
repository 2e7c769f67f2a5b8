/** Label and field selectors: parsing their text form, reading their object form, matching. */
import { member } from "./dictionary.ts";
import { Fault } from "./fault.ts";

export type Labels = Readonly<Record<string, string>>;

export type Requirement =
  | { readonly key: string; readonly operator: "In" | "NotIn"; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: "Exists" | "DoesNotExist" }
  | { readonly key: string; readonly operator: "Gt" | "Lt"; readonly value: number };

/** All requirements must hold; the empty selector matches everything. */
export type Selector = readonly Requirement[];

/** metav1.LabelSelector. */
export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

export function matches(selector: Selector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => holds(requirement, member(labels, requirement.key)));
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "NotIn":
      return value === undefined || !requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > requirement.value;
    case "Lt":
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < requirement.value;
  }
}

/** Every label must be equal, as in Service.spec.selector. */
export function selectorOf(labels: Labels): Selector {
  return Object.entries(labels).map(([key, value]) => ({ key, operator: "In", values: [value] }));
}

/** The object form; a missing selector matches nothing and is null, an empty one matches everything. */
export function fromLabelSelector(selector: LabelSelector | undefined): Selector | null {
  if (selector === undefined) return null;
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => {
    if (operator === "In" || operator === "NotIn") return { key, operator, values };
    if (operator === "Exists" || operator === "DoesNotExist") return { key, operator };
    throw new Fault("BadRequest", `"${operator}" is not a valid label selector operator`);
  });
  return [...selectorOf(selector.matchLabels ?? {}), ...expressions];
}

const SET_TERM = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUAL_TERM = /^([^\s!=,()<>]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const ORDER_TERM = /^([^\s!=,()<>]+)\s*([<>])\s*(-?\d+)$/;
const EXISTS_TERM = /^(!?)\s*([^\s!=,()<>]+)$/;

/** The text form of `labelSelector=`: equality and set terms, joined by commas. */
export function parseSelector(text: string): Selector {
  return splitTerms(text).map(parseTerm);
}

function splitTerms(text: string): readonly string[] {
  const terms = text.split(/,(?![^(]*\))/).map((term) => term.trim());
  return terms.length === 1 && terms[0] === "" ? [] : terms;
}

function parseTerm(term: string): Requirement {
  const set = SET_TERM.exec(term);
  if (set !== null) {
    const [, key = "", operator, values = ""] = set;
    return {
      key,
      operator: operator === "in" ? "In" : "NotIn",
      values: values.split(",").map((value) => value.trim()),
    };
  }
  const equal = EQUAL_TERM.exec(term);
  if (equal !== null) {
    const [, key = "", sign, value = ""] = equal;
    return { key, operator: sign === "!=" ? "NotIn" : "In", values: [value] };
  }
  const order = ORDER_TERM.exec(term);
  if (order !== null) {
    const [, key = "", sign, value] = order;
    return { key, operator: sign === ">" ? "Gt" : "Lt", value: Number(value) };
  }
  const exists = EXISTS_TERM.exec(term);
  if (exists === null)
    throw new Fault("BadRequest", `unable to parse requirement: "${term}" is not a valid selector term`);
  const [, not, key = ""] = exists;
  return { key, operator: not === "!" ? "DoesNotExist" : "Exists" };
}

/** The text form of `fieldSelector=`: path=value, path==value, path!=value. */
export function parseFieldSelector(text: string): Selector {
  return splitTerms(text).map((term) => {
    const match = /^([\w.[\]-]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null) throw new Fault("BadRequest", `invalid field selector: "${term}" has no known operator`);
    const [, key = "", sign, value = ""] = match;
    return { key, operator: sign === "!=" ? "NotIn" : "In", values: [value] };
  });
}
