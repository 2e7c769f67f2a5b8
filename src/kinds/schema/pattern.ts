/** Regular expressions of strangers: RE2's syntax as Go has it, matched in time linear in the text, bounded in size. */
import { RE2JS } from "re2js";

export interface Pattern {
  /** Whether the pattern occurs anywhere in the text; Go's MatchString. */
  readonly occursIn: (text: string) => boolean;
  /** Instructions of the compiled program: a match takes at most as many steps for each character. */
  readonly size: number;
}

// A pattern of 4,096 characters compiles in a few milliseconds; the longest in the definitions of well-known operators has 600.
const MAX_CHARACTERS = 4_096;
// Repetition multiplies: a{1000} is a thousand instructions. Go stops at 1,000 repeats, this at what they come to.
const MAX_INSTRUCTIONS = 5_000;

/** Null for what is no regular expression, or one that is too large. */
export function compilePattern(source: string): Pattern | null {
  if (source.length > MAX_CHARACTERS) return null;
  try {
    const compiled = RE2JS.compile(source);
    const size = compiled.programSize();
    return size > MAX_INSTRUCTIONS ? null : { size, occursIn: (text) => compiled.test(text) };
  } catch {
    return null; // the parser's complaint: whoever writes the definition is told that it is no pattern
  }
}
