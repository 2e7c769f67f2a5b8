/** Which objects of a kind are meant: namespace, labels and fields, compiled into one test. */
import { draft, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { matches, type Selector } from "#base/selector.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Stored } from "./stored.ts";

export interface Selection {
  /** Absent or empty means all namespaces. */
  readonly namespace?: string;
  readonly labels?: Selector;
  readonly fields?: Selector;
}

/**
 * A test of objects as they are stored, by the fields of the version that is asked for. Null when every object matches,
 * so that nothing needs to be parsed. Throws BadRequest on an unknown field.
 */
export function compileSelection(
  kind: Kind,
  { labels = [], fields = [] }: Selection,
): ((stored: Stored) => boolean) | null {
  if (labels.length === 0 && fields.length === 0) return null;
  const readers = fields.map(({ key }) => [key, fieldReader(kind, key)] as const);
  return (stored) => {
    if (labels.length > 0 && !matches(labels, stored.labels)) return false;
    if (readers.length === 0) return true;
    const values = draft<string>();
    for (const [key, read] of readers) put(values, key, read(stored.lean));
    return matches(fields, values);
  };
}

function fieldReader(kind: Kind, path: string): (object: KubeObject) => string {
  if (path === "metadata.name") return (object) => object.metadata.name;
  if (path === "metadata.namespace") return (object) => object.metadata.namespace ?? "";
  const reader = kind.selectableFields?.[path];
  if (reader === undefined) throw new Fault("BadRequest", `field label not supported: ${path}`);
  const { storedAs } = kind;
  return storedAs === undefined ? reader : (object) => reader(storedAs.fromStored(object));
}

/** The one name that a field selector asks for, if it does: such a list is a single read. */
export function nameAsked({ fields = [] }: Selection): string | null {
  for (const requirement of fields) {
    if (requirement.key === "metadata.name" && requirement.operator === "In" && requirement.values.length === 1)
      return requirement.values[0] ?? null;
  }
  return null;
}
