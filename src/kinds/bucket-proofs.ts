/** What shows that each member of a Bucket has an effect; a part of proofs.ts. */
import type { TypeProofs } from "./core-proofs.ts";

export const bucketProofs: TypeProofs = {
  "dev.catamaran.v1.Bucket": {
    "src/kinds/catamaran/bucket.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.BucketSpec": {
    "src/kinds/catamaran/bucket.test.ts": "versioning cors",
    "src/aws/s3/service.test.ts": "tags",
    "src/aws/s3/notify.test.ts": "notifications tellsBus",
    "src/aws/s3/settings.test.ts": "lifecycle",
    "src/aws/s3/policy.test.ts": "policy publicAccess",
  },
  "dev.catamaran.v1.BucketPublicAccess": {
    "src/aws/s3/policy.test.ts": "blockAcls ignoreAcls blockPolicies restrictBuckets",
  },
  "dev.catamaran.v1.BucketNotification": {
    "src/aws/s3/notify.test.ts": "id target events prefix suffix",
  },
  "dev.catamaran.v1.BucketCorsRule": {
    "src/aws/s3/cross-origin.test.ts": "allowedOrigins allowedMethods allowedHeaders exposeHeaders maxAgeSeconds",
    "src/kinds/catamaran/bucket.test.ts": "id",
  },
  "dev.catamaran.v1.BucketLifecycleRule": {
    "src/managed/bucket/lifecycle.test.ts":
      "id enabled prefix tags largerThanBytes smallerThanBytes expireDays expireAt removeLoneMarkers noncurrentDays newerNoncurrentVersions abortUploadDays",
  },
};
