/** Where a package can be fetched: a URL of this door that expires, and the action behind it. On AWS it is a presigned URL of S3. */
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { presignedUrl } from "../sign.ts";
import type { LambdaWorld } from "./world.ts";

export const CODE_PATH = "/_code/{Digest}";

export const codeInput: Shape = {
  is: "structure",
  members: { Digest: { is: "string", pattern: "[A-Za-z0-9_-]{43}" } },
  required: ["Digest"],
};

// Lambda API Reference, GetFunction: "a link to download the deployment package that's valid for 10 minutes".
const EXPIRES_SECONDS = 600;

/** In the name of whoever asked, at the address that reached us. */
export function codeLocation(world: LambdaWorld, sha256: string, { caller, headers, now }: Call): string {
  return presignedUrl(
    {
      host: headers["host"] ?? "",
      path: CODE_PATH.replace("{Digest}", Buffer.from(sha256, "base64").toString("base64url")),
    },
    caller,
    { region: world.region, service: "lambda" },
    { now, expiresSeconds: EXPIRES_SECONDS },
  );
}

export async function getCode(world: LambdaWorld, input: Input): Promise<Reply> {
  const sha256 = Buffer.from(input["Digest"] as string, "base64url").toString("base64");
  const zip = await world.code.get(sha256);
  if (zip !== null) return { headers: { "content-type": "application/zip" }, body: zip };
  const message = "The specified key does not exist.";
  throw new AwsError("NoSuchKey", 404, message);
}
