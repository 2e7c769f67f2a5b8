/** What became of a batch that a function was run with: which messages are done. Pure. */
import { decodeUtf8 } from "#base/utf8.ts";
import type { InvokeResult } from "#functions/invocation.ts";

export type Outcome = { readonly is: "done"; readonly failedIds: ReadonlySet<string> } | { readonly is: "failed" };

/**
 * Without reports a batch is done or failed as a whole. With them the answer may name what failed:
 * {"batchItemFailures": [{"itemIdentifier": ID}]}; an answer of another form, or an id that was not in the batch, fails all
 * (Lambda Developer Guide, "Implementing partial batch responses").
 */
export function outcomeOf(result: InvokeResult, ids: ReadonlySet<string>, reportsFailures: boolean): Outcome {
  if (result.functionError !== undefined) return { is: "failed" };
  if (!reportsFailures) return { is: "done", failedIds: new Set() };
  const failed = failedIn(decodeUtf8(result.payload));
  if (failed === null || failed.some((id) => !ids.has(id))) return { is: "failed" };
  return { is: "done", failedIds: new Set(failed) };
}

/** Null for an answer that names something else than a list of ids. */
function failedIn(payload: string): readonly string[] | null {
  let answer: unknown;
  try {
    answer = payload === "" ? null : JSON.parse(payload);
  } catch {
    return null;
  }
  if (answer === null) return [];
  if (typeof answer !== "object" || Array.isArray(answer)) return null;
  const { batchItemFailures: items } = answer as { readonly batchItemFailures?: unknown };
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) return null;
  const ids = items.map((item: unknown) => (item as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier);
  return ids.every((id): id is string => typeof id === "string" && id !== "") ? ids : null;
}
