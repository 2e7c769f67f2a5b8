/** Which parameters a list of filters lets through (API Reference, ParameterStringFilter). */
import type { Parameter } from "#managed/parameters/parameter.ts";
import { failure, invalid } from "./world.ts";
import type { ParametersFilter, ParameterStringFilter } from "./model.gen.ts";

export type Keeps = (parameter: Parameter) => boolean;

/** Filters by key of DescribeParameters, and of GetParametersByPath, which knows its path already. */
export const DESCRIBE_KEYS: readonly string[] = ["DataType", "Label", "Name", "Path", "Tier", "Type"];
export const PATH_KEYS: readonly string[] = ["Label", "Type"];

export function keepsAll(filters: readonly ParameterStringFilter[], keys: readonly string[]): Keeps {
  const names = filters.map(({ Key }) => Key);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`The following filter is duplicated in the request: ${twice}.`);
  const all = filters.map((filter) => keepsBy(filter, keys));
  return (parameter) => all.every((keeps) => keeps(parameter));
}

/** The older form: one name or type of several. */
export function keepsOlder(filters: readonly ParametersFilter[]): Keeps {
  return keepsAll(
    filters.map(({ Key, Values }) => ({ Key, Values, ...(Key === "Name" && { Option: "BeginsWith" }) })),
    DESCRIBE_KEYS,
  );
}

function keepsBy(
  { Key: key, Option: option = "Equals", Values: values = [] }: ParameterStringFilter,
  keys: readonly string[],
): Keeps {
  const isTag = key.startsWith("tag:") && keys === DESCRIBE_KEYS;
  if (!isTag && !keys.includes(key))
    throw failure(
      "InvalidFilterKey",
      `The following filter key is not valid: ${key}. Valid filter keys include: [${keys.join(", ")}].`,
    );
  if (values.length === 0 && !isTag)
    throw failure("InvalidFilterValue", `The following filter values are missing : null for filter key ${key}.`);
  if (key === "Path") return underPath(values, option === "Equals" ? "OneLevel" : option);
  const matches = comparison(key, option);
  const isOne = (text: string): boolean => values.some((value) => matches(text, value));
  if (isTag) return ({ tags }) => tagMatches(tags[key.slice("tag:".length)], values, matches);
  switch (key) {
    case "Name":
      // "/a" and "a" are one name to a filter.
      return ({ name }) => isOne(name) || isOne(name.replace(/^\//, "")) || isOne(`/${name}`);
    case "Type":
      return ({ latest }) => isOne(latest.type);
    case "Tier":
      return ({ latest }) => isOne(latest.tier);
    case "Label":
      return ({ labels }) => Object.keys(labels).some(isOne);
    default:
      return () => isOne("text");
  }
}

type Matches = (text: string, value: string) => boolean;

function comparison(key: string, option: string): Matches {
  if (option === "Equals") return (text, value) => text === value;
  if (option === "BeginsWith" && key !== "Label") return (text, value) => text.startsWith(value);
  if (option === "Contains" && key === "Name") return (text, value) => text.includes(value);
  throw failure(
    "InvalidFilterOption",
    `The following filter option is not valid: ${option}. Valid options include: [BeginsWith, Equals].`,
  );
}

function tagMatches(tag: string | undefined, values: readonly string[], matches: Matches): boolean {
  return tag !== undefined && (values.length === 0 || values.some((value) => matches(tag, value)));
}

function underPath(paths: readonly string[], option: string): Keeps {
  if (option !== "OneLevel" && option !== "Recursive")
    throw failure(
      "InvalidFilterOption",
      `The following filter option is not valid: ${option}. Valid options include: [Recursive, OneLevel].`,
    );
  return ({ name }) => paths.some((path) => isUnder(name, path, option === "Recursive"));
}

/** Below a path: on the next level, or anywhere. */
export function isUnder(name: string, path: string, isDeep: boolean): boolean {
  const prefix = path.endsWith("/") ? path : `${path}/`;
  const full = name.startsWith("/") ? name : `/${name}`;
  return full.startsWith(prefix) && (isDeep || !full.slice(prefix.length).includes("/"));
}
