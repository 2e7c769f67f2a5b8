/** What becomes of parts when an upload is completed: which are taken, and the ETag and checksum of the whole. Pure but for the hashes. */
import { createHash } from "node:crypto";
import type { Checksum, Part, Upload } from "#managed/bucket/stored-object.ts";
import { AwsError } from "../aws-error.ts";
import { type Algorithm, algorithmNamed, type ChecksumInput, checksumValueIn, digestOf } from "./checksums.ts";
import { CRC32, CRC32C, CRC64NVME, joinCrcs, type Polynomial } from "./crc.ts";
import { invalidRequest } from "./world.ts";

/** Amazon S3 User Guide, "Multipart upload limits": 5 MiB, but for the last part. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

/** Those whose checksums join to that of the whole. */
const JOINABLE: { readonly [A in Algorithm]?: Polynomial } = { CRC32, CRC32C, CRC64NVME };

/** What an upload will have a checksum of. Throws for what an algorithm cannot do (User Guide, "Checksums of multipart uploads"). */
export function uploadChecksum(input: {
  readonly ChecksumAlgorithm?: string;
  readonly ChecksumType?: "FULL_OBJECT" | "COMPOSITE";
}): Upload["checksum"] {
  const { ChecksumAlgorithm: named, ChecksumType: type } = input;
  if (named === undefined && type !== undefined)
    throw invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  const algorithm = named === undefined ? "CRC64NVME" : algorithmNamed(named);
  const byDefault = algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  const wanted = type ?? byDefault;
  const isAble = wanted === "COMPOSITE" ? algorithm !== "CRC64NVME" : JOINABLE[algorithm] !== undefined;
  if (!isAble)
    throw invalidRequest(
      `The ${wanted} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, of: wanted === "COMPOSITE" ? "parts" : "whole" };
}

type Named = ChecksumInput & { readonly ETag?: string; readonly PartNumber?: number };

/** The parts that the client names, which it must name in order, and rightly. */
export function chosenParts(upload: Upload, parts: readonly Part[], named: readonly Named[]): readonly Part[] {
  if (named.length === 0)
    throw new AwsError(
      "MalformedXML",
      400,
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  const numbers = named.map(({ PartNumber = 0 }) => PartNumber);
  if (numbers.some((number, at) => number <= (numbers[at - 1] ?? 0)))
    throw new AwsError(
      "InvalidPartOrder",
      400,
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
    );
  const byNumber = new Map(parts.map((part) => [part.number, part]));
  return named.map((one, at) => {
    const part = byNumber.get(one.PartNumber ?? 0);
    if (part === undefined || one.ETag?.replaceAll('"', "") !== part.etag) throw invalidPart();
    checkPartChecksum(upload, part, one);
    if (part.size < MIN_PART_BYTES && at < named.length - 1)
      throw new AwsError("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
    return part;
  });
}

function checkPartChecksum(upload: Upload, part: Part, named: Named): void {
  const { algorithm, of } = upload.checksum;
  const said = checksumValueIn(named, algorithmNamed(algorithm));
  if (said !== undefined && said !== part.checksum?.value) throw invalidPart();
  if (said === undefined && of === "parts" && upload.isChecksumAsked)
    throw invalidRequest(
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
}

function invalidPart(): AwsError {
  return new AwsError(
    "InvalidPart",
    400,
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  );
}

type Expected = ChecksumInput & { readonly ChecksumType?: string; readonly MpuObjectSize?: number };

/** Throws for a whole that is not what the client expects. */
export function partsFacts(
  upload: Upload,
  parts: readonly Part[],
  expected: Expected,
): { readonly etag: string; readonly checksum: Checksum } {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (expected.MpuObjectSize !== undefined && expected.MpuObjectSize !== size)
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${expected.MpuObjectSize} does not match what was computed: ${size}`,
    );
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
  const algorithm = algorithmNamed(upload.checksum.algorithm);
  const checksum = joined(upload, parts);
  const type = upload.checksum.of === "whole" ? "FULL_OBJECT" : "COMPOSITE";
  if (expected.ChecksumType !== undefined && expected.ChecksumType !== type && upload.isChecksumAsked)
    throw invalidRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  const said = checksumValueIn(expected, algorithm);
  if (said !== undefined && said !== checksum.value && said !== checksum.value.replace(/-\d+$/, ""))
    throw new AwsError(
      "BadDigest",
      400,
      `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    );
  return { etag: `${md5.digest("hex")}-${parts.length}`, checksum };
}

function joined({ checksum: { algorithm: name, of } }: Upload, parts: readonly Part[]): Checksum {
  const algorithm = algorithmNamed(name);
  const digests = parts.map(({ checksum }) => Buffer.from(checksum?.value ?? "", "base64"));
  const polynomial = JOINABLE[algorithm];
  if (of === "parts" || polynomial === undefined)
    return { algorithm, value: `${digestOf(algorithm, digests).toString("base64")}-${parts.length}`, of: "parts" };
  const [first = Buffer.alloc(0), ...rest] = digests;
  const whole = rest.reduce<Buffer>(
    (all, next, at) => joinCrcs(all, next, parts[at + 1]?.size ?? 0, polynomial),
    first,
  );
  return { algorithm, value: whole.toString("base64"), of: "whole" };
}
