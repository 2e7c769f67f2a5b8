/** The part of the control process that keeps buckets, with their service of the AWS door. */
import type { Service } from "#aws/action.ts";
import { notifier } from "#aws/s3/notify.ts";
import { s3Service } from "#aws/s3/service.ts";
import type { Deck } from "#deck/deck.ts";
import { startKeeper } from "#deck/loop.ts";
import { files } from "#instance/files.ts";
import { Buckets } from "#managed/bucket/buckets.ts";
import { bucketKeeper } from "#managed/bucket/keep-buckets.ts";
import type { Database } from "#managed/database.ts";
import type { Pushes } from "#managed/push.ts";
import { ObjectFiles } from "#store/files/object-files.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";

interface Needs {
  readonly deck: Deck;
  readonly database: Database;
  readonly outbox: Pushes;
}

export interface BucketEngine {
  readonly buckets: Buckets;
  readonly bucketService: Service;
}

export const bucketEngine: Part<RoleBasis & Needs, BucketEngine> = {
  name: "buckets",
  start: async ({ instance, clock, random, log, deck, database, outbox }, stack) => {
    const { accountId, region } = instance;
    const place = { accountId, region, namespace: "default" };
    const objects = deck.objects("catamaran-buckets");
    const bytes = stack.use(await ObjectFiles.open(files.objects(instance)));
    const announce = notifier(place, outbox);
    const buckets = stack.use(await Buckets.open({ objects, database, bytes, clock, random, log, announce }));
    stack.use(startKeeper(bucketKeeper({ objects, buckets, clock }), objects, { clock, log }));
    return { buckets, bucketService: s3Service({ ...place, buckets, pushes: outbox }) };
  },
};
