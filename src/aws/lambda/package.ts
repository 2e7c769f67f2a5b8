/** The deployment package of an input: decoded, checked and kept in the code store. */
import { Fault } from "#base/fault.ts";
import type { Input } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { LambdaWorld } from "./world.ts";

const MAX_ZIP_BYTES = 50 * 1024 * 1024; // Lambda quota: "50 MB (zipped, when uploaded through the Lambda API)".

export interface StoredPackage {
  readonly sha256: string;
  readonly size: number;
}

/** Stores the zip and unpacks it once, so that a bad one fails here and not at the first invocation. */
export async function storePackage(world: LambdaWorld, code: Input): Promise<StoredPackage> {
  const zip = zipOf(code);
  if (zip.length === 0)
    throw new AwsError("InvalidParameterValueException", 400, "Uploaded file must be a non-empty zip");
  if (zip.length > MAX_ZIP_BYTES)
    throw new AwsError("RequestEntityTooLargeException", 413, `Zip file is larger than ${MAX_ZIP_BYTES} bytes`);
  const stored = await world.code.put(zip);
  try {
    await world.code.unpacked(stored.sha256);
  } catch (thrown) {
    if (thrown instanceof Fault)
      throw new AwsError(
        "InvalidParameterValueException",
        400,
        `Could not unzip uploaded file. Please check your file, then try to upload again. (${thrown.message})`,
      );
    throw thrown;
  }
  return stored;
}

function zipOf(code: Input): Uint8Array {
  if (code["ImageUri"] !== undefined)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Code.ImageUri is not supported by Catamaran; deploy a zip",
    );
  if (code["S3Bucket"] !== undefined || code["S3Key"] !== undefined) {
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Code.S3Bucket is not supported by Catamaran; pass the package as ZipFile",
    );
  }
  const zip = code["ZipFile"];
  if (typeof zip !== "string")
    throw new AwsError("InvalidParameterValueException", 400, "Please provide a source for function code.");
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(zip))
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Could not unzip uploaded file. Please check your file, then try to upload again. (ZipFile is not base64)",
    );
  return Buffer.from(zip, "base64");
}
