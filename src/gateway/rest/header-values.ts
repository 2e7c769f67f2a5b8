/** Headers whose names stand as the client wrote them, found whatever their case. Pure. */

/** Whatever the case of its name. */
export function headerValues(
  headers: ReadonlyMap<string, readonly string[]>,
  name: string,
): readonly string[] | undefined {
  const wanted = name.toLowerCase();
  for (const [known, values] of headers) if (known.toLowerCase() === wanted) return values;
  return undefined;
}
