/** What is wrong with a text that should be an event pattern. */
import { reasonOf } from "#base/fault.ts";
import { readPattern } from "#base/pattern/pattern.ts";

export function patternFault(text: string): string | null {
  try {
    readPattern(text);
    return null;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}
