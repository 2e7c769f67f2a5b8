/** Signature Version 4: proves who sent a request and that nobody changed it (AWS General Reference, "Signing AWS API requests"). */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Principal } from "#policy/iam/principal.ts";
import { AwsError } from "./aws-error.ts";

/** What a signature covers besides the body. */
export interface SignedHead {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Lower-case names; values of a name that came several times are joined by commas, in their order. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SignedRequest extends SignedHead {
  readonly body: Uint8Array;
}

export interface Caller {
  readonly accessKeyId: string;
  /** "arn:aws:iam::000000000000:root" or an assumed role. */
  readonly arn: string;
  readonly secretAccessKey: string;
  /** Of session credentials. */
  readonly sessionToken?: string;
  /** As policies see who signs; absent: the root, who may everything. */
  readonly principal?: Principal;
  /** Of a function's credentials: which one. */
  readonly functionOf?: FunctionSession;
  /** Of the credentials of a role. */
  readonly role?: RoleSession;
}

/** What is known of a session of a role besides who it is (STS API Reference, AssumeRole). */
export interface RoleSession {
  readonly name: string;
  readonly issuedMs: number;
  /** Session policies as JSON text, and ARNs of managed ones; absent: the role's rights are not narrowed. */
  readonly policies?: readonly string[];
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Those of the tags that go on to the next session. */
  readonly transitiveTags?: readonly string[];
  readonly sourceIdentity?: string;
  /** Of web identities: who issued the token. */
  readonly provider?: string;
}

/** The one function object that credentials were made for: one of the same name that is created later is another. */
export interface FunctionSession {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
}

/** Who signs with this access key; null when nobody does. Throws AwsError for an expired or forged session token. */
export type FindCaller = (accessKeyId: string, sessionToken: string | undefined, now: number) => Caller | null;

export interface SignatureOptions {
  /** Wall time in ms. */
  readonly now: number;
  /** The only region that signatures may be scoped to. */
  readonly region: string;
  /** The only service, as its signing name; absent: whoever asks looks at `service` of the answer. */
  readonly service?: string;
}

export interface Verified {
  readonly caller: Caller;
  readonly region: string;
  readonly service: string;
}

/** Everything about a signature that is right before the body is known. */
export interface Claim extends Verified {
  /** Signed by the Authorization header; else by parameters of the query. */
  readonly isByHeader: boolean;
  /** Null: nobody signed, or it is proven already. */
  readonly terms: Terms | null;
}

const NOBODY: Caller = { accessKeyId: "", secretAccessKey: "", arn: "anonymous", principal: { is: "anybody" } };

/** Of a request without any signature. */
export function unsignedClaim(region: string, service: string): Claim {
  return { terms: null, caller: NOBODY, region, service, isByHeader: false };
}

export function isSigned(head: SignedHead): boolean {
  return headerOf(head, "authorization") !== undefined || head.query.includes("X-Amz-Signature=");
}

export function unsigned(): AwsError {
  return new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
}

/** Nobody signs with that key. */
export function noSuchKey(): AwsError {
  return new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
}

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface Terms {
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** ISO basic form: 20261123T050000Z. */
  readonly timestamp: string;
  readonly expiresSeconds: number | null;
  readonly sessionToken: string | undefined;
}

const SKEW_MS = 5 * 60_000; // AWS accepts five minutes of clock difference for most services.
const MAX_EXPIRES_SECONDS = 7 * 86_400; // IAM User Guide, "X-Amz-Expires": at most 604800.
const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Throws AwsError (403 or 400) unless the request is signed by a known key, unchanged, recent and meant for this place. */
export function verifySignature(request: SignedRequest, findCaller: FindCaller, options: SignatureOptions): Verified {
  const claim = readClaim(request, findCaller, options);
  proveClaim(claim, request, sha256Hex(request.body));
  return claim;
}

/** Looks at the head alone, so that the body of a request that cannot be right is never read. */
export function readClaim(head: SignedHead, findCaller: FindCaller, options: SignatureOptions): Claim {
  const terms = termsOf(head);
  checkSignedHeaders(terms, head);
  checkScope(terms.scope, options);
  checkTime(terms, options.now);
  const { accessKeyId, region, service } = terms.scope;
  const caller = findCaller(accessKeyId, terms.sessionToken, options.now);
  if (caller === null) throw noSuchKey();
  return { terms, caller, region, service, isByHeader: terms.expiresSeconds === null };
}

/** The service that a request says that it is signed for, right or wrong; null when it says none. */
export function serviceInScope({ headers, query }: SignedHead): string | null {
  // Only S3 still takes the older signature, and preflights, which nobody signs.
  if (/(^|&)AWSAccessKeyId=/.test(query) || headers["access-control-request-method"] !== undefined) return "s3";
  const said = headers["authorization"] ?? (query.includes("X-Amz-Credential=") ? decode(query) : "");
  return /Credential=[^/,\s]+\/\d+\/[^/]+\/([a-z0-9-]+)\/aws4_request/.exec(said)?.[1] ?? null;
}

/**
 * Throws AwsError unless the claimed signature is that of the whole request. `bodySha256` is in hex; for S3 it is what the head says
 * of the body, which whoever reads the body holds against it.
 */
export function proveClaim({ terms, caller }: Claim, head: SignedHead, bodySha256: string): void {
  if (terms === null) return;
  const expected = signatureOf(head, terms, { secret: caller.secretAccessKey, bodySha256 });
  const given = Buffer.from(terms.signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(expected, given))
    throw invalidSignature(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
}

/** Signs the chunks of a body that is signed as it goes: each signature covers the one before it, the first that of the head. */
export interface ChunkSigner {
  /** The signature of the head. */
  readonly seed: string;
  /** `sha256` is that of the chunk, or of the lines behind the last one. */
  readonly sign: (what: "chunk" | "trailer", before: string, sha256: string) => string;
}

/** Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks". */
export function chunkSigner({ terms, caller }: Claim): ChunkSigner | null {
  if (terms === null) return null;
  const { timestamp, scope, signature } = terms;
  const place = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const key = signingKey(caller.secretAccessKey, scope);
  return {
    seed: signature,
    sign: (what, before, sha256) => {
      const covered = what === "chunk" ? [before, EMPTY_SHA256, sha256] : [before, sha256];
      const algorithm = what === "chunk" ? `${ALGORITHM}-PAYLOAD` : "AWS4-HMAC-SHA256-TRAILER";
      return createHmac("sha256", key)
        .update([algorithm, timestamp, place, ...covered].join("\n"))
        .digest("hex");
    },
  };
}

/** The signature of a text in hex, as forms are signed; `credential` is "KEY/DATE/REGION/SERVICE/aws4_request". */
export function signatureOfText(secret: string, credential: string, text: string): string {
  return createHmac("sha256", signingKey(secret, scopeOf(credential)))
    .update(text)
    .digest("hex");
}

function invalidSignature(message: string): AwsError {
  return new AwsError("InvalidSignatureException", 403, message);
}

function incomplete(message: string): AwsError {
  return new AwsError("IncompleteSignatureException", 400, message);
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
  const bodySha256 = sha256Hex(request.body);
  const headers: Record<string, string> = {
    // S3 alone wants to be told in the head.
    ...(to.service === "s3" && { "x-amz-content-sha256": bodySha256 }),
    ...request.headers,
    "x-amz-date": timestamp,
  };
  const names = Object.keys(headers).toSorted();
  const terms: Terms = {
    scope,
    signedHeaders: names,
    signature: "",
    timestamp,
    expiresSeconds: null,
    sessionToken: undefined,
  };
  const signature = signatureOf({ ...request, headers }, terms, {
    secret: caller.secretAccessKey,
    bodySha256: headers["x-amz-content-sha256"] ?? bodySha256,
  }).toString("hex");
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credentialOf(scope)}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

export interface PresignOptions {
  readonly now: number;
  readonly expiresSeconds: number;
  /** Parameters of the request itself, without the question mark. */
  readonly query?: string;
}

/** A URL that whoever has it may GET until it expires, in the name of `caller`. */
export function presignedUrl(
  target: { readonly host: string; readonly path: string },
  caller: Pick<Caller, "accessKeyId" | "secretAccessKey" | "sessionToken">,
  to: { readonly region: string; readonly service: string },
  { now, expiresSeconds, query: asked = "" }: PresignOptions,
): string {
  const timestamp = basicTime(now);
  const scope: Scope = { accessKeyId: caller.accessKeyId, date: timestamp.slice(0, 8), ...to };
  const query = new URLSearchParams({
    ...Object.fromEntries(new URLSearchParams(asked)),
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": credentialOf(scope),
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(expiresSeconds),
    "X-Amz-SignedHeaders": "host",
    ...(caller.sessionToken !== undefined && { "X-Amz-Security-Token": caller.sessionToken }),
  });
  const { host, path } = target;
  const head: SignedHead = { method: "GET", path, query: query.toString(), headers: { host } };
  const terms: Terms = { ...queryTerms(query), signature: "", expiresSeconds };
  const signature = signatureOf(head, terms, { secret: caller.secretAccessKey, bodySha256: sha256Hex("") });
  return `http://${host}${path}?${query.toString()}&X-Amz-Signature=${signature.toString("hex")}`;
}

function credentialOf({ accessKeyId, date, region, service }: Scope): string {
  return `${accessKeyId}/${date}/${region}/${service}/aws4_request`;
}

function termsOf(head: SignedHead): Terms {
  const authorization = headerOf(head, "authorization");
  if (authorization !== undefined) return headerTerms(head, authorization);
  if (!isSigned(head)) throw unsigned();
  return presignedTerms(new URLSearchParams(head.query));
}

function headerOf({ headers }: SignedHead, name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

function headerTerms(head: SignedHead, authorization: string): Terms {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)[,\s]\s*SignedHeaders=([^,\s]+)[,\s]\s*Signature=([0-9a-f]+)$/.exec(
      authorization.trim(),
    );
  const timestamp = headerOf(head, "x-amz-date");
  if (match === null || timestamp === undefined)
    throw incomplete(
      `Authorization header requires '${ALGORITHM} Credential=…, SignedHeaders=…, Signature=…' and an 'X-Amz-Date' header.`,
    );
  const [, credential = "", signedHeaders = "", signature = ""] = match;
  return {
    scope: scopeOf(credential),
    signedHeaders: signedHeaders.split(";"),
    signature,
    timestamp,
    expiresSeconds: null,
    sessionToken: headerOf(head, "x-amz-security-token"),
  };
}

function presignedTerms(query: URLSearchParams): Terms {
  const names = [...query.keys()].filter((name) => name.startsWith("X-Amz-"));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw incomplete(`AWS query-string parameter ${twice} must not be given twice.`);
  if (query.get("X-Amz-Algorithm") !== ALGORITHM)
    throw incomplete(`AWS query-string parameters must include X-Amz-Algorithm=${ALGORITHM}.`);
  const expires = query.get("X-Amz-Expires") ?? "";
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (expiresSeconds < 1 || expiresSeconds > MAX_EXPIRES_SECONDS)
    throw incomplete(`X-Amz-Expires must be an integer between 1 and ${MAX_EXPIRES_SECONDS} (seconds).`);
  return { ...queryTerms(query), expiresSeconds };
}

function queryTerms(query: URLSearchParams): Omit<Terms, "expiresSeconds"> {
  return {
    scope: scopeOf(query.get("X-Amz-Credential") ?? ""),
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    timestamp: query.get("X-Amz-Date") ?? "",
    sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
  };
}

function scopeOf(credential: string): Scope {
  const [accessKeyId = "", date = "", region = "", service = "", end, ...rest] = credential.split("/");
  if (accessKeyId === "" || date === "" || region === "" || service === "" || end !== "aws4_request" || rest.length > 0)
    throw incomplete("Credential must have the form <access key>/<yyyymmdd>/<region>/<service>/aws4_request.");
  return { accessKeyId, date, region, service };
}

// The token proves itself, and some clients add it after they signed (IAM User Guide, "Create a signed AWS API request").
const SIGNED_BY_ITSELF = "x-amz-security-token";

/** IAM User Guide: "You must include the host header, and any x-amz-* headers in the request" among the signed headers. */
function checkSignedHeaders({ signedHeaders }: Terms, { headers }: SignedHead): void {
  const signed = new Set(signedHeaders);
  if (!signed.has("host"))
    throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-amz-") && name !== SIGNED_BY_ITSELF && !signed.has(name))
      throw invalidSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
}

function checkScope(scope: Scope, { region, service }: SignatureOptions): void {
  if (scope.region !== region)
    throw invalidSignature(`Credential should be scoped to a valid region, not '${scope.region}'. `);
  if (service !== undefined && scope.service !== service)
    throw invalidSignature(`Credential should be scoped to correct service: '${service}'. `);
}

function checkTime({ timestamp, scope, expiresSeconds }: Terms, now: number): void {
  const at = parseBasicTime(timestamp);
  if (at === null) throw incomplete(`Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`);
  const day = timestamp.slice(0, 8);
  if (day !== scope.date)
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${day}', from '${timestamp}'.`,
    );
  const allowedMs = expiresSeconds === null ? SKEW_MS : expiresSeconds * 1000;
  if (now > at + allowedMs)
    throw invalidSignature(`Signature expired: ${timestamp} is now earlier than ${basicTime(now - allowedMs)}`);
  if (at > now + SKEW_MS)
    throw invalidSignature(`Signature not yet current: ${timestamp} is still later than ${basicTime(now + SKEW_MS)}`);
}

// Clients sign many requests within one second.
let lastParsed: { readonly text: string; readonly at: number | null } = { text: "", at: null };

function parseBasicTime(text: string): number | null {
  if (lastParsed.text !== text) lastParsed = { text, at: timeOf(text) };
  return lastParsed.at;
}

function timeOf(text: string): number | null {
  if (!/^\d{8}T\d{6}Z$/.test(text)) return null;
  const part = (from: number, to: number): number => Number(text.slice(from, to));
  const at = Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15));
  // A thirteenth month is no date.
  return basicTime(at) === text ? at : null;
}

function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

interface Signing {
  readonly secret: string;
  readonly bodySha256: string;
}

function signatureOf(head: SignedHead, terms: Terms, { secret, bodySha256 }: Signing): Buffer {
  const { date, region, service } = terms.scope;
  const canonical = canonicalRequest(head, terms, bodySha256);
  const toSign = [ALGORITHM, terms.timestamp, `${date}/${region}/${service}/aws4_request`, sha256Hex(canonical)].join(
    "\n",
  );
  return createHmac("sha256", signingKey(secret, terms.scope)).update(toSign).digest();
}

function canonicalRequest(
  head: SignedHead,
  { scope, signedHeaders, expiresSeconds }: Terms,
  bodySha256: string,
): string {
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(headerOf(head, name) ?? "")}\n`).join("");
  // S3 alone lets a body go unsigned ("UNSIGNED-PAYLOAD"), and always does so for presigned URLs.
  const isUnsigned = expiresSeconds !== null || headerOf(head, "x-amz-content-sha256") === "UNSIGNED-PAYLOAD";
  return [
    head.method,
    canonicalPath(head.path, scope.service),
    canonicalQuery(head.query),
    headers,
    signedHeaders.join(";"),
    scope.service === "s3" && isUnsigned ? "UNSIGNED-PAYLOAD" : bodySha256,
  ].join("\n");
}

function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return /\s\s|[^\S ]/.test(trimmed) ? trimmed.replace(/\s+/g, " ") : trimmed;
}

// Every service but S3 signs the path normalised (RFC 3986 5.2.4) and encoded once more than it is sent.
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path;
  return withoutDots(path).split("/").map(encode).join("/");
}

function withoutDots(path: string): string {
  if (!/\/[./]/.test(path)) return path;
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "." && segment !== "") kept.push(segment);
  }
  const isFolder = kept.length > 0 && /(\/|\/\.|\/\.\.)$/.test(path);
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
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
  // A lone surrogate cannot be encoded; it came out of no client's signing.
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function sha256Hex(data: string | Uint8Array): string {
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
