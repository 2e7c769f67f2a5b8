/** The text of a template, JSON or YAML with its short forms (!Ref, !Sub, !GetAtt a.b), as one JSON value. Pure. */
import type { Json } from "#base/json.ts";
import { parseYaml } from "#wire/yaml.ts";

// "Intrinsic function reference": those without a prefix of their own.
const BARE = new Set(["Ref", "Condition"]);
const FUNCTIONS = new Set([
  "And",
  "Base64",
  "Cidr",
  "Equals",
  "FindInMap",
  "GetAtt",
  "GetAZs",
  "If",
  "ImportValue",
  "Join",
  "Length",
  "Not",
  "Or",
  "Select",
  "Split",
  "Sub",
  "ToJsonString",
  "Transform",
]);

/** Fault: BadRequest with the line, RequestTooLarge. */
export function readTemplateText(text: string): Json {
  return parseYaml(text, longForm);
}

function longForm(tag: string, value: Json): Json | undefined {
  const name = tag.replace(/^!/, "");
  if (BARE.has(name)) return { [name]: value };
  if (!FUNCTIONS.has(name)) return undefined;
  // "!GetAtt a.b.c": a logical name has no dot, an attribute may.
  if (name === "GetAtt" && typeof value === "string") {
    const dot = value.indexOf(".");
    return { "Fn::GetAtt": [value.slice(0, dot), value.slice(dot + 1)] };
  }
  return { [`Fn::${name}`]: value };
}
