/** An element that is known to be there. */

/** Throws a RangeError when it is not: then the index was wrong. */
export function elementAt<T>(list: readonly T[], at: number): T {
  const element = list[at];
  if (element === undefined) throw new RangeError(`no element ${at} in a list of ${list.length}`);
  return element;
}
