/** What all batches have in common: ten entries, each with a name of its own, each answered for itself. */
import { AwsError } from "../aws-error.ts";
import { failure } from "./world.ts";

interface Entry {
  readonly Id: string;
}

interface Failed {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message?: string;
}

const MAX_ENTRIES = 10;
const ID = /^[A-Za-z0-9_-]{1,80}$/;

/** AwsError: EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct. */
export function checkEntries(entries: readonly Entry[], shape: string): void {
  if (entries.length === 0) throw failure("EmptyBatchRequest", `There should be at least one ${shape} in the request.`);
  if (entries.length > MAX_ENTRIES)
    throw failure(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  const seen = new Set<string>();
  for (const { Id: id } of entries) {
    if (!ID.test(id))
      throw failure(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    if (seen.has(id)) throw failure("BatchEntryIdsNotDistinct", `Id ${id} repeated.`);
    seen.add(id);
  }
}

/** Runs each entry; an error of SQS becomes that entry's own, anything else ends the request. */
export async function eachEntry<E extends Entry, R>(
  entries: readonly E[],
  run: (entry: E) => Promise<R>,
): Promise<{ readonly Successful: readonly R[]; readonly Failed: readonly Failed[] }> {
  const answers = await Promise.all(entries.map((entry) => run(entry).then((done) => ({ done }), failedEntry(entry))));
  return {
    Successful: answers.flatMap((answer) => ("done" in answer ? [answer.done] : [])),
    Failed: answers.flatMap((answer) => ("failed" in answer ? [answer.failed] : [])),
  };
}

function failedEntry({ Id }: Entry): (thrown: unknown) => { readonly failed: Failed } {
  return (thrown) => {
    if (!(thrown instanceof AwsError)) throw thrown;
    return { failed: { Id, SenderFault: thrown.status < 500, Code: thrown.code, Message: thrown.message } };
  };
}
