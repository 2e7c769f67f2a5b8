/** Signatures, on AWS's own published test vectors and on requests that were tampered with. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { callers, sessionCredentials } from "./credentials.ts";
import { type Caller, type SignedRequest, signedHeaders, verifySignature } from "./sign.ts";

// The key, moment and scope of the published suite (aws-sig-v4-test-suite).
const KEY: Caller = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  arn: "arn:aws:iam::000000000000:root",
};
const AT = Date.UTC(2015, 7, 30, 12, 36, 0);
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
    assert.deepEqual(verifySignature(request, find, AT), { caller: KEY, region: "us-east-1", service: "service" });
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
  assert.equal(verifySignature(signed(), find, AT).service, "lambda");
});

const refusals: readonly {
  readonly title: string;
  readonly request: SignedRequest;
  readonly at?: number;
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
];
for (const { title, request, at = AT, code } of refusals) {
  test(`signature: refuses ${title}`, () => {
    assert.throws(
      () => verifySignature(request, find, at),
      (thrown: unknown) => thrown instanceof AwsError && thrown.code === code,
    );
  });
}

const ROOT = { accessKeyId: "AKIAROOT", secretAccessKey: "root-secret", accountId: "000000000000" };

test("session credentials sign until they expire, and cannot be forged", () => {
  const session = sessionCredentials(ROOT, "arn:aws:iam::000000000000:role/reader", "users", AT);
  const caller = callers(ROOT)(session.accessKeyId, session.sessionToken, AT + 1000);
  assert.deepEqual(
    [caller?.arn, caller?.secretAccessKey],
    ["arn:aws:sts::000000000000:assumed-role/reader/users", session.secretAccessKey],
  );
  assert.equal(callers(ROOT)("ASIAOTHER", session.sessionToken, AT), null);
  assert.equal(callers(ROOT)(session.accessKeyId, session.sessionToken.replace(/.$/, "~"), AT), null);
  assert.throws(() => callers(ROOT)(session.accessKeyId, session.sessionToken, AT + 37 * 3_600_000), /expired/);
});
