/** A process that is killed by tests/bucket-crash.test.ts: writes, replaces, puts together and removes objects, and says each only once it was answered. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { silent } from "#base/log.ts";
import { Tasks } from "#base/tasks.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import type { ObjectBytes } from "#managed/bucket/object-bytes.ts";
import { recoverPieces } from "#managed/bucket/pieces.ts";
import { Orders, type StoredObject, type Versioning } from "#managed/bucket/stored-object.ts";
import { StoredObjects } from "#managed/bucket/stored-objects.ts";
import { Uploads } from "#managed/bucket/uploads.ts";
import { ObjectFiles } from "#store/files/object-files.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";

export interface CrashedBucket extends AsyncDisposable {
  readonly objects: StoredObjects;
  readonly uploads: Uploads;
  readonly bytes: ObjectBytes;
}

/** The bucket in that folder, after what a restart does. */
export async function bucketIn(folder: string, versioning: Versioning): Promise<CrashedBucket> {
  const stack = new AsyncDisposableStack();
  const database = stack.use(SqliteDatabase.open(join(folder, "objects.db")));
  const bytes = stack.use(await ObjectFiles.open(join(folder, "objects")));
  const shared = { database, bytes, clock: realClock, random: realRandom, collection: "bucket" };
  const tasks = new Tasks(silent);
  const objects = new StoredObjects({
    ...shared,
    orders: new Orders(),
    tasks,
    versioning: () => versioning,
    announce: () => null,
  });
  stack.defer(() => tasks.ended());
  await recoverPieces(bytes, [objects.pieces]);
  const dispose = (): Promise<void> => stack.disposeAsync();
  return { objects, uploads: new Uploads(shared, objects), bytes, [Symbol.asyncDispose]: dispose };
}

/** What an object of that text holds; its ETag says which it should be. */
export async function* contentOf(text: string): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 4; piece++) yield await Promise.resolve(Buffer.alloc(5_000 + piece, text));
}

export async function etagOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of source) hash.update(chunk);
  return hash.digest("hex");
}

const LANES = 6;

// The full stop tells a whole line from a torn one.
function say(what: string, key: string, etag: string): void {
  process.stdout.write(`${what} ${key} ${etag} .\n`);
}

async function lane(bucket: CrashedBucket, name: string, life: string): Promise<never> {
  for (let n = 0; ; n++) {
    const key = `${name}/${n % 3}`;
    const text = `${name}/${life}/${n}/`;
    const etag = n % 4 === 3 ? "-" : await etagOf(contentOf(text));
    say("tries", key, etag);
    if (n % 4 === 3) await bucket.objects.remove(key);
    else if (n % 4 === 2) await putInParts(bucket, key, { text, etag });
    else await bucket.objects.put(key, { bytes: contentOf(text), describe: () => described(etag), how: "Put" });
    say("did", key, etag);
  }
}

const described = (etag: string): Pick<StoredObject, "etag" | "headers" | "metadata" | "tags"> => ({
  etag,
  headers: {},
  metadata: {},
  tags: {},
});

async function putInParts(
  { uploads }: CrashedBucket,
  key: string,
  { text, etag }: { readonly text: string; readonly etag: string },
): Promise<void> {
  const { etag: _etag, ...terms } = described(etag);
  const upload = await uploads.begin(key, {
    ...terms,
    checksum: { algorithm: "CRC32", of: "whole" },
    isChecksumAsked: false,
  });
  let number = 0;
  for await (const chunk of contentOf(text)) {
    const bytes = (async function* () {
      yield await Promise.resolve(chunk);
    })();
    await uploads.putPart(upload, ++number, { bytes, describe: () => ({ etag }) });
  }
  await uploads.complete(upload, (parts) => parts, { describe: () => described(etag) });
}

if (import.meta.main) {
  const [folder = "", life = "", versioning = "none"] = process.argv.slice(2);
  const bucket = await bucketIn(folder, versioning === "all" ? "all" : "none");
  await Promise.all(Array.from({ length: LANES }, (_, at) => lane(bucket, String(at), life)));
}
