/** Signatures, on AWS's own published test vectors and on requests that were tampered with. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { callers, functionCredentials } from "./credentials.ts";
import {
  type Caller,
  presignedUrl,
  type SignatureOptions,
  type SignedRequest,
  signedHeaders,
  verifySignature,
} from "./sign.ts";

// The key, moment and scope of the published suite (aws-sig-v4-test-suite).
const KEY: Caller = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  arn: "arn:aws:iam::000000000000:root",
};
const AT = Date.UTC(2015, 7, 30, 12, 36, 0);
const options = (now = AT): SignatureOptions => ({ now, region: "us-east-1" });
const find = (id: string): Caller | null => (id === KEY.accessKeyId ? KEY : null);

function vector(method: string, url: string, signature: string): SignedRequest {
  const [path = "/", query = ""] = url.split("?");
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  return {
    method,
    path,
    query,
    headers: { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z", authorization },
    body: new Uint8Array(),
  };
}

const vectors: readonly (readonly [string, SignedRequest])[] = [
  ["get-vanilla", vector("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")],
  ["post-vanilla", vector("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")],
  [
    "get-vanilla-query-order-key-case",
    vector("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
  ],
];
for (const [name, request] of vectors) {
  test(`signature: accepts ${name}`, () => {
    assert.deepEqual(verifySignature(request, find, options()).caller, KEY);
  });
}

function signed(
  change: Partial<SignedRequest> = {},
  key: Pick<Caller, "accessKeyId" | "secretAccessKey"> = KEY,
): SignedRequest {
  const request: SignedRequest = {
    method: "POST",
    path: "/2015-03-31/functions/a%3Ab/invocations",
    query: "Qualifier=%24LATEST",
    headers: { host: "127.0.0.1:4566" },
    body: Buffer.from("{}"),
  };
  const headers = signedHeaders(request, key, { region: "us-east-1", service: "lambda" }, AT);
  return { ...request, headers, ...change };
}

test("signature: what we sign we accept", () => {
  assert.equal(verifySignature(signed(), find, options()).service, "lambda");
});

/** With another list of signed headers than those that there are. */
function signedOnly(names: readonly string[], more: Readonly<Record<string, string>> = {}): SignedRequest {
  const request = signed();
  const { authorization = "" } = request.headers;
  const claimed = authorization.replace(/SignedHeaders=[^,]+/, `SignedHeaders=${names.join(";")}`);
  return { ...request, headers: { ...request.headers, ...more, authorization: claimed } };
}

function dated(timestamp: string): SignedRequest {
  const request = signed();
  return { ...request, headers: { ...request.headers, "x-amz-date": timestamp } };
}

/** A URL that is right for a minute, with some parameters changed. */
function presigned(changes: Readonly<Record<string, string>>): SignedRequest {
  const target = { host: "127.0.0.1:4566", path: "/_code/abc" };
  const url = new URL(
    presignedUrl(target, KEY, { region: "us-east-1", service: "lambda" }, { now: AT, expiresSeconds: 60 }),
  );
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value);
  return {
    method: "GET",
    path: url.pathname,
    query: url.search.slice(1),
    headers: { host: url.host },
    body: new Uint8Array(),
  };
}

test("signature: a presigned URL is accepted until it expires", () => {
  assert.equal(verifySignature(presigned({}), find, options(AT + 59_000)).service, "lambda");
});

const refusals: readonly {
  readonly title: string;
  readonly request: SignedRequest;
  readonly at?: number;
  readonly narrowed?: Partial<SignatureOptions>;
  readonly code: string;
}[] = [
  { title: "another body", request: signed({ body: Buffer.from("{ }") }), code: "InvalidSignatureException" },
  {
    title: "another path",
    request: signed({ path: "/2015-03-31/functions/other/invocations" }),
    code: "InvalidSignatureException",
  },
  { title: "another query", request: signed({ query: "" }), code: "InvalidSignatureException" },
  { title: "another method", request: signed({ method: "PUT" }), code: "InvalidSignatureException" },
  {
    title: "another secret",
    request: signed({}, { ...KEY, secretAccessKey: "wrong" }),
    code: "InvalidSignatureException",
  },
  {
    title: "a key that nobody has",
    request: signed({}, { ...KEY, accessKeyId: "AKIDNOBODY" }),
    code: "UnrecognizedClientException",
  },
  {
    title: "no signature at all",
    request: signed({ headers: { host: "x" } }),
    code: "MissingAuthenticationTokenException",
  },
  {
    title: "a mangled header",
    request: signed({ headers: { authorization: "AWS4-HMAC-SHA256 nonsense", "x-amz-date": "20150830T123600Z" } }),
    code: "IncompleteSignatureException",
  },
  { title: "a request of ten minutes ago", request: signed(), at: AT + 600_000, code: "InvalidSignatureException" },
  { title: "a request of the future", request: signed(), at: AT - 600_000, code: "InvalidSignatureException" },
  {
    title: "another region",
    request: signed(),
    narrowed: { region: "eu-west-1" },
    code: "InvalidSignatureException",
  },
  {
    title: "another service",
    request: signed(),
    narrowed: { service: "dynamodb" },
    code: "InvalidSignatureException",
  },
  { title: "a host that is not signed", request: signedOnly(["x-amz-date"]), code: "InvalidSignatureException" },
  {
    title: "a target that is not signed",
    request: signedOnly(["host", "x-amz-date"], { "x-amz-target": "DynamoDB_20120810.DeleteTable" }),
    code: "InvalidSignatureException",
  },
  { title: "a thirteenth month", request: dated("20151330T123600Z"), code: "IncompleteSignatureException" },
  ...["abc", "0", "-1", "1.5", "604801", ""].map((expires) => ({
    title: `X-Amz-Expires=${expires}`,
    request: presigned({ "X-Amz-Expires": expires }),
    code: "IncompleteSignatureException",
  })),
  {
    title: "another algorithm in a URL",
    request: presigned({ "X-Amz-Algorithm": "AWS4-HMAC-SHA1" }),
    code: "IncompleteSignatureException",
  },
  { title: "a URL that expired", request: presigned({}), at: AT + 61_000, code: "InvalidSignatureException" },
  {
    title: "a URL with a parameter twice",
    request: { ...presigned({}), query: `${presigned({}).query}&X-Amz-Date=20150830T123600Z` },
    code: "IncompleteSignatureException",
  },
];
for (const { title, request, at = AT, code, narrowed } of refusals) {
  test(`signature: refuses ${title}`, () => {
    assert.throws(
      () => verifySignature(request, find, { ...options(at), ...narrowed }),
      (thrown: unknown) => thrown instanceof AwsError && thrown.code === code,
    );
  });
}

const ROOT = { accessKeyId: "AKIAROOT", secretAccessKey: "root-secret", accountId: "000000000000" };

const OF = { namespace: "default", name: "users", uid: "u1" };

test("session credentials sign until they expire, and cannot be forged", () => {
  const session = functionCredentials(ROOT, "arn:aws:iam::000000000000:role/reader", OF, AT);
  const find = callers(ROOT);
  const caller = find(session.accessKeyId, session.sessionToken, AT + 1000);
  assert.deepEqual(
    [caller?.arn, caller?.secretAccessKey, caller?.functionOf],
    ["arn:aws:sts::000000000000:assumed-role/reader/users", session.secretAccessKey, OF],
  );
  assert.equal(find("ASIAOTHER", session.sessionToken, AT), null);
  assert.equal(find(session.accessKeyId, session.sessionToken.replace(/.$/, "~"), AT), null);
  assert.throws(() => find(session.accessKeyId, session.sessionToken, AT + 13 * 3_600_000), /expired/);
});

test("a session key without its token, and the root key with any token, are nobody's", () => {
  const session = functionCredentials(ROOT, "arn:aws:iam::000000000000:role/reader", OF, AT);
  const find = callers(ROOT);
  assert.equal(find(session.accessKeyId, undefined, AT), null);
  for (const token of ["garbage", "a.b", session.sessionToken, ""])
    assert.equal(find(ROOT.accessKeyId, token, AT), null);
});
