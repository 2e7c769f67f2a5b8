/** Sets of completion indexes as a Job's status writes them: "0,3-5" (upstream's orderedIntervals). Pure. */

interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Ascending, without overlap and without neighbours that touch. */
export type Indexes = readonly Interval[];

const TERM = /^(\d{1,10})(?:-(\d{1,10}))?$/;

/** Null for what is not ascending or not below `completions`. */
export function parseIndexes(text: string, completions: number): Indexes | null {
  if (text === "") return [];
  const found: Interval[] = [];
  for (const term of text.split(",")) {
    const [, first, last = first] = TERM.exec(term) ?? [];
    const interval = { first: Number(first), last: Number(last) };
    const isAscending = interval.first > (found.at(-1)?.last ?? -1) && interval.last >= interval.first;
    if (first === undefined || !isAscending || interval.last >= completions) return null;
    found.push(interval);
  }
  return joined(found);
}

export function formatIndexes(indexes: Indexes): string {
  return indexes.map(({ first, last }) => termOf(first, last)).join(",");
}

function termOf(first: number, last: number): string {
  if (first === last) return String(first);
  return `${first}${last === first + 1 ? "," : "-"}${last}`;
}

export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function withIndexes(indexes: Indexes, more: Iterable<number>): Indexes {
  const added = [...more].map((index) => ({ first: index, last: index }));
  return joined([...indexes, ...added].toSorted((a, b) => a.first - b.first));
}

/** Every index that is in one of them. */
export function joinedIndexes(a: Indexes, b: Indexes): Indexes {
  return joined([...a, ...b].toSorted((one, other) => one.first - other.first));
}

function joined(ascending: readonly Interval[]): Indexes {
  const found: Interval[] = [];
  for (const next of ascending) {
    const before = found.at(-1);
    if (before === undefined || next.first > before.last + 1) found.push(next);
    else found[found.length - 1] = { first: before.first, last: Math.max(before.last, next.last) };
  }
  return found;
}

/** How many indexes are in both. */
export function countCommon(a: Indexes, b: Indexes): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [one, other] = [a[i] as Interval, b[j] as Interval];
    count += Math.max(0, Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1);
    if (one.last < other.last) i++;
    else j++;
  }
  return count;
}

/** The lowest `count` indexes below `completions` that are not in the set. */
export function firstMissing(indexes: Indexes, count: number, completions: number): readonly number[] {
  const found: number[] = [];
  let next = 0;
  for (const { first, last } of [...indexes, { first: completions, last: completions }]) {
    for (; next < first && found.length < count; next++) found.push(next);
    next = last + 1;
  }
  return found;
}
