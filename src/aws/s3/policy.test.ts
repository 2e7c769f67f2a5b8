/** Policies of buckets: which are taken, which are public, what stands on a bucket, and forms that prove who sent them. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { readPolicy } from "#policy/iam/document.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import { signatureOfText } from "../sign.ts";
import { type BucketDoor, elementsOf, openBucketDoor, outcomeOf } from "./bucket-door.ts";
import { isPublic, policyOn } from "./policy.ts";

function opened(): Promise<BucketDoor> {
  return openBucketDoor({
    journal: new MemoryJournal(new FakeClock()),
    database: new MemoryDatabase(),
    bytes: new MemoryObjectBytes(),
  });
}

const statement = (facts: object = {}): object => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::docs/*",
  ...facts,
});
const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

const meant: readonly (readonly [title: string, text: string, isPublic: boolean])[] = [
  ["everybody", policy(statement()), true],
  ["everybody of AWS", policy(statement({ Principal: { AWS: "*" } })), true],
  ["one account", policy(statement({ Principal: { AWS: "111111111111" } })), false],
  ["nobody", policy(statement({ Effect: "Deny" })), false],
  ["everybody but one", policy(statement({ Principal: undefined, NotPrincipal: { AWS: "111111111111" } })), true],
  ["everybody at one place", policy(statement({ Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } })), false],
  ["everybody over TLS", policy(statement({ Condition: { Bool: { "aws:SecureTransport": "true" } } })), true],
];
for (const [title, text, expected] of meant)
  test(`a policy for ${title} is ${expected ? "" : "not "}public`, () =>
    assert.equal(isPublic(readPolicy(text, { kind: "resource" })), expected));

test("a public policy is taken and stands only where it is not blocked", async () => {
  await using s3 = await opened();
  const world = {
    accountId: "000000000000",
    region: "us-east-1",
    namespace: "default",
    buckets: s3.buckets,
    pushes: { accept: async () => {} },
  };
  const standing = (): Promise<string | null> => policyOn(world)("arn:aws:s3:::docs/a/b");
  assert.equal(outcomeOf(await s3.ask("GET /docs?policy")), "404 NoSuchBucketPolicy");
  assert.equal(outcomeOf(await s3.ask("PUT /docs?policy", { body: policy(statement()) })), "403 AccessDenied");
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?publicAccessBlock"), "BlockPublicPolicy"), ["true"]);
  const block = (restricted: boolean): { readonly body: string } => ({
    body: `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>${restricted}</RestrictPublicBuckets></PublicAccessBlockConfiguration>`,
  });
  await s3.ask("PUT /docs?publicAccessBlock", block(true));
  assert.deepEqual((await s3.buckets.find("default", "docs"))?.spec.publicAccess, {
    blockAcls: true,
    ignoreAcls: false,
    blockPolicies: false,
    restrictBuckets: true,
  });
  assert.equal((await s3.ask("PUT /docs?policy", { body: policy(statement()) })).status, 204);
  assert.equal(await standing(), null);
  await s3.ask("PUT /docs?publicAccessBlock", block(false));
  assert.equal(await standing(), policy(statement()));
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?policyStatus"), "IsPublic"), ["true"]);
  assert.equal((await s3.ask("GET /docs?policy")).body.toString(), policy(statement()));
  await s3.ask("DELETE /docs?publicAccessBlock");
  assert.equal(outcomeOf(await s3.ask("GET /docs?publicAccessBlock")), "404 NoSuchPublicAccessBlockConfiguration");
  await s3.ask("DELETE /docs?policy");
  assert.equal(await standing(), null);
});

test("a policy that is none, or about another bucket, is not taken", async () => {
  await using s3 = await opened();
  for (const body of ["{", policy(statement({ Resource: "arn:aws:s3:::other/*" })), policy({ Effect: "Allow" })])
    assert.equal(outcomeOf(await s3.ask("PUT /docs?policy", { body })), "400 MalformedPolicy");
});

type Fields = Readonly<Record<string, string>>;

function post(
  port: number,
  fields: Fields,
  file: string,
): Promise<{ readonly outcome: string; readonly headers: Readonly<Record<string, unknown>>; readonly text: string }> {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const body = `${parts.join("")}--b\r\nContent-Disposition: form-data; name="file"; filename="my.txt"\r\nContent-Type: text/plain\r\n\r\n${file}\r\n--b--\r\n`;
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "multipart/form-data; boundary=b", "content-length": Buffer.byteLength(body) };
    const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/docs", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () =>
        resolve({
          outcome: `${response.statusCode ?? 0} ${/<Code>(\w+)/.exec(text)?.[1] ?? ""}`,
          headers: response.headers,
          text,
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const encoded = (conditions: readonly unknown[], expiration = "2026-11-28T00:00:00Z"): string =>
  Buffer.from(JSON.stringify({ expiration, conditions: [{ bucket: "docs" }, ...conditions] })).toString("base64");

function signed(text: string, fields: Fields): Fields {
  const credential = "AKIATEST/20261127/us-east-1/s3/aws4_request";
  const proof = {
    "x-amz-credential": credential,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-date": "20261127T000000Z",
  };
  return { ...fields, policy: text, ...proof, "x-amz-signature": signatureOfText("secret", credential, text) };
}

const COMMON = [
  ["starts-with", "$key", "up/"],
  ["starts-with", "$x-amz-credential", ""],
  { "x-amz-algorithm": "AWS4-HMAC-SHA256" },
  ["starts-with", "$x-amz-date", ""],
];

test("a form whose policy is signed puts its file; both signatures are known", async () => {
  await using s3 = await opened();
  const text = encoded([
    ...COMMON,
    ["content-length-range", 1, 10],
    { "x-amz-meta-a": "1" },
    { success_action_status: "201" },
  ]);
  const fields = { key: "up/${filename}", "x-amz-meta-a": "1", success_action_status: "201" };
  const done = await post(s3.port, signed(text, fields), "content");
  assert.equal(done.outcome, "201 ");
  assert.match(done.text, /<Key>up\/my.txt<\/Key>/);
  const got = await s3.ask("GET /docs/up/my.txt");
  assert.deepEqual(
    [got.body.toString(), got.headers["content-type"], got.headers["x-amz-meta-a"]],
    ["content", "text/plain", "1"],
  );
  assert.equal((await post(s3.port, signed(text, fields), "more than ten bytes")).outcome, "400 EntityTooLarge");
  const older = encoded([["starts-with", "$key", ""]]);
  const signature = createHmac("sha1", "secret").update(older).digest("base64");
  assert.equal(
    (await post(s3.port, { key: "old", AWSAccessKeyId: "AKIATEST", policy: older, signature }, "x")).outcome,
    "204 ",
  );
});

test("a form that does not keep to its policy is refused", async () => {
  await using s3 = await opened();
  const text = encoded(COMMON);
  const cases: readonly (readonly [title: string, fields: Fields, expected: string])[] = [
    ["another key", signed(text, { key: "down/a" }), "403 AccessDenied"],
    ["a field more", signed(text, { key: "up/a", "x-amz-meta-b": "1" }), "403 AccessDenied"],
    ["too late", signed(encoded(COMMON, "2026-11-26T00:00:00Z"), { key: "up/a" }), "403 AccessDenied"],
    ["another policy", { ...signed(text, { key: "up/a" }), policy: encoded([]) }, "403 SignatureDoesNotMatch"],
    [
      "a key that nobody has",
      { ...signed(text, { key: "up/a" }), "x-amz-credential": "AKIANONE/20261127/us-east-1/s3/aws4_request" },
      "403 InvalidAccessKeyId",
    ],
    ["no key", signed(text, {}), "400 InvalidArgument"],
  ];
  for (const [title, fields, expected] of cases)
    assert.equal((await post(s3.port, fields, "x")).outcome, expected, title);
});

function unsigned(port: number, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve(`${response.statusCode ?? 0} ${/<Code>(\w+)/.exec(text)?.[1] ?? text}`));
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("who does not sign may what the policy lets everybody, and nothing else", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/a", { body: "shared" });
  assert.equal(await unsigned(s3.port, "GET", "/docs/a"), "403 AccessDenied");
  await s3.ask("DELETE /docs?publicAccessBlock");
  await s3.ask("PUT /docs?policy", { body: policy(statement()) });
  assert.equal(await unsigned(s3.port, "GET", "/docs/a"), "200 shared");
  for (const line of ["PUT /docs/a", "DELETE /docs/a", "GET /docs?list-type=2", "GET /docs?policy"]) {
    const [method = "", path = ""] = line.split(" ");
    assert.equal(await unsigned(s3.port, method, path), "403 AccessDenied", line);
  }
});
