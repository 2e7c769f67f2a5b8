/** The deployment package of an input: decoded, checked and kept in the code store. */
import { Fault } from "#base/fault.ts";
import { AwsError } from "../aws-error.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { invalid } from "./names.ts";

const MAX_ZIP_BYTES = 50 * 1024 * 1024; // Lambda quota: "50 MB (zipped, when uploaded through the Lambda API)".

/** 50 MB as base64 and what stands around it, in AWS's own figure. */
export const MAX_PACKAGE_REQUEST_BYTES = 70_167_211;

export interface StoredPackage {
  readonly sha256: string;
  readonly size: number;
}

/** Stores the zip and unpacks it once, so that a bad one fails here and not at the first invocation. */
export async function storePackage(
  account: AccountFunctions,
  base64: string | Uint8Array | undefined,
): Promise<StoredPackage> {
  if (base64 === undefined) throw invalid("Please provide a source for function code.");
  const zip = await decoded(base64);
  if (zip.length === 0) throw invalid("Uploaded file must be a non-empty zip");
  if (zip.length > MAX_ZIP_BYTES)
    throw new AwsError(
      "RequestEntityTooLargeException",
      413,
      `Zipped size must be smaller than ${MAX_ZIP_BYTES} bytes`,
    );
  const stored = await account.code.put(zip);
  try {
    await account.code.unpacked(stored.sha256);
  } catch (thrown) {
    throw thrown instanceof Fault ? packageError(thrown) : thrown;
  }
  return stored;
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
