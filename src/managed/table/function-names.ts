/** Which functions conditions and updates have, and what is said of a name that stands in the wrong one. */

/** How many operands each takes. */
export const CONDITION_FUNCTIONS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};

const UPDATE_FUNCTIONS: readonly string[] = ["if_not_exists", "list_append"];

/** Null for a function that conditions have. Scylla's test_update_condition_other_funcs saw the difference on AWS. */
export function conditionFunctionProblem(name: string): string | null {
  if (Object.hasOwn(CONDITION_FUNCTIONS, name)) return null;
  return UPDATE_FUNCTIONS.includes(name)
    ? `The function is not allowed in a condition expression; function: ${name}`
    : `Invalid function name; function: ${name}`;
}

export function updateFunctionProblem(name: string): string | null {
  if (UPDATE_FUNCTIONS.includes(name)) return null;
  return Object.hasOwn(CONDITION_FUNCTIONS, name)
    ? `The function is not allowed in an update expression; function: ${name}`
    : `Invalid function name; function: ${name}`;
}
