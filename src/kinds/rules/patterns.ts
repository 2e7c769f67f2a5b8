/** What is wrong with a text that should be an event pattern. */
import { reasonOf } from "#base/fault.ts";
import { type PatternLimits, readPattern } from "#base/pattern/pattern.ts";

export function patternFault(text: string, limits?: PatternLimits): string | null {
  try {
    readPattern(text, limits);
    return null;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}
