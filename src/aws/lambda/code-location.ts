/** Where a package can be fetched: a URL of this door that expires, and the action behind it. On AWS it is a presigned URL of S3. */
import { type Action, action, Answer, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Model } from "../model.ts";
import { presignedUrl } from "../sign.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { arnOf } from "./names.ts";

type PackageOperations = {
  readonly GetPackage: {
    readonly input: { readonly Digest: string };
    readonly output: { readonly Package?: Uint8Array };
  };
};

/** An operation of our own, which no model of AWS's has. */
const packageModel: Model<PackageOperations> = {
  version: "2015-03-31",
  signingName: "lambda",
  protocols: ["rest-json"],
  operations: {
    GetPackage: { method: "GET", uri: "/_code/{Digest}", input: "GetPackageRequest", output: "GetPackageResponse" },
  },
  shapes: {
    GetPackageRequest: { is: "structure", members: { Digest: { of: "Digest", at: "uri" } }, required: ["Digest"] },
    GetPackageResponse: { is: "structure", members: { Package: "Package" }, payload: "Package" },
    Digest: { is: "string", pattern: "[A-Za-z0-9_-]{43}" },
    Package: { is: "blob" },
  },
};

// Lambda API Reference, GetFunction: "a link to download the deployment package that's valid for 10 minutes".
const EXPIRES_SECONDS = 600;

/** In the name of whoever asked, at the address that reached us. */
export function codeLocation(region: string, sha256: string, { caller, headers, now }: Call): string {
  return presignedUrl(
    { host: headers["host"] ?? "", path: `/_code/${Buffer.from(sha256, "base64").toString("base64url")}` },
    caller,
    { region, service: "lambda" },
    { now, expiresSeconds: EXPIRES_SECONDS },
  );
}

export const getPackage: Action<AccountFunctions> = action(packageModel, "GetPackage", {
  permission: "GetFunction",
  resources: (_input, place) => [arnOf(place, "*")],
  serves: ["Digest"],
  unserved: {},
  run: async (account: AccountFunctions, { Digest }) => {
    const zip = await account.code.get(Buffer.from(Digest, "base64url").toString("base64"));
    if (zip === null) throw new AwsError("NoSuchKey", 404, "The specified key does not exist.");
    return new Answer({ Package: zip }, { "content-type": "application/zip" });
  },
});
