/** Filter patterns of plain terms (CloudWatch Logs User Guide, "Filter pattern syntax"). Pure. */
import { failure } from "./account-logs.ts";

interface Term {
  readonly sign: "" | "-" | "?";
  readonly text: string;
}

/** All plain terms must occur and no -term may; of ?terms one must. "Quoted text" is one term. Other kinds of patterns are refused. */
export function filterOf(pattern: string): (text: string) => boolean {
  const trimmed = pattern.trim();
  if (trimmed === "") return () => true;
  if (/^[[{%]/.test(trimmed))
    throw failure(
      "InvalidParameterException",
      "filterPattern: JSON, space-delimited and regular expression patterns are not supported by Catamaran; use plain terms",
    );
  const terms = termsOf(trimmed);
  const required = terms.filter(({ sign }) => sign === "");
  const excluded = terms.filter(({ sign }) => sign === "-");
  const optional = terms.filter(({ sign }) => sign === "?");
  return (line) =>
    required.every(({ text }) => line.includes(text)) &&
    !excluded.some(({ text }) => line.includes(text)) &&
    (optional.length === 0 || optional.some(({ text }) => line.includes(text)));
}

function termsOf(pattern: string): readonly Term[] {
  const terms: Term[] = [];
  for (const [, sign = "", quoted, word = ""] of pattern.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    // User Guide: terms that have other characters than letters, digits and underscores must stand in quotes.
    if (quoted === undefined && /["{}[\]%]/.test(word))
      throw failure("InvalidParameterException", `Invalid filter pattern: the term ${word} must be in double quotes`);
    terms.push({ sign: sign as Term["sign"], text: quoted === undefined ? word : quoted.replace(/\\(.)/g, "$1") });
  }
  return terms;
}
