/** The rules for pages of other origins: their actions, and what the door says to such pages. */
import type { Bucket, BucketCorsRule } from "#kinds/catamaran/bucket.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { SignedHead } from "../sign.ts";
import { crossOriginHeaders } from "./cross-origin.ts";
import { pathOf } from "./locate.ts";
import { type CORSRule, model } from "./model.gen.ts";
import { bucketArn, bucketOf, type BucketWorld } from "./world.ts";

export const putBucketCors: Action<BucketWorld> = action(model, "PutBucketCors", {
  permission: "PutBucketCORS",
  serves: ["Bucket", "CORSConfiguration", "ContentMD5", "ChecksumAlgorithm", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const cors = input.CORSConfiguration.CORSRules.map(ruleOf);
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, cors } }));
    return {};
  },
});

const METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD"] as const;

function ruleOf({
  ID,
  AllowedHeaders,
  AllowedMethods,
  AllowedOrigins,
  ExposeHeaders,
  MaxAgeSeconds,
}: CORSRule): BucketCorsRule {
  const twice = [...AllowedOrigins, ...(AllowedHeaders ?? [])].find((text) => text.split("*").length > 2);
  if (twice !== undefined)
    throw invalid(`AllowedOrigin or AllowedHeader "${twice}" can not have more than one wildcard.`);
  return {
    ...(ID !== undefined && { id: ID }),
    allowedOrigins: AllowedOrigins,
    allowedMethods: AllowedMethods.map((name) => {
      const method = METHODS.find((one) => one === name);
      if (method === undefined)
        throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${name}`);
      return method;
    }),
    ...(AllowedHeaders !== undefined && { allowedHeaders: AllowedHeaders }),
    ...(ExposeHeaders !== undefined && { exposeHeaders: ExposeHeaders }),
    ...(MaxAgeSeconds !== undefined && { maxAgeSeconds: MaxAgeSeconds }),
  };
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidRequest", 400, message);
}

export const getBucketCors: Action<BucketWorld> = action(model, "GetBucketCors", {
  permission: "GetBucketCORS",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { cors } = (await bucketOf(world, input)).spec;
    if (cors === undefined) throw new AwsError("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist");
    return { CORSRules: cors.map(saidOf) };
  },
});

function saidOf({
  id,
  allowedHeaders,
  allowedMethods,
  allowedOrigins,
  exposeHeaders,
  maxAgeSeconds,
}: BucketCorsRule): CORSRule {
  return {
    ...(id !== undefined && { ID: id }),
    ...(allowedHeaders !== undefined && { AllowedHeaders: allowedHeaders }),
    AllowedMethods: allowedMethods,
    AllowedOrigins: allowedOrigins,
    ...(exposeHeaders !== undefined && { ExposeHeaders: exposeHeaders }),
    ...(maxAgeSeconds !== undefined && { MaxAgeSeconds: maxAgeSeconds }),
  };
}

export const deleteBucketCors: Action<BucketWorld> = action(model, "DeleteBucketCors", {
  permission: "PutBucketCORS",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    await world.buckets.change(bucket, ({ spec: { cors: _cors, ...spec }, ...live }) => ({ ...live, spec }));
    return {};
  },
});

/** What the head of the answer says to a page of another origin. Null: nothing. Throws AwsError for a preflight that no rule lets pass. */
export function answerOrigin(
  world: BucketWorld,
): (head: SignedHead) => Promise<Readonly<Record<string, string>> | null> {
  return async (head) => {
    const { origin } = head.headers;
    if (origin === undefined) return null;
    const [, name = ""] = pathOf(head).split("/");
    const bucket = name === "" ? null : await world.buckets.find(world.namespace, name);
    const isPreflight = head.method === "OPTIONS";
    if (bucket === null) return null;
    const headers = headersFor(bucket, head, origin);
    if (isPreflight && headers === null)
      throw new AwsError(
        "AccessForbidden",
        403,
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      );
    return headers;
  };
}

function headersFor(
  { spec: { cors = [] } }: Bucket,
  { method, headers }: SignedHead,
  origin: string,
): Readonly<Record<string, string>> | null {
  const isPreflight = method === "OPTIONS";
  const asked = headers["access-control-request-headers"] ?? "";
  return crossOriginHeaders(
    cors,
    {
      origin,
      method: isPreflight ? (headers["access-control-request-method"] ?? "") : method,
      headers: isPreflight
        ? asked
            .split(",")
            .map((one) => one.trim())
            .filter((one) => one !== "")
        : [],
    },
    isPreflight,
  );
}
