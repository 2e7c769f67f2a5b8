/** What must hold before a function is changed or published: that nothing is under way, and that the caller has seen what is newest. */
import { isUpdating } from "#functions/lifecycle.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { revisionId } from "./configuration.ts";
import { arnOf, failure, staleRevision } from "./names.ts";

/** One update at a time, and only of what the caller has seen (Lambda API Reference, RevisionId). */
export function checkUpdate(account: AccountFunctions, live: FunctionObject, expected: string | undefined): void {
  if (expected !== undefined && expected !== revisionId(live)) throw staleRevision();
  if (live.status?.state !== undefined && live.status.state !== "Pending" && isUpdating(live))
    throw failure(
      "ResourceConflictException",
      `The operation cannot be performed at this time. An update is in progress for resource: ${arnOf(account, live.metadata.name)}`,
    );
}
