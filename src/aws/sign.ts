/** Signature Version 4: proves who sent a request and that nobody changed it (AWS General Reference, "Signing AWS API requests"). */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { AwsError } from "./aws-error.ts";

export interface SignedRequest {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Caller {
  readonly accessKeyId: string;
  /** "arn:aws:iam::000000000000:root" or an assumed role. */
  readonly arn: string;
  readonly secretAccessKey: string;
}

/** Who signs with this access key; null when nobody does. Throws AwsError for an expired or forged session token. */
export type FindCaller = (accessKeyId: string, sessionToken: string | undefined, now: number) => Caller | null;

export interface Verified {
  readonly caller: Caller;
  readonly region: string;
  readonly service: string;
}

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface Claim {
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** ISO basic form: 20261123T050000Z. */
  readonly timestamp: string;
  readonly expiresSeconds: number | null;
  readonly sessionToken: string | undefined;
}

const SKEW_MS = 5 * 60_000; // AWS accepts five minutes of clock difference for most services.
const ALGORITHM = "AWS4-HMAC-SHA256";

/** Throws AwsError (403 or 400) unless the request is signed by a known key, unchanged and recent. */
export function verifySignature(request: SignedRequest, findCaller: FindCaller, now: number): Verified {
  const claim = claimOf(request);
  checkTime(claim, now);
  const caller = findCaller(claim.scope.accessKeyId, claim.sessionToken, now);
  if (caller === null) {
    throw new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
  }
  const expected = signatureOf(request, claim, caller.secretAccessKey);
  const given = Buffer.from(claim.signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(expected, given)) {
    throw new AwsError(
      "InvalidSignatureException",
      403,
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  }
  return { caller, region: claim.scope.region, service: claim.scope.service };
}

/** The headers that sign a request, for our own clients. `request.headers` must have host. */
export function signedHeaders(
  request: SignedRequest,
  caller: Pick<Caller, "accessKeyId" | "secretAccessKey">,
  to: { readonly region: string; readonly service: string },
  now: number,
): Readonly<Record<string, string>> {
  const timestamp = basicTime(now);
  const scope: Scope = { accessKeyId: caller.accessKeyId, date: timestamp.slice(0, 8), ...to };
  const headers: Record<string, string> = { ...request.headers, "x-amz-date": timestamp };
  const names = Object.keys(headers).toSorted();
  const claim: Claim = {
    scope,
    signedHeaders: names,
    signature: "",
    timestamp,
    expiresSeconds: null,
    sessionToken: undefined,
  };
  const signature = signatureOf({ ...request, headers }, claim, caller.secretAccessKey).toString("hex");
  const credential = `${caller.accessKeyId}/${scope.date}/${to.region}/${to.service}/aws4_request`;
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

function claimOf(request: SignedRequest): Claim {
  const authorization = request.headers["authorization"];
  if (authorization !== undefined) return headerClaim(request, authorization);
  const query = new URLSearchParams(request.query);
  if (query.has("X-Amz-Signature")) return queryClaim(query);
  throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
}

function headerClaim(request: SignedRequest, authorization: string): Claim {
  const match = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
    authorization.trim(),
  );
  const timestamp = request.headers["x-amz-date"];
  if (match === null || timestamp === undefined) {
    throw new AwsError(
      "IncompleteSignatureException",
      400,
      `Authorization header requires '${ALGORITHM} Credential=…, SignedHeaders=…, Signature=…' and an 'X-Amz-Date' header.`,
    );
  }
  const [, credential = "", signedHeaders = "", signature = ""] = match;
  return {
    scope: scopeOf(credential),
    signedHeaders: signedHeaders.split(";"),
    signature,
    timestamp,
    expiresSeconds: null,
    sessionToken: request.headers["x-amz-security-token"],
  };
}

function queryClaim(query: URLSearchParams): Claim {
  return {
    scope: scopeOf(query.get("X-Amz-Credential") ?? ""),
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    timestamp: query.get("X-Amz-Date") ?? "",
    expiresSeconds: Number(query.get("X-Amz-Expires") ?? 0),
    sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
  };
}

function scopeOf(credential: string): Scope {
  const [accessKeyId, date, region, service, end, ...rest] = credential.split("/");
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    end !== "aws4_request" ||
    rest.length > 0
  ) {
    throw new AwsError(
      "IncompleteSignatureException",
      400,
      "Credential must have the form <access key>/<yyyymmdd>/<region>/<service>/aws4_request.",
    );
  }
  return { accessKeyId, date, region, service };
}

function checkTime(claim: Claim, now: number): void {
  const at = parseBasicTime(claim.timestamp);
  if (at === null || !claim.timestamp.startsWith(claim.scope.date)) {
    throw new AwsError(
      "IncompleteSignatureException",
      400,
      "X-Amz-Date must be ISO 8601 basic form and of the credential's date.",
    );
  }
  const allowedMs = claim.expiresSeconds === null ? SKEW_MS : claim.expiresSeconds * 1000;
  if (now > at + allowedMs)
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Signature expired: ${claim.timestamp} is now earlier than ${basicTime(now - allowedMs)}`,
    );
  if (at > now + SKEW_MS)
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Signature not yet current: ${claim.timestamp} is still later than ${basicTime(now + SKEW_MS)}`,
    );
}

function parseBasicTime(text: string): number | null {
  if (!/^\d{8}T\d{6}Z$/.test(text)) return null;
  const part = (from: number, to: number): number => Number(text.slice(from, to));
  return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15));
}

function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function signatureOf(request: SignedRequest, claim: Claim, secret: string): Buffer {
  const { date, region, service } = claim.scope;
  const canonical = canonicalRequest(request, claim);
  const toSign = [ALGORITHM, claim.timestamp, `${date}/${region}/${service}/aws4_request`, sha256Hex(canonical)].join(
    "\n",
  );
  return createHmac("sha256", signingKey(secret, claim.scope)).update(toSign).digest();
}

function canonicalRequest(request: SignedRequest, claim: Claim): string {
  const headers = claim.signedHeaders.map((name) => `${name}:${oneSpaced(request.headers[name] ?? "")}\n`).join("");
  return [
    request.method,
    canonicalPath(request.path, claim.scope.service),
    canonicalQuery(request.query),
    headers,
    claim.signedHeaders.join(";"),
    payloadHash(request, claim),
  ].join("\n");
}

function oneSpaced(value: string): string {
  const trimmed = value.trim();
  return /\s\s|[^\S ]/.test(trimmed) ? trimmed.replace(/\s+/g, " ") : trimmed;
}

// Every service but S3 signs the path encoded once more than it is sent.
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path;
  const collapsed = path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
  return collapsed.split("/").map(encode).join("/");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair) => {
      const equals = pair.indexOf("=");
      const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [encode(decode(name)), encode(decode(value))] as const;
    })
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    // Malformed percent signs are signed as they are; the signature then decides.
    return text;
  }
}

function encode(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function payloadHash(request: SignedRequest, claim: Claim): string {
  const claimed = request.headers["x-amz-content-sha256"];
  if (claim.expiresSeconds !== null) return claim.scope.service === "s3" ? "UNSIGNED-PAYLOAD" : sha256Hex(request.body);
  if (claimed === "UNSIGNED-PAYLOAD" && claim.scope.service === "s3") return claimed;
  return sha256Hex(request.body);
}

function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

// Deriving takes four HMACs; a key is good for one day, so a handful of them serves everybody.
const derivedKeys = new Map<string, KeyObject>();
const MAX_DERIVED_KEYS = 1_000;

function signingKey(secret: string, { date, region, service }: Scope): KeyObject {
  const id = `${secret}/${date}/${region}/${service}`;
  const known = derivedKeys.get(id);
  if (known !== undefined) return known;
  const bytes = ["aws4_request", service, region].reduceRight<Buffer>(
    (parent, part) => hmac(parent, part),
    hmac(Buffer.from(`AWS4${secret}`), date),
  );
  // Bytes as a key are looked at anew by every HMAC; a key object is not, which is a third of its time.
  const key = createSecretKey(bytes);
  if (derivedKeys.size >= MAX_DERIVED_KEYS) derivedKeys.clear();
  derivedKeys.set(id, key);
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
