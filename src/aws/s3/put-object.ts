/** PutObject: bytes from the request into the bucket, counted and compared on their way. */
import { type Action, action } from "../action.ts";
import { claimedIn, checksumMembers, Counted, provenFacts } from "./checksums.ts";
import { checkWrite } from "./conditions.ts";
import { model } from "./model.gen.ts";
import { checkLength, headKept, tagsOf } from "./object-head.ts";
import {
  CUSTOMER_KEYS,
  GRANTS,
  LOCKS,
  OPEN_ACLS,
  OTHER_CHECKSUMS,
  OTHER_ENCRYPTION,
  PAYER,
  SLOW_STORAGE,
} from "./unserved.ts";
import { bucketOf, type BucketWorld, checkKey, ENCRYPTED, objectArn, originOf, writtenVersion } from "./world.ts";

/** Amazon S3 User Guide, "Uploading objects": 5 GB in a single operation. */
export const MAX_PUT_BYTES: number = 5 * 1024 ** 3;

export const putObject: Action<BucketWorld> = action(model, "PutObject", {
  maxBodyBytes: MAX_PUT_BYTES,
  serves: [
    "ACL",
    "Body",
    "Bucket",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentLength",
    "ContentMD5",
    "ContentType",
    "ChecksumAlgorithm",
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
    "ChecksumSHA512",
    "ChecksumMD5",
    "Expires",
    "IfMatch",
    "IfNoneMatch",
    "Key",
    "Metadata",
    "ServerSideEncryption",
    "StorageClass",
    "Tagging",
    "WebsiteRedirectLocation",
    "ExpectedBucketOwner",
  ],
  unserved: {
    ...GRANTS,
    ...OPEN_ACLS,
    "ACL=aws-exec-read": "access is given by policies; leave it out",
    ...CUSTOMER_KEYS,
    ...OTHER_ENCRYPTION,
    ...OTHER_CHECKSUMS,
    ...SLOW_STORAGE,
    ...LOCKS,
    ...PAYER,
    WriteOffsetBytes: "objects are written whole; leave it out",
  },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input, call) => {
    const bucket = await bucketOf(world, input);
    const { Key: key, Body: body } = input;
    checkKey(key);
    checkLength(input, call.headers);
    const [claimed, kept, tags] = [claimedIn(input, call.headers), headKept(input), tagsOf(input.Tagging)];
    const counted = new Counted(streamOf(body), claimed?.algorithm);
    const object = await world.buckets.contentsOf(bucket).objects.put(key, {
      bytes: counted,
      describe: () => ({
        ...provenFacts(counted, claimed, { md5: input.ContentMD5, trailers: call.trailers }),
        ...kept,
        tags,
      }),
      allow: (current) => checkWrite(current, input),
      how: "Put",
      by: originOf(call),
    });
    return {
      ETag: `"${object.etag}"`,
      ...checksumMembers(object.checksum),
      ...ENCRYPTED,
      ...writtenVersion(bucket, object.version),
    };
  },
});

/** The door hands it on as it comes. */
export function streamOf(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): AsyncIterable<Uint8Array> {
  if (body !== undefined && Symbol.asyncIterator in body) return body;
  return (async function* () {
    if (body !== undefined) yield await Promise.resolve(body);
  })();
}
