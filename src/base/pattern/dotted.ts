/**
 * Names with dots mean nested fields: {"a.b": 1} is {"a": {"b": 1}}, in events and in patterns (event-ruler joins the names of a path
 * by dots before it compares them). Pure.
 */

type Fields = Readonly<Record<string, unknown>>;

// An event is matched by many patterns, one after the other.
const known = new WeakMap<Fields, Fields>();

/** The event without dots in its names; itself when it has none. */
export function plainOf(event: Fields): Fields {
  const before = known.get(event);
  if (before !== undefined) return before;
  const plain = hasDots(event) ? withoutDots(event) : event;
  known.set(event, plain);
  return plain;
}

function hasDots(given: unknown): boolean {
  if (typeof given !== "object" || given === null) return false;
  if (Array.isArray(given)) return given.some(hasDots);
  return Object.entries(given).some(([name, value]) => name.includes(".") || hasDots(value));
}

export function withoutDots(fields: Fields): Fields {
  const plain = new Map<string, unknown>();
  for (const [name, value] of Object.entries(fields)) {
    const steps = name.split(".");
    const [first = ""] = steps;
    const nested = steps.slice(1).reduceRight<unknown>((inner, step) => ({ [step]: inner }), inside(value));
    plain.set(first, plain.has(first) ? joined(plain.get(first), nested) : nested);
  }
  return Object.fromEntries(plain);
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  return isFields(value) ? withoutDots(value) : value;
}

/** Two values of one field: objects become one, anything else stands beside it, as in an array. */
function joined(a: unknown, b: unknown): unknown {
  if (!isFields(a) || !isFields(b)) return [a, b].flat();
  const all = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) all.set(name, all.has(name) ? joined(all.get(name), value) : value);
  return Object.fromEntries(all);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
