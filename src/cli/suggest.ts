/** "did you mean": the nearest known word to one that is not known. Pure. */

const FARTHEST = 3; // Edits; beyond that it is another word.

export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(word, candidate) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = near;
  const beginning = known.find((candidate) => word.length > 1 && candidate.startsWith(word));
  if (beginning !== undefined) return beginning;
  return best !== undefined && best.distance <= Math.min(FARTHEST, Math.max(1, word.length - 1))
    ? best.candidate
    : undefined;
}

/** Insertions, deletions, replacements and swapped neighbours. */
function distanceOf(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_unused, i) =>
    Array.from({ length: b.length + 1 }, (_none, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => table[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      const row = table[i];
      if (row !== undefined) row[j] = Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1);
    }
  }
  return at(a.length, b.length);
}
