/** Checksums of objects (Amazon S3 User Guide, "Checking object integrity"): counted while bytes go by, and held against what the client said. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Checksum } from "#managed/bucket/stored-object.ts";
import { AwsError } from "../aws-error.ts";
import type { SignedHead } from "../sign.ts";
import { CRC32C, CRC64NVME, type Crc, SlicedCrc } from "./crc.ts";

export type Algorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256" | "SHA512" | "MD5";

const COUNTERS: { readonly [A in Algorithm]: () => Crc } = {
  CRC32: () => new ZlibCrc(),
  CRC32C: () => new SlicedCrc(CRC32C),
  CRC64NVME: () => new SlicedCrc(CRC64NVME),
  SHA1: () => createHash("sha1"),
  SHA256: () => createHash("sha256"),
  SHA512: () => createHash("sha512"),
  MD5: () => createHash("md5"),
};

const ALGORITHMS: readonly Algorithm[] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5"];

/** The members that carry their values. */
const MEMBERS: { readonly [A in Algorithm]: `Checksum${A}` } = {
  CRC32: "ChecksumCRC32",
  CRC32C: "ChecksumCRC32C",
  CRC64NVME: "ChecksumCRC64NVME",
  SHA1: "ChecksumSHA1",
  SHA256: "ChecksumSHA256",
  SHA512: "ChecksumSHA512",
  MD5: "ChecksumMD5",
};

export type ChecksumInput = { readonly [A in Algorithm as `Checksum${A}`]?: string } & {
  readonly ChecksumAlgorithm?: string;
};

/** What S3 counts where the client asks for nothing. */
const DEFAULT: Algorithm = "CRC64NVME";

class ZlibCrc implements Crc {
  #crc = 0;

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(this.#crc);
    return digest;
  }
}

/** What a request says of the checksum of its body. */
export interface Claimed {
  readonly algorithm: Algorithm;
  /** In base64; absent: it comes behind the body, or the client leaves it to us. */
  readonly value?: string;
}

type Headers = Readonly<Record<string, string>>;

/** Null: the request says nothing. Throws AwsError for what says two things, or what there is not. */
export function claimedIn(input: ChecksumInput, headers: Headers): Claimed | null {
  const given = ALGORITHMS.filter((algorithm) => input[MEMBERS[algorithm]] !== undefined);
  if (given.length > 1)
    throw invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  const trailing = ALGORITHMS.find((algorithm) =>
    headers["x-amz-trailer"]?.toLowerCase().includes(headerOf(algorithm)),
  );
  const [direct] = given;
  const { ChecksumAlgorithm: named } = input;
  const wanted = named === undefined ? undefined : algorithmNamed(named);
  const algorithm = direct ?? trailing ?? wanted;
  if (algorithm === undefined) return null;
  if (direct !== undefined && wanted !== undefined && wanted !== direct)
    throw invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  const value = direct === undefined ? undefined : input[MEMBERS[direct]];
  return { algorithm, ...(value !== undefined && { value: wellFormed(algorithm, value) }) };
}

export function algorithmNamed(name: string): Algorithm {
  const algorithm = ALGORITHMS.find((one) => one === name.toUpperCase());
  if (algorithm === undefined)
    throw invalid(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${ALGORITHMS.join(", ")}]`,
    );
  return algorithm;
}

function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

function wellFormed(algorithm: Algorithm, value: string): string {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== COUNTERS[algorithm]().digest().length || bytes.toString("base64") !== value)
    throw invalid(`Value for ${headerOf(algorithm)} header is invalid.`);
  return value;
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidRequest", 400, message);
}

/** The value that an input says of an algorithm. */
export function checksumValueIn(input: ChecksumInput, algorithm: Algorithm): string | undefined {
  return input[MEMBERS[algorithm]];
}

export function digestOf(algorithm: Algorithm, pieces: readonly Uint8Array[]): Buffer {
  const counter = COUNTERS[algorithm]();
  for (const piece of pieces) counter.update(piece);
  return counter.digest();
}

/** Counts what goes by. Ask for the outcome once all has. */
export class Counted implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #md5 = createHash("md5");
  readonly #algorithm: Algorithm;
  readonly #counter: Crc;
  /** Where the client counts with another algorithm than the one that is kept. */
  readonly #second: { readonly algorithm: Algorithm; readonly counter: Crc } | null;
  #digest: Buffer | null = null;

  constructor(source: AsyncIterable<Uint8Array>, kept: Algorithm = DEFAULT, claimed: Algorithm = kept) {
    this.#source = source;
    this.#algorithm = kept;
    this.#counter = COUNTERS[kept]();
    this.#second = claimed === kept ? null : { algorithm: claimed, counter: COUNTERS[claimed]() };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#md5.update(chunk);
      this.#counter.update(chunk);
      this.#second?.counter.update(chunk);
      yield chunk;
    }
    this.#digest = this.#md5.digest();
  }

  get md5(): Buffer {
    if (this.#digest === null) throw new RangeError("not all has gone by");
    return this.#digest;
  }

  /** In base64, by the algorithm of the client. */
  claimedValue(kept: Checksum): string {
    return this.#second?.counter.digest().toString("base64") ?? kept.value;
  }

  /** Once. */
  checksum(): Checksum {
    return { algorithm: this.#algorithm, value: this.#counter.digest().toString("base64"), of: "whole" };
  }
}

/** Throws BadDigest for bytes that are not what head and trailers say. Returns what there is to keep of them. */
export function provenFacts(
  counted: Counted,
  claimed: Claimed | null,
  { md5, trailers }: { readonly md5: string | undefined; readonly trailers: ReadonlyMap<string, string> | undefined },
): { readonly etag: string; readonly checksum: Checksum } {
  checkMd5(md5, counted.md5);
  const checksum = counted.checksum();
  const expected = claimed === null ? undefined : (claimed.value ?? trailers?.get(headerOf(claimed.algorithm)));
  if (expected !== undefined && expected !== counted.claimedValue(checksum))
    throw new AwsError(
      "BadDigest",
      400,
      `The ${claimed?.algorithm ?? ""} you specified did not match the calculated checksum.`,
    );
  return { etag: counted.md5.toString("hex"), checksum };
}

function checkMd5(said: string | undefined, md5: Buffer): void {
  if (said === undefined) return;
  const given = Buffer.from(said, "base64");
  if (given.length !== md5.length)
    throw new AwsError("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
  if (!given.equals(md5))
    throw new AwsError("BadDigest", 400, "The Content-MD5 you specified did not match what we received.");
}

/** Of a body that is no object: XML. */
export function checkBody(
  body: Uint8Array,
  { headers, query }: SignedHead,
  trailers: ReadonlyMap<string, string>,
): void {
  // Where an upload is completed they are about the object.
  if (/(^|&)uploadId=/.test(query)) return;
  const claimed = claimedIn(Object.fromEntries(headerMembers(headers)), headers);
  checkMd5(headers["content-md5"], createHash("md5").update(body).digest());
  if (claimed === null) return;
  const expected = claimed.value ?? trailers.get(headerOf(claimed.algorithm));
  const counter = COUNTERS[claimed.algorithm]();
  counter.update(body);
  if (expected !== undefined && counter.digest().toString("base64") !== expected)
    throw new AwsError(
      "BadDigest",
      400,
      `The ${claimed.algorithm} you specified did not match the calculated checksum.`,
    );
}

function headerMembers(headers: Headers): readonly (readonly [string, string])[] {
  return ALGORITHMS.flatMap((algorithm) => {
    const value = headers[headerOf(algorithm)];
    return value === undefined ? [] : [[MEMBERS[algorithm], value] as const];
  });
}

type ChecksumMembers = Omit<ChecksumInput, "ChecksumAlgorithm"> & {
  readonly ChecksumType?: "FULL_OBJECT" | "COMPOSITE";
};

/** A checksum as the members of an output. */
export function checksumMembers(checksum: Checksum | undefined): ChecksumMembers {
  if (checksum === undefined) return {};
  return {
    [MEMBERS[algorithmNamed(checksum.algorithm)]]: checksum.value,
    ChecksumType: checksum.of === "whole" ? "FULL_OBJECT" : "COMPOSITE",
  };
}
