/**
 * Signature Version 2 in the query of a URL, which `aws s3 presign` and boto3 still make by default (Amazon S3 User Guide, "Signing and
 * authenticating REST requests", query string request authentication alternative).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Claim, FindCaller, SignedHead } from "../sign.ts";
import { pathOf } from "./locate.ts";

/** Null: the request has no such signature. Throws AwsError for one that is wrong. */
export function querySignature(
  head: SignedHead,
  findCaller: FindCaller,
  { now, region }: { readonly now: number; readonly region: string },
): Claim | null {
  if (!isQuerySigned(head)) return null;
  const query = new URLSearchParams(head.query);
  const expires = query.get("Expires") ?? "";
  if (!/^\d{1,12}$/.test(expires)) throw denied("Invalid date (should be seconds since epoch): Expires");
  if (now > Number(expires) * 1_000) throw denied("Request has expired");
  const token = query.get("x-amz-security-token") ?? undefined;
  const caller = findCaller(query.get("AWSAccessKeyId") ?? "", token, now);
  if (caller === null)
    throw new AwsError("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.");
  const text = textToSign(head, query, expires);
  checkSignature(text, query.get("Signature") ?? "", caller.secretAccessKey);
  return { terms: null, caller, region, service: "s3", isByHeader: false };
}

export function isQuerySigned({ query, headers }: SignedHead): boolean {
  return headers["authorization"] === undefined && /(^|&)AWSAccessKeyId=/.test(query) && /(^|&)Signature=/.test(query);
}

/** Throws SignatureDoesNotMatch. The signature is in base64. */
export function checkSignature(text: string, signature: string, secret: string): void {
  const expected = createHmac("sha1", secret).update(text).digest();
  const given = Buffer.from(signature, "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new AwsError(
      "SignatureDoesNotMatch",
      403,
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
}

function textToSign(head: SignedHead, query: URLSearchParams, expires: string): string {
  const said = (name: string): string => head.headers[name] ?? query.get(name) ?? "";
  // What would be headers may stand in the query.
  const amz = new Map(
    [...query, ...Object.entries(head.headers)].filter(([name]) => name.startsWith("x-amz-")).toSorted(byName),
  );
  const headers = [...amz].map(([name, value]) => `${name}:${value.trim()}\n`).join("");
  return `${head.method}\n${said("content-md5")}\n${said("content-type")}\n${expires}\n${headers}${resourceOf(head, query)}`;
}

function resourceOf(head: SignedHead, query: URLSearchParams): string {
  const parameters = [...query].filter(([name]) => SIGNED.has(name)).toSorted(byName);
  const text = parameters.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("&");
  return text === "" ? pathOf(head) : `${pathOf(head)}?${text}`;
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const SIGNED: ReadonlySet<string> = new Set(
  (
    "accelerate acl analytics cors delete inventory lifecycle location logging metrics notification object-lock partNumber policy " +
    "replication requestPayment response-cache-control response-content-disposition response-content-encoding response-content-language " +
    "response-content-type response-expires restore select select-type storageClass tagging torrent uploadId uploads versionId versioning " +
    "versions website"
  ).split(" "),
);

function denied(message: string): AwsError {
  return new AwsError("AccessDenied", 403, message);
}
