/** Objects that come in parts: CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload. */
import { Fault } from "#base/fault.ts";
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import type { Contents } from "#managed/bucket/buckets.ts";
import type { Part, StoredObject, Upload } from "#managed/bucket/stored-object.ts";
import { type Action, action, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type Algorithm, algorithmNamed, checksumMembers, claimedIn, Counted, provenFacts } from "./checksums.ts";
import { chosenParts, partsFacts, uploadChecksum } from "./complete-upload.ts";
import { checkWrite, wholeSecond } from "./conditions.ts";
import { copySource, readNeed } from "./copy-object.ts";
import { type CompleteMultipartUploadOutput, model } from "./model.gen.ts";
import { checkLength, headKept, tagsOf } from "./object-head.ts";
import { MAX_PUT_BYTES, streamOf } from "./put-object.ts";
import {
  CUSTOMER_KEYS,
  GRANTS,
  LOCKS,
  OPEN_ACLS,
  OTHER_CHECKSUMS,
  OTHER_ENCRYPTION,
  PAYER,
  SLOW_STORAGE,
  SOURCE_KEYS,
} from "./unserved.ts";
import {
  bucketOf,
  type BucketWorld,
  checkKey,
  ENCRYPTED,
  invalidArgument,
  objectArn,
  originOf,
  writtenVersion,
} from "./world.ts";

/** Amazon S3 User Guide, "Multipart upload limits". */
const MAX_PART_NUMBER = 10_000;

export const createMultipartUpload: Action<BucketWorld> = action(model, "CreateMultipartUpload", {
  permission: "PutObject",
  serves: [
    "ACL",
    "Bucket",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Key",
    "Metadata",
    "ServerSideEncryption",
    "StorageClass",
    "WebsiteRedirectLocation",
    "Tagging",
    "ExpectedBucketOwner",
    "ChecksumAlgorithm",
    "ChecksumType",
  ],
  unserved: {
    ...GRANTS,
    ...OPEN_ACLS,
    "ACL=aws-exec-read": "access is given by policies; leave it out",
    ...CUSTOMER_KEYS,
    ...OTHER_ENCRYPTION,
    ...SLOW_STORAGE,
    ...LOCKS,
    ...PAYER,
  },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    checkKey(input.Key);
    const checksum = uploadChecksum(input);
    const upload = await world.buckets.contentsOf(bucket).uploads.begin(input.Key, {
      ...headKept(input),
      tags: tagsOf(input.Tagging),
      checksum,
      isChecksumAsked: input.ChecksumAlgorithm !== undefined,
    });
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: upload.id,
      ...ENCRYPTED,
      ...(upload.isChecksumAsked && checksumTerms(upload)),
    };
  },
});

/** What a list says of the checksum of an upload. */
export function checksumTerms({ checksum }: Upload): {
  readonly ChecksumAlgorithm: Algorithm;
  readonly ChecksumType: "FULL_OBJECT" | "COMPOSITE";
} {
  return {
    ChecksumAlgorithm: algorithmNamed(checksum.algorithm),
    ChecksumType: checksum.of === "whole" ? "FULL_OBJECT" : "COMPOSITE",
  };
}

interface UploadInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
  readonly ExpectedBucketOwner?: string;
}

export interface FoundUpload {
  readonly bucket: Bucket;
  readonly contents: Contents;
  readonly upload: Upload;
}

/** AwsError: NoSuchBucket, NoSuchUpload. */
export async function uploadOf(world: BucketWorld, input: UploadInput): Promise<FoundUpload> {
  const bucket = await bucketOf(world, input);
  const contents = world.buckets.contentsOf(bucket);
  const upload = await contents.uploads.find(input.Key, input.UploadId);
  if (upload === null) throw noSuchUpload();
  return { bucket, contents, upload };
}

function noSuchUpload(): AwsError {
  return new AwsError(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  );
}

async function whileThere<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw thrown instanceof Fault && thrown.code === "NotFound" ? noSuchUpload() : thrown;
  }
}

function checkNumber(number: number): void {
  if (number < 1 || number > MAX_PART_NUMBER)
    throw invalidArgument(`Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`);
}

export const uploadPart: Action<BucketWorld> = action(model, "UploadPart", {
  permission: "PutObject",
  maxBodyBytes: MAX_PUT_BYTES,
  serves: [
    "Body",
    "Bucket",
    "ContentLength",
    "ContentMD5",
    "ChecksumAlgorithm",
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
    "ChecksumSHA512",
    "ChecksumMD5",
    "Key",
    "PartNumber",
    "UploadId",
    "ExpectedBucketOwner",
  ],
  unserved: { ...CUSTOMER_KEYS, ...OTHER_CHECKSUMS, ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input, call) => {
    checkNumber(input.PartNumber);
    checkLength(input, call.headers);
    const { contents, upload } = await uploadOf(world, input);
    const claimed = claimedIn(input, call.headers);
    const wanted = algorithmNamed(upload.checksum.algorithm);
    if (claimed !== null && upload.isChecksumAsked && claimed.algorithm !== wanted)
      throw new AwsError(
        "InvalidRequest",
        400,
        `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, actual checksum Type: ${claimed.algorithm.toLowerCase()}`,
      );
    const counted = new Counted(streamOf(input.Body), wanted, claimed?.algorithm);
    const part = await whileThere(
      contents.uploads.putPart(upload, input.PartNumber, {
        bytes: counted,
        describe: () => provenFacts(counted, claimed, { md5: input.ContentMD5, trailers: call.trailers }),
      }),
    );
    return { ETag: `"${part.etag}"`, ...partChecksum(upload, part), ...ENCRYPTED };
  },
});

/** Of an upload that is to have one. */
export function partChecksum(upload: Upload, part: Part): ReturnType<typeof checksumMembers> {
  if (!upload.isChecksumAsked) return {};
  const { ChecksumType: _type, ...members } = checksumMembers(part.checksum);
  return members;
}

export const uploadPartCopy: Action<BucketWorld> = action(model, "UploadPartCopy", {
  permission: "PutObject",
  serves: [
    "Bucket",
    "CopySource",
    "CopySourceIfMatch",
    "CopySourceIfModifiedSince",
    "CopySourceIfNoneMatch",
    "CopySourceIfUnmodifiedSince",
    "CopySourceRange",
    "Key",
    "PartNumber",
    "UploadId",
    "ExpectedBucketOwner",
    "ExpectedSourceBucketOwner",
  ],
  unserved: { ...CUSTOMER_KEYS, ...SOURCE_KEYS, ...PAYER },
  resources: (input) => [objectArn(input)],
  alsoNeeds: ({ CopySource }) => [readNeed(CopySource)],
  run: async (world: BucketWorld, input) => {
    checkNumber(input.PartNumber);
    const { contents, upload } = await uploadOf(world, input);
    const source = await copySource(world, input);
    const range = copiedRange(input.CopySourceRange, source.object.size);
    const counted = new Counted(
      source.contents.objects.read(source.object, range),
      algorithmNamed(upload.checksum.algorithm),
    );
    const part = await whileThere(
      contents.uploads.putPart(upload, input.PartNumber, {
        bytes: counted,
        describe: () => provenFacts(counted, null, { md5: undefined, trailers: undefined }),
      }),
    );
    const isVersioned = source.bucket.spec.versioning !== undefined;
    return {
      CopyPartResult: {
        ETag: `"${part.etag}"`,
        LastModified: wholeSecond(part.modifiedAtMs),
        ...partChecksum(upload, part),
      },
      ...ENCRYPTED,
      ...(isVersioned && { CopySourceVersionId: source.object.version }),
    };
  },
});

/** Unlike Range, it must be within the source (API Reference, x-amz-copy-source-range). */
function copiedRange(text: string | undefined, size: number): { readonly from: number; readonly to: number } {
  if (text === undefined) return { from: 0, to: size };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last) + 1];
  if (first === undefined || from >= to)
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  if (to > size) throw invalidArgument(`Range specified is not valid for source object of size: ${size}`);
  return { from, to };
}

// 10,000 parts, each with its checksum.
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export const completeMultipartUpload: Action<BucketWorld> = action(model, "CompleteMultipartUpload", {
  permission: "PutObject",
  maxBodyBytes: MAX_BODY_BYTES,
  serves: [
    "Bucket",
    "Key",
    "MultipartUpload.Parts.ETag",
    "MultipartUpload.Parts.ChecksumCRC32",
    "MultipartUpload.Parts.ChecksumCRC32C",
    "MultipartUpload.Parts.ChecksumCRC64NVME",
    "MultipartUpload.Parts.ChecksumSHA1",
    "MultipartUpload.Parts.ChecksumSHA256",
    "MultipartUpload.Parts.ChecksumSHA512",
    "MultipartUpload.Parts.ChecksumMD5",
    "MultipartUpload.Parts.PartNumber",
    "UploadId",
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
    "ChecksumSHA512",
    "ChecksumMD5",
    "ChecksumType",
    "MpuObjectSize",
    "ExpectedBucketOwner",
    "IfMatch",
    "IfNoneMatch",
  ],
  unserved: {
    "MultipartUpload.Parts.ChecksumXXHASH64": "say CRC64NVME",
    "MultipartUpload.Parts.ChecksumXXHASH3": "say CRC64NVME",
    "MultipartUpload.Parts.ChecksumXXHASH128": "say CRC64NVME",
    ...OTHER_CHECKSUMS,
    ...CUSTOMER_KEYS,
    ...PAYER,
  },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input, call) => {
    const done = await completed(world, input);
    if (done !== null) return answerOf(input, call, done);
    const { bucket, contents, upload } = await uploadOf(world, input);
    const object = await whileThere(
      contents.uploads.complete(upload, (parts) => chosenParts(upload, parts, input.MultipartUpload?.Parts ?? []), {
        describe: (chosen) => ({
          ...partsFacts(upload, chosen, input),
          headers: upload.headers,
          metadata: upload.metadata,
          tags: upload.tags,
        }),
        allow: (current) => checkWrite(current, input),
        by: originOf(call),
      }),
    );
    return answerOf(input, call, { bucket, object });
  },
});

interface Completed {
  readonly bucket: Bucket;
  readonly object: StoredObject;
}

/** Who did not hear that it was done asks again, and hears the same while the object is there. */
async function completed(world: BucketWorld, input: UploadInput): Promise<Completed | null> {
  const bucket = await bucketOf(world, input);
  const object = await world.buckets.contentsOf(bucket).objects.find(input.Key);
  return object?.is === "object" && object.parts?.at === input.UploadId ? { bucket, object } : null;
}

function answerOf(input: UploadInput, call: Call, { bucket, object }: Completed): CompleteMultipartUploadOutput {
  return {
    Location: `http://${call.headers["host"] ?? "localhost"}/${input.Bucket}/${encodeURIComponent(input.Key).replaceAll("%2F", "/")}`,
    Bucket: input.Bucket,
    Key: input.Key,
    ETag: `"${object.etag}"`,
    ...checksumMembers(object.checksum),
    ...ENCRYPTED,
    ...writtenVersion(bucket, object.version),
  };
}

export const abortMultipartUpload: Action<BucketWorld> = action(model, "AbortMultipartUpload", {
  serves: ["Bucket", "Key", "UploadId", "ExpectedBucketOwner"],
  unserved: { ...PAYER, IfMatchInitiatedTime: "name the upload by UploadId" },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { contents, upload } = await uploadOf(world, input);
    await whileThere(contents.uploads.abort(upload));
    return {};
  },
});
