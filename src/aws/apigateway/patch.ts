/** Patch operations of API Gateway: "replace /description", "add /binaryMediaTypes/image~1png" (API Gateway, "Patch Operations"). Pure. */
import { draft, drop, put } from "#base/dictionary.ts";
import { invalid } from "./account-rest-apis.ts";
import type { PatchOperation } from "./model.gen.ts";

/** What may be patched of a part, and as what its values are read. */
export type Patchable = Readonly<Record<string, "text" | "flag" | "number" | "list" | "texts" | "flags">>;

type Members = Readonly<Record<string, unknown>>;

/** Throws BadRequestException for a path that may not be patched. */
export function patched<T extends object>(part: T, operations: readonly PatchOperation[] = [], shape: Patchable): T {
  const next = draft<unknown>();
  for (const [name, value] of Object.entries(part)) put(next, name, value);
  for (const operation of operations) apply(next, operation, shape);
  return next as T;
}

// Copies are the stages' alone; API Gateway itself has neither "move" nor "test" (API Reference, "PatchOperation").
const SERVED: ReadonlySet<string> = new Set(["add", "remove", "replace"]);

function apply(into: Members, operation: PatchOperation, shape: Patchable): void {
  const { op = "replace", path = "", value = "" } = operation;
  const [name = "", key] = stepsOf(path);
  const type = Object.hasOwn(shape, name) ? shape[name] : undefined;
  if (type === undefined || !SERVED.has(op)) throw refused(op, path);
  switch (type) {
    case "text":
    case "flag":
    case "number":
      if (key !== undefined) throw refused(op, path);
      return op === "remove" ? drop(into, name) : put(into, name, read(value, type));
    case "list":
      return put(into, name, listed((into[name] as readonly string[] | undefined) ?? [], { ...operation, op, key }));
    case "texts":
    case "flags":
      if (key === undefined) throw refused(op, path);
      return put(into, name, withKey((into[name] as Members | undefined) ?? {}, { op, key, value }, type));
  }
}

function withKey(
  map: Members,
  { op, key, value }: { readonly op: string; readonly key: string; readonly value: string },
  type: "texts" | "flags",
): Members {
  const { [key]: _before, ...others } = map;
  return op === "remove" ? others : { ...others, [key]: read(value, type === "texts" ? "text" : "flag") };
}

/** "/a/b~1c" is a and b/c (RFC 6901). */
export function stepsOf(path: string): readonly string[] {
  return path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function read(value: string, type: "text" | "flag" | "number"): string | boolean | number {
  if (type === "text") return value;
  if (type === "flag") return value === "true";
  const number = Number(value);
  if (value === "" || !Number.isFinite(number))
    throw invalid(`Invalid patch value  specified for op 'replace'. Must be a number`);
  return number;
}

function listed(
  list: readonly string[],
  { op, key, value }: { readonly op: string; readonly key: string | undefined; readonly value?: string },
): readonly string[] {
  if (op === "remove") return list.filter((one) => one !== (key ?? value));
  if (op === "replace" && key !== undefined && value !== undefined)
    return list.map((one) => (one === key ? value : one));
  const added = key ?? value ?? "";
  return list.includes(added) ? list : [...list, added];
}

export function refused(op: string, path: string): ReturnType<typeof invalid> {
  return invalid(`Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`);
}
