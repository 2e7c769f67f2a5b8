/** Carries a bucket's lifecycle rules out: walks over all that is in it, page by page, and does what lifecycle.ts says. */
import type { BucketLifecycleRule } from "#kinds/catamaran/bucket.ts";
import type { Contents } from "./buckets.ts";
import { isUploadOver, type Standing, verdictOf } from "./lifecycle.ts";
import type { ListedVersion, Page, Place } from "./listing.ts";

const PAGE = 500;

export async function expire(
  { objects, uploads }: Contents,
  rules: readonly BucketLifecycleRule[],
  now: number,
): Promise<void> {
  const all = { prefix: "", delimiter: "", most: PAGE };
  for await (const key of keysIn((after) => objects.listVersions({ ...all, ...(after && { after }) })))
    for (const standing of standingsOf(key)) {
      const verdict = verdictOf(rules, standing, now);
      if (verdict === null) continue;
      const { key: name, version, order } = standing.version;
      const why = "LifecycleExpiration";
      // What was written since the look is younger than any rule.
      if (verdict === "remove") await objects.remove(name, { version, why });
      else if ((await objects.find(name))?.order === order) await objects.remove(name, { why });
    }
  let after: Place | undefined;
  do {
    const page = await uploads.list({ ...all, ...(after && { after }) });
    for (const upload of page.entries)
      // Whoever completes it at the same moment was in time.
      if (isUploadOver(rules, upload, now)) await uploads.abort(upload).catch(() => {});
    after = page.next;
  } while (after !== undefined);
}

/** The versions of one key after the other, however pages cut them. */
async function* keysIn(
  list: (after: Place | undefined) => Promise<Page<ListedVersion>>,
): AsyncGenerator<readonly ListedVersion[]> {
  let held: ListedVersion[] = [];
  let after: Place | undefined;
  do {
    const page = await list(after);
    for (const listed of page.entries) {
      if (held.length > 0 && held[0]?.version.key !== listed.version.key) {
        yield held;
        held = [];
      }
      held.push(listed);
    }
    after = page.next;
  } while (after !== undefined);
  if (held.length > 0) yield held;
}

function standingsOf(versions: readonly ListedVersion[]): readonly Standing[] {
  return versions.map(({ version, isNewest }, at) => ({
    version,
    isNewest,
    noncurrentSinceMs: versions[at - 1]?.version.modifiedAtMs ?? version.modifiedAtMs,
    newerNoncurrent: Math.max(at - 1, 0),
    isAlone: versions.length === 1,
  }));
}
