/** Updates as an action for each attribute, the form before expressions: checked, and turned into the updates of expressions. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute, typeOf } from "./attribute.ts";
import { type Path, pathTree } from "./document-path.ts";
import type { SetValue, Update } from "./expression-syntax.ts";

export interface AttributeUpdate {
  /** Default is PUT. */
  readonly action?: "ADD" | "PUT" | "DELETE";
  /** As sent. */
  readonly value?: unknown;
}

export function attributeUpdates(updates: Readonly<Record<string, AttributeUpdate>>): Update {
  const set: { readonly path: Path; readonly value: SetValue }[] = [];
  const remove: Path[] = [];
  const add: { readonly path: Path; readonly value: Attribute }[] = [];
  const taken: { readonly path: Path; readonly value: Attribute }[] = [];
  for (const [name, { action = "PUT", value: given }] of Object.entries(updates)) {
    if (name === "") throw wrong("Empty attribute name");
    const path = [name];
    if (given === undefined) {
      if (action !== "DELETE") throw wrong("Only DELETE action is allowed when no attribute value is specified");
      remove.push(path);
      continue;
    }
    const value = checkAttribute(given);
    checkType(action, value);
    if (action === "PUT") set.push({ path, value: { is: "value", value } });
    else if (action === "DELETE") taken.push({ path, value });
    // Lists grow at their end; expressions say list_append.
    else if ("L" in value) set.push({ path, value: appended(path, value) });
    else add.push({ path, value });
  }
  const paths = Object.keys(updates).map((name) => [name]);
  const tree = pathTree(paths);
  if (typeof tree === "string") throw new Fault("BadRequest", tree);
  const mismatch = "One or more parameter values were invalid: Type mismatch for attribute to update";
  return { set, remove, add, delete: taken, paths, tree, mismatch };
}

function appended(path: Path, value: Attribute): SetValue {
  const empty: SetValue = { is: "value", value: { L: [] } };
  return { is: "listAppend", left: { is: "ifNotExists", path, otherwise: empty }, right: { is: "value", value } };
}

function checkType(action: "ADD" | "PUT" | "DELETE", value: Attribute): void {
  const type = typeOf(value);
  if (action === "DELETE" && !["SS", "NS", "BS"].includes(type))
    throw wrong(`DELETE action with value is not supported for the type ${type}`);
  if (action === "ADD" && !["L", "SS", "NS", "BS", "N"].includes(type))
    throw wrong(`ADD action is not supported for the type ${type}`);
}

function wrong(what: string): Fault {
  return new Fault("BadRequest", `One or more parameter values were invalid: ${what}`);
}
