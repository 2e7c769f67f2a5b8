/** A template's value in the types of an action's input: templates may write numbers and truth values as texts, and texts as numbers. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";
import type { Member, Shape } from "../shape.ts";

/** What does not fit is left as it is: the action's own checks say what is wrong with it. */
export function coerced(value: Json, shape: Shape): unknown {
  if (shape.is === "list")
    return Array.isArray(value) ? (value as readonly Json[]).map((one) => coerced(one, shape.of.shape)) : value;
  if (!isJsonObject(value)) return scalar(value, shape.is);
  if (shape.is === "map") return members(value, () => shape.value);
  return shape.is === "structure" ? members(value, (name) => shape.members.get(name)) : value;
}

function scalar(value: Json, is: Shape["is"]): Json {
  if (is === "string") return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (typeof value !== "string") return value;
  if (is === "boolean") return value === "true" ? true : value === "false" ? false : value;
  if (is === "timestamp") return Date.parse(value);
  return NUMBERS.has(is) && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}

const NUMBERS: ReadonlySet<Shape["is"]> = new Set(["integer", "long", "float", "double"] as const);

function members(value: Readonly<Record<string, Json>>, memberOf: (name: string) => Member | undefined): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => {
      const member = memberOf(name);
      return [name, member === undefined ? child : coerced(child, member.shape)];
    }),
  );
}
