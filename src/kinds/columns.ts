/** Columns that many kinds print alike. */
import type { LabelSelector } from "#base/selector.ts";
import { ageOf } from "./age.ts";
import type { Column } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { Container } from "#kinds/core/pod-spec.ts";

export const NONE = "<none>";

export const ageColumn: Column<KubeObject> = {
  name: "Age",
  type: "string",
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
};

/** What the API server prints for kinds without columns of their own. */
export const createdAtColumn: Column<KubeObject> = {
  name: "Created At",
  type: "date",
  cell: (object) => object.metadata.creationTimestamp ?? null,
};

export function text<T>(name: string, cell: (object: T, now: number) => string): Column<T> {
  return { name, type: "string", cell };
}

export function integer<T>(name: string, cell: (object: T) => number): Column<T> {
  return { name, type: "integer", cell };
}

/** Only with -o wide. */
export function wide<T>(name: string, cell: (object: T, now: number) => string): Column<T> {
  return { name, type: "string", priority: 1, cell };
}

/** The wide columns of everything that has a pod template. */
export function templateColumns<T>(
  read: (object: T) => { readonly containers: readonly Container[]; readonly selector: LabelSelector | undefined },
): readonly Column<T>[] {
  const join = (object: T, part: "name" | "image"): string =>
    read(object)
      .containers.map((container) => container[part] ?? "")
      .join(",");
  return [
    wide("Containers", (object) => join(object, "name")),
    wide("Images", (object) => join(object, "image")),
    wide("Selector", (object) => formatSelector(read(object).selector)),
  ];
}

/** The text form of a label selector: "app=web,tier in (a,b),!old"; "<none>" when it selects everything. */
export function formatSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) return NONE;
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, term: `${key}=${value}` }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    term: termOf(key, operator, values),
  }));
  const terms = [...labels, ...expressions].toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return terms.length === 0 ? NONE : terms.map(({ term }) => term).join(",");
}

function termOf(key: string, operator: string, values: readonly string[]): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  return `${key} ${operator === "In" ? "in" : "notin"} (${values.toSorted().join(",")})`;
}

/** The text form of a plain label map. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return terms.length === 0 ? NONE : terms.toSorted().join(",");
}
