/** The S3 door with a bucket behind it, asked by lines: "PUT /docs/key?tagging". For tests only. */
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { Objects } from "#deck/objects.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { FakeClock } from "#deck/fake-clock.ts";
import type { Journal } from "#deck/journal.ts";
import { Buckets } from "#managed/bucket/buckets.ts";
import type { ObjectBytes } from "#managed/bucket/object-bytes.ts";
import type { Push, Pushes } from "#managed/push.ts";
import type { Database } from "#managed/database.ts";
import { type BareAnswer, type BareRequest, openBareDoor } from "../bare-door.ts";
import { sampleIdentities } from "../sample-identities.ts";
import { notifier } from "./notify.ts";
import { s3Service } from "./service.ts";

/** Both end with the door. */
export interface Memory {
  readonly journal: Journal;
  readonly database: Database;
  readonly bytes: ObjectBytes;
}

export interface BucketDoor extends AsyncDisposable {
  readonly buckets: Buckets;
  readonly objects: Objects;
  /** What was handed on. */
  readonly told: readonly Push[];
  /** Of the buckets; the door has one of its own. */
  readonly clock: FakeClock;
  readonly port: number;
  readonly ask: (line: string, options?: Partial<BareRequest>) => Promise<BareAnswer>;
}

/** There is a bucket "docs" already. */
export async function openBucketDoor({ journal, database, bytes }: Memory): Promise<BucketDoor> {
  const parts = new AsyncDisposableStack();
  const { deck, clock } = await openSampleDeck(parts.use(journal));
  parts.use(deck);
  parts.use(database);
  parts.use(bytes);
  const [random, log, objects] = [seededRandom(7), silent, deck.objects("aws")];
  const place = { accountId: "000000000000", region: "us-east-1", namespace: "default" };
  const told: Push[] = [];
  const pushes: Pushes = {
    accept: async (all) => void told.push(...all),
    prepare: (all) => ({ rows: [], start: () => void told.push(...all) }),
  };
  const announce = notifier(place, pushes);
  const buckets = parts.use(await Buckets.open({ objects, database, bytes, clock, random, log, announce }));
  const service = s3Service({ ...place, buckets, pushes });
  const { rights } = await sampleIdentities({ objects, database });
  rights.use([service]);
  const door = parts.use(await openBareDoor([service], rights));
  const ask: BucketDoor["ask"] = (line, options = {}) => {
    const [method = "", url = ""] = line.split(" ");
    const [path = "", query = ""] = url.split("?");
    return door.ask({ service: "s3", method, path, query, ...options });
  };
  await ask("PUT /docs");
  return { buckets, objects, told, clock, port: door.port, ask, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** "404 NoSuchKey"; of success "200 ". */
export function outcomeOf({ status, body }: BareAnswer): string {
  return `${status} ${/<Code>(\w+)<\/Code>/.exec(body.toString())?.[1] ?? ""}`;
}

/** What stands in all elements of a name that have no others inside. */
export function elementsOf({ body }: BareAnswer, name: string): readonly string[] {
  return [...body.toString().matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, inner = ""]) => inner);
}
