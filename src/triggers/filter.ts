/** Which messages a mapping wants (Lambda Developer Guide, "Control which events Lambda sends to your function"). Pure. */
import { isJsonObject, parseJson, type Json } from "#base/json.ts";
import { readPattern } from "#base/pattern/pattern.ts";

export type Filter = (record: Json) => boolean;

/** One pattern is enough; without any everything is wanted. Fault: BadRequest for a text that is no pattern. */
export function filterOf(patterns: readonly string[] = []): Filter {
  if (patterns.length === 0) return () => true;
  const read = patterns.map((text) => readPattern(text));
  return (record) => {
    const seen = withBody(record);
    return isJsonObject(seen) && read.some((pattern) => pattern.matches(seen));
  };
}

/** A body that is JSON is seen as that, any other as text. */
function withBody(record: Json): Json {
  if (!isJsonObject(record) || typeof record["body"] !== "string") return record;
  return { ...record, body: jsonOr(record["body"]) };
}

function jsonOr(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    // No JSON: then the text itself is what a pattern can name.
    return text;
  }
}
