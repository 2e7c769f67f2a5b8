/** The #names and :values of one request: checked, looked up, and those that no expression uses refused. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute } from "./attribute.ts";

const NAMES_SHOWN = 100; // Of those that nobody uses; a request may have a hundred thousand.
const MAX_NAME_BYTES = 65_535;

export class Placeholders {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, Attribute>;
  readonly #usedNames = new Set<string>();
  readonly #usedValues = new Set<string>();

  /** As sent; throws BadRequest. */
  constructor(names: Readonly<Record<string, string>> = {}, values: Readonly<Record<string, unknown>> = {}) {
    refuseTooMany("ExpressionAttributeNames", names);
    refuseTooMany("ExpressionAttributeValues", values);
    this.#names = new Map(Object.entries(names));
    for (const [key, name] of this.#names) {
      checkKey("ExpressionAttributeNames", /^#\w+$/, key);
      checkName(name, key);
    }
    for (const key of Object.keys(values)) checkKey("ExpressionAttributeValues", /^:\w+$/, key);
    this.#values = new Map(Object.entries(values).map(([key, value]) => [key, checkedValue(key, value)]));
  }

  name(placeholder: string): string | undefined {
    this.#usedNames.add(placeholder);
    return this.#names.get(placeholder);
  }

  value(placeholder: string): Attribute | undefined {
    this.#usedValues.add(placeholder);
    return this.#values.get(placeholder);
  }

  refuseUnused(): void {
    refuseUnused("ExpressionAttributeNames", this.#names, this.#usedNames);
    refuseUnused("ExpressionAttributeValues", this.#values, this.#usedValues);
  }
}

// Three expressions of 4 KB cannot use more.
const MAX_PLACEHOLDERS = 6_144;

function refuseTooMany(what: string, given: Readonly<Record<string, unknown>>): void {
  const keys = Object.keys(given);
  if (keys.length > MAX_PLACEHOLDERS) throw unused(what, keys);
}

function checkKey(what: string, form: RegExp, key: string): void {
  if (!form.test(key))
    throw new Fault("BadRequest", `${what} contains invalid key: Syntax error; key: "${key.slice(0, 255)}"`);
}

function checkName(name: string, key: string): void {
  if (name === "")
    throw new Fault(
      "BadRequest",
      `ExpressionAttributeNames contains invalid value: Empty attribute name for key ${key}`,
    );
  if (name.length > MAX_NAME_BYTES)
    throw new Fault(
      "BadRequest",
      `ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than ${MAX_NAME_BYTES + 1} bytes for key ${key}`,
    );
}

function checkedValue(key: string, value: unknown): Attribute {
  try {
    return checkAttribute(value);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new Fault("BadRequest", `ExpressionAttributeValues contains invalid value: ${thrown.message} for key ${key}`);
  }
}

function refuseUnused(what: string, given: ReadonlyMap<string, unknown>, used: ReadonlySet<string>): void {
  const left = [...given.keys()].filter((name) => !used.has(name));
  if (left.length > 0) throw unused(what, left);
}

function unused(what: string, keys: readonly string[]): Fault {
  const shown = keys.length > NAMES_SHOWN ? [...keys.slice(0, NAMES_SHOWN), "…"] : keys;
  return new Fault("BadRequest", `Value provided in ${what} unused in expressions: keys: {${shown.join(", ")}}`);
}
