/** Builds FieldFaults with the sentences of apimachinery's field.Error. */
import type { FieldFault } from "#base/fault.ts";

/** What is wrong with one object, in the order found. Paths are written as Kubernetes prints them. */
export class FieldFaults {
  readonly #found: FieldFault[] = [];

  get found(): readonly FieldFault[] {
    return this.#found;
  }

  required(field: string, detail = ""): void {
    this.#add("FieldValueRequired", field, withDetail("Required value", detail));
  }

  /** `value` undefined leaves the value out of the sentence. */
  invalid(field: string, value: unknown, detail: string): void {
    this.#add("FieldValueInvalid", field, withDetail(`Invalid value: ${formatValue(value)}`, detail));
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const detail =
      supported.length === 0 ? "" : `supported values: ${supported.map((one) => JSON.stringify(one)).join(", ")}`;
    this.#add("FieldValueNotSupported", field, withDetail(`Unsupported value: ${formatValue(value)}`, detail));
  }

  forbidden(field: string, detail: string): void {
    this.#add("FieldValueForbidden", field, withDetail("Forbidden", detail));
  }

  duplicate(field: string, value: unknown): void {
    this.#add("FieldValueDuplicate", field, `Duplicate value: ${formatValue(value)}`);
  }

  notFound(field: string, value: unknown): void {
    this.#add("FieldValueNotFound", field, `Not found: ${formatValue(value)}`);
  }

  tooLong(field: string, limit: number): void {
    this.#add("FieldValueTooLong", field, `Too long: may not be more than ${limit} ${limit === 1 ? "byte" : "bytes"}`);
  }

  tooMany(field: string, count: number, limit: number): void {
    this.#add(
      "FieldValueTooMany",
      field,
      `Too many: ${count}: must have at most ${limit} ${limit === 1 ? "item" : "items"}`,
    );
  }

  wrongType(field: string, value: unknown, detail: string): void {
    this.#add("FieldValueTypeInvalid", field, withDetail(`Invalid value: ${formatValue(value)}`, detail));
  }

  /** "field is immutable". */
  immutable(field: string, value: unknown): void {
    this.invalid(field, value, "field is immutable");
  }

  /** One "Invalid value" per sentence of a name check. */
  invalidEach(field: string, value: unknown, sentences: readonly string[]): void {
    for (const sentence of sentences) this.invalid(field, value, sentence);
  }

  /** "Required value" when missing, "Unsupported value" when not among `supported`. */
  oneOf(field: string, value: string | undefined, supported: readonly string[]): void {
    if (value === undefined || value === "") this.required(field, "");
    else if (!supported.includes(value)) this.notSupported(field, value, supported);
  }

  #add(reason: FieldFault["reason"], field: string, message: string): void {
    this.#found.push({ reason, field, message });
  }
}

function withDetail(head: string, detail: string): string {
  return detail === "" ? head : `${head}: ${detail}`;
}

function formatValue(value: unknown): string {
  if (value === undefined) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}
