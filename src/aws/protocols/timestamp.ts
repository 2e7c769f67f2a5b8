/** Timestamps on the wire in AWS's three formats, and as wall time in ms inside (Smithy, "timestampFormat trait"). */
import type { TimestampFormat } from "../model.ts";

/** ISO 8601 with milliseconds where there are some, an HTTP date, or seconds as text. */
export function timestampText(ms: number, format: TimestampFormat): string {
  switch (format) {
    case "iso8601":
      return new Date(ms).toISOString().replace(".000Z", "Z");
    case "rfc822":
      return httpDate(ms);
    case "unixTimestamp":
      return String(ms / 1_000);
  }
}

/** Null: the text is no timestamp of this format. */
export function timestampOf(text: string, format: TimestampFormat): number | null {
  const ms = format === "unixTimestamp" ? secondsOf(text) : Date.parse(text);
  return Number.isFinite(ms) && PATTERNS[format].test(text) ? ms : null;
}

// Date.parse reads much more than that.
const PATTERNS: Readonly<Record<TimestampFormat, RegExp>> = {
  iso8601: /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/,
  rfc822: /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(\.\d{1,9})? GMT$/,
  unixTimestamp: /^-?\d{1,15}(\.\d{1,9})?$/,
};

function secondsOf(text: string): number {
  return Math.round(Number(text) * 1_000);
}

/** RFC 9110 5.6.7, with the fraction that Smithy allows it. */
function httpDate(ms: number): string {
  const text = new Date(ms).toUTCString();
  const fraction = ms % 1_000;
  return fraction === 0 ? text : text.replace(" GMT", `.${String(fraction).padStart(3, "0").replace(/0+$/, "")} GMT`);
}
