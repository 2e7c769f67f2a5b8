/** The package of an input, sent along or read from a bucket: checked and kept in the code store. */
import { Fault } from "#base/fault.ts";
import { AwsError } from "../aws-error.ts";
import type { AccountFunctions } from "./account-functions.ts";
import type { ObjectPlace } from "./bucket-objects.ts";
import { invalid } from "./names.ts";

const MAX_ZIP_BYTES = 50 * 1024 * 1024; // Lambda quota: "50 MB (zipped, when uploaded through the Lambda API)".

// Lambda quota: 250 MB unpacked; a zip of more cannot have less in it.
const MAX_UNPACKED_BYTES = 262_144_000;

/** 50 MB as base64 and what stands around it, in AWS's own figure. */
export const MAX_PACKAGE_REQUEST_BYTES = 70_167_211;

export interface StoredPackage {
  readonly sha256: string;
  readonly size: number;
}

/** Where an input says that the package is. */
export interface PackageSource {
  readonly ZipFile?: string | Uint8Array;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
  readonly S3ObjectVersion?: string;
}

/** Stores the zip and unpacks it once, so that a bad one fails here and not at the first invocation. */
export async function storePackage(account: AccountFunctions, source: PackageSource): Promise<StoredPackage> {
  const stored = await account.code.put(await packageIn(account, source));
  try {
    await account.code.unpacked(stored.sha256);
  } catch (thrown) {
    throw thrown instanceof Fault ? packageError(thrown) : thrown;
  }
  return stored;
}

async function packageIn(account: AccountFunctions, source: PackageSource): Promise<Uint8Array> {
  const { ZipFile, S3Bucket: bucket, S3Key: key, S3ObjectVersion: version } = source;
  if (ZipFile !== undefined && (bucket !== undefined || key !== undefined))
    throw invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  if (bucket !== undefined && key !== undefined) return packageFrom(account, { bucket, key, version });
  if (ZipFile === undefined) throw invalid("Please provide a source for function code.");
  const zip = await decoded(ZipFile);
  if (zip.length === 0) throw invalid("Uploaded file must be a non-empty zip");
  if (zip.length > MAX_ZIP_BYTES)
    throw new AwsError(
      "RequestEntityTooLargeException",
      413,
      `Zipped size must be smaller than ${MAX_ZIP_BYTES} bytes`,
    );
  return zip;
}

async function packageFrom(account: AccountFunctions, at: ObjectPlace): Promise<Uint8Array> {
  const found = await account.readObject(at);
  if (found === "no bucket") throw notRead("NoSuchBucket", "The specified bucket does not exist");
  if (found === "no object")
    throw at.version === undefined
      ? notRead("NoSuchKey", "The specified key does not exist.")
      : notRead("NoSuchVersion", "The specified version does not exist.");
  if (found.size > MAX_UNPACKED_BYTES) throw invalid(`Unzipped size must be smaller than ${MAX_UNPACKED_BYTES} bytes`);
  const zip = new Uint8Array(found.size);
  let length = 0;
  for await (const piece of found.bytes) {
    zip.set(piece, length);
    length += piece.length;
  }
  return zip;
}

function notRead(code: string, message: string): AwsError {
  return invalid(`Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`);
}

/** Lambda has a sentence of its own for a package that is empty or too large; everything else could not be unzipped. */
function packageError(fault: Fault): AwsError {
  if (fault.code === "RequestTooLarge" || fault.code === "BadRequest") return invalid(fault.message);
  const sentence = "Could not unzip uploaded file. Please check your file, then try to upload again.";
  return invalid(fault.message === "it is not a zip file" ? sentence : `${sentence} (${fault.message})`);
}

// Four characters are three bytes, so that pieces of a multiple of four can be decoded one after the other. 2 ms each.
const PIECE_BYTES = 4 * 1024 * 1024;

/** Of text, or of the bytes of a long one as they stand in the body. */
async function decoded(base64: string | Uint8Array): Promise<Uint8Array> {
  const text =
    typeof base64 === "string"
      ? Buffer.from(base64, "latin1")
      : Buffer.from(base64.buffer, base64.byteOffset, base64.length);
  // Filled piece by piece: joining fifty megabytes at the end would hold everybody up.
  const bytes = Buffer.allocUnsafe(Math.ceil(text.length / 4) * 3);
  let length = 0;
  for (let from = 0; from < text.length; from += PIECE_BYTES) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    const piece = text.toString("latin1", from, from + PIECE_BYTES);
    const isLast = from + PIECE_BYTES >= text.length;
    if (piece.length % 4 !== 0 || !(isLast ? /^[A-Za-z0-9+/]*={0,2}$/ : /^[A-Za-z0-9+/]*$/).test(piece))
      throw new AwsError("SerializationException", 400, "ZipFile is not valid base64");
    length += bytes.write(piece, length, "base64");
  }
  return bytes.subarray(0, length);
}
