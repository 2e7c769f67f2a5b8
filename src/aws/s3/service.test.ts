/** S3 at the door: objects with their heads, ranges, conditions and checksums, lists, and what is refused. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import type { BareAnswer } from "../bare-door.ts";
import { type BucketDoor, elementsOf as all, openBucketDoor, outcomeOf as codeOf } from "./bucket-door.ts";

const text = ({ body }: BareAnswer): string => body.toString();
const base64Crc = (body: string): string => {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(body));
  return digest.toString("base64");
};

function opened(): Promise<BucketDoor> {
  return openBucketDoor({
    journal: new MemoryJournal(new FakeClock()),
    database: new MemoryDatabase(),
    bytes: new MemoryObjectBytes(),
  });
}

test("an object is given back with its head, whole and in ranges", async () => {
  await using s3 = await opened();
  const headers = {
    "content-type": "text/plain",
    "x-amz-meta-a": "1",
    "cache-control": "no-cache",
    "content-encoding": "aws-chunked,gzip",
  };
  const put = await s3.ask("PUT /docs/a/b%20c+d.txt", { headers, body: "hello world" });
  const etag = `"${createHash("md5").update("hello world").digest("hex")}"`;
  assert.deepEqual([put.status, put.headers["etag"], put.headers["x-amz-version-id"]], [200, etag, undefined]);
  const got = await s3.ask("GET /docs/a/b%20c+d.txt");
  assert.deepEqual(
    [
      "content-type",
      "x-amz-meta-a",
      "cache-control",
      "content-encoding",
      "etag",
      "content-length",
      "x-amz-server-side-encryption",
    ].map((name) => got.headers[name]),
    ["text/plain", "1", "no-cache", "gzip", etag, "11", "AES256"],
  );
  assert.equal(text(got), "hello world");
  const head = await s3.ask("HEAD /docs/a/b%20c+d.txt");
  assert.deepEqual([head.status, head.headers["content-length"], text(head)], [200, "11", ""]);
  const ranges: readonly (readonly [range: string, status: number, body: string, said: string | undefined])[] = [
    ["bytes=0-4", 206, "hello", "bytes 0-4/11"],
    ["bytes=6-", 206, "world", "bytes 6-10/11"],
    ["bytes=-3", 206, "rld", "bytes 8-10/11"],
    ["bytes=4-400", 206, "o world", "bytes 4-10/11"],
    ["bytes=5-2", 200, "hello world", undefined],
    ["lines=1-2", 200, "hello world", undefined],
  ];
  for (const [range, status, body, said] of ranges) {
    const answer = await s3.ask("GET /docs/a/b%20c+d.txt", { headers: { range } });
    assert.deepEqual([answer.status, text(answer), answer.headers["content-range"]], [status, body, said], range);
  }
  assert.equal(
    codeOf(await s3.ask("GET /docs/a/b%20c+d.txt", { headers: { range: "bytes=11-" } })),
    "416 InvalidRange",
  );
  const other = await s3.ask(
    "GET /docs/a/b%20c+d.txt?response-content-type=a/b&response-expires=Thu%2C%2001%20Dec%202026%2016:00:00%20GMT",
  );
  assert.deepEqual([other.headers["content-type"], other.headers["expires"]], ["a/b", "Tue, 01 Dec 2026 16:00:00 GMT"]);
});

test("conditions on reads and writes are those of HTTP", async () => {
  await using s3 = await opened();
  const etag = String((await s3.ask("PUT /docs/k", { body: "1" })).headers["etag"]);
  const [past, future] = ["Thu, 01 Jan 2026 00:00:00 GMT", "Sat, 03 Jan 2026 00:00:00 GMT"];
  const cases: readonly (readonly [method: string, headers: Record<string, string>, expected: string])[] = [
    ["GET", { "if-match": etag }, "200 "],
    ["GET", { "if-match": '"x"' }, "412 PreconditionFailed"],
    ["GET", { "if-none-match": etag }, "304 "],
    ["GET", { "if-none-match": "*" }, "304 "],
    ["GET", { "if-modified-since": future }, "304 "],
    ["GET", { "if-modified-since": past }, "200 "],
    ["GET", { "if-unmodified-since": past }, "412 PreconditionFailed"],
    ["GET", { "if-match": etag, "if-unmodified-since": past }, "200 "],
    ["GET", { "if-none-match": '"x"', "if-modified-since": future }, "200 "],
    ["PUT", { "if-none-match": "*" }, "412 PreconditionFailed"],
    ["PUT", { "if-match": '"x"' }, "412 PreconditionFailed"],
    ["PUT", { "if-match": etag }, "200 "],
    ["DELETE", { "if-match": '"x"' }, "412 PreconditionFailed"],
  ];
  for (const [method, headers, expected] of cases)
    assert.equal(
      codeOf(await s3.ask(`${method} /docs/k`, { headers, ...(method === "PUT" && { body: "1" }) })),
      expected,
      JSON.stringify([method, headers]),
    );
  assert.equal(codeOf(await s3.ask("PUT /docs/new", { headers: { "if-match": etag } })), "404 NoSuchKey");
  assert.equal(codeOf(await s3.ask("PUT /docs/new", { headers: { "if-none-match": "*" } })), "200 ");
});

test("a body that is not what its digests say is not kept", async () => {
  await using s3 = await opened();
  const body = "content";
  const good = {
    "x-amz-checksum-crc32": base64Crc(body),
    "content-md5": createHash("md5").update(body).digest("base64"),
  };
  const put = await s3.ask("PUT /docs/k", { headers: good, body });
  assert.deepEqual(
    [put.status, put.headers["x-amz-checksum-crc32"], put.headers["x-amz-checksum-type"]],
    [200, good["x-amz-checksum-crc32"], "FULL_OBJECT"],
  );
  const asked = await s3.ask("HEAD /docs/k", { headers: { "x-amz-checksum-mode": "ENABLED" } });
  assert.equal(asked.headers["x-amz-checksum-crc32"], good["x-amz-checksum-crc32"]);
  const cases: readonly (readonly [headers: Record<string, string>, expected: string])[] = [
    [{ "x-amz-checksum-crc32": base64Crc("other") }, "400 BadDigest"],
    [{ "x-amz-checksum-crc32": "no" }, "400 InvalidRequest"],
    [
      {
        "x-amz-checksum-crc32": base64Crc(body),
        "x-amz-checksum-sha1": createHash("sha1").update(body).digest("base64"),
      },
      "400 InvalidRequest",
    ],
    [{ "content-md5": createHash("md5").update("other").digest("base64") }, "400 BadDigest"],
    [{ "content-md5": "no" }, "400 InvalidDigest"],
    [{ "x-amz-content-sha256": createHash("sha256").update("other").digest("hex") }, "400 XAmzContentSHA256Mismatch"],
    [{ "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }, "200 "],
    [{ "x-amz-content-sha256": "SIGNED" }, "400 InvalidArgument"],
  ];
  for (const [headers, expected] of cases)
    assert.equal(codeOf(await s3.ask("PUT /docs/other", { headers, body })), expected, JSON.stringify(headers));
  for (const algorithm of ["sha1", "sha256", "sha512"])
    assert.equal(
      (
        await s3.ask("PUT /docs/k", {
          headers: { [`x-amz-checksum-${algorithm}`]: createHash(algorithm).update(body).digest("base64") },
          body,
        })
      ).status,
      200,
    );
});

test("chunks with a trailer are taken apart, and their checksum compared", async () => {
  await using s3 = await opened();
  const put = (body: string, crc: string) =>
    s3.ask("PUT /docs/k", {
      headers: {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(body.length),
        "x-amz-trailer": "x-amz-checksum-crc32",
      },
      body: `${(5).toString(16)}\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
    });
  assert.equal(codeOf(await put("hello world", base64Crc("hello world"))), "200 ");
  assert.equal(text(await s3.ask("GET /docs/k")), "hello world");
  assert.equal(codeOf(await put("hello earth", base64Crc("hello world"))), "400 BadDigest");
  assert.equal(text(await s3.ask("GET /docs/k")), "hello world");
  assert.equal((await s3.ask("GET /docs/k")).headers["content-encoding"], undefined);
});

test("lists come in pages, with prefixes and a delimiter, in both versions", async () => {
  await using s3 = await opened();
  for (const key of ["a.txt", "dir/1", "dir/2", "dir/sub/3", "e%20%26+f", "z"]) await s3.ask(`PUT /docs/${key}`);
  const first = await s3.ask("GET /docs?list-type=2&max-keys=2&delimiter=/");
  assert.deepEqual(
    [all(first, "Key"), all(first, "Prefix"), all(first, "KeyCount"), all(first, "IsTruncated")],
    [["a.txt"], ["", "dir/"], ["2"], ["true"]],
  );
  const [token = ""] = all(first, "NextContinuationToken");
  const second = await s3.ask(`GET /docs?list-type=2&delimiter=/&encoding-type=url&continuation-token=${token}`);
  assert.deepEqual([all(second, "Key"), all(second, "IsTruncated")], [["e%20%26%2Bf", "z"], ["false"]]);
  assert.deepEqual(all(await s3.ask("GET /docs?list-type=2&start-after=dir/2"), "Key"), [
    "dir/sub/3",
    "e &#38;+f",
    "z",
  ]);
  const old = await s3.ask("GET /docs?prefix=dir/&delimiter=/&max-keys=2");
  assert.deepEqual([all(old, "Key"), all(old, "NextMarker")], [["dir/1", "dir/2"], ["dir/2"]]);
  assert.deepEqual(all(await s3.ask("GET /docs?prefix=dir/&delimiter=/&marker=dir/2"), "Prefix"), ["dir/", "dir/sub/"]);
  assert.equal(codeOf(await s3.ask("GET /docs?list-type=2&continuation-token=x")), "400 InvalidArgument");
  assert.equal(codeOf(await s3.ask("GET /docs?max-keys=-1")), "400 InvalidArgument");
});

test("many objects are deleted at once; what is not there is deleted, too", async () => {
  await using s3 = await opened();
  for (const key of ["1", "2"]) await s3.ask(`PUT /docs/${key}`, { body: "x" });
  const body = "<Delete><Object><Key>1</Key></Object><Object><Key>none</Key></Object></Delete>";
  const deleted = await s3.ask("POST /docs?delete", {
    body,
    headers: { "content-md5": createHash("md5").update(body).digest("base64") },
  });
  assert.deepEqual([deleted.status, all(deleted, "Key")], [200, ["1", "none"]]);
  assert.deepEqual(all(await s3.ask("GET /docs?list-type=2"), "Key"), ["2"]);
  assert.equal(
    codeOf(
      await s3.ask("POST /docs?delete", {
        body,
        headers: { "content-md5": createHash("md5").update("x").digest("base64") },
      }),
    ),
    "400 BadDigest",
  );
  assert.equal(codeOf(await s3.ask("DELETE /docs")), "409 BucketNotEmpty");
  assert.equal((await s3.ask("DELETE /docs/2")).status, 204);
  assert.equal((await s3.ask("DELETE /docs")).status, 204);
  assert.equal(codeOf(await s3.ask("GET /docs?list-type=2")), "404 NoSuchBucket");
});

test("a copy keeps what is said of its source, or says something else", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/a%20b", { headers: { "content-type": "text/plain", "x-amz-meta-m": "1" }, body: "copied" });
  const copy = await s3.ask("PUT /docs/copy", { headers: { "x-amz-copy-source": "/docs/a%20b" } });
  assert.match(text(copy), /<CopyObjectResult/);
  const kept = await s3.ask("GET /docs/copy");
  assert.deepEqual(
    [text(kept), kept.headers["content-type"], kept.headers["x-amz-meta-m"]],
    ["copied", "text/plain", "1"],
  );
  const replace = { "x-amz-copy-source": "docs/a%20b", "x-amz-metadata-directive": "REPLACE", "x-amz-meta-n": "2" };
  await s3.ask("PUT /docs/copy", { headers: replace });
  const replaced = await s3.ask("HEAD /docs/copy");
  assert.deepEqual(
    [replaced.headers["x-amz-meta-m"], replaced.headers["x-amz-meta-n"], replaced.headers["content-type"]],
    [undefined, "2", "binary/octet-stream"],
  );
  assert.equal(
    codeOf(await s3.ask("PUT /docs/copy", { headers: { "x-amz-copy-source": "docs/copy" } })),
    "400 InvalidRequest",
  );
  assert.equal(
    codeOf(await s3.ask("PUT /docs/copy", { headers: { "x-amz-copy-source": "docs/none" } })),
    "404 NoSuchKey",
  );
  assert.equal(
    codeOf(
      await s3.ask("PUT /docs/copy", {
        headers: { "x-amz-copy-source": "docs/a%20b", "x-amz-copy-source-if-none-match": "*" },
      }),
    ),
    "412 PreconditionFailed",
  );
});

test("buckets are named in the path or in the host", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/k/", { body: "folder" });
  for (const host of [
    "docs.localhost:4566",
    "docs.s3.localhost",
    "docs.s3.us-east-1.amazonaws.com",
    "docs.s3.localhost:80",
  ])
    assert.equal(text(await s3.ask("GET /k/", { headers: { host } })), "folder", host);
  assert.equal(text(await s3.ask("GET /docs/k/", { headers: { host: "localhost:4566" } })), "folder");
  assert.equal(codeOf(await s3.ask("GET /docs/k")), "404 NoSuchKey");
  assert.deepEqual(all(await s3.ask("GET /"), "Name"), ["docs"]);
});

test("a bucket that keeps versions hides what is deleted, and gives it by its version", async () => {
  await using s3 = await opened();
  const enable = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  assert.equal((await s3.ask("PUT /docs?versioning", { body: enable })).status, 200);
  assert.deepEqual(all(await s3.ask("GET /docs?versioning"), "Status"), ["Enabled"]);
  const version = String((await s3.ask("PUT /docs/k", { body: "1" })).headers["x-amz-version-id"]);
  await s3.ask("PUT /docs/k", { body: "2" });
  const deleted = await s3.ask("DELETE /docs/k");
  assert.equal(deleted.headers["x-amz-delete-marker"], "true");
  const gone = await s3.ask("GET /docs/k");
  assert.deepEqual([codeOf(gone), gone.headers["x-amz-delete-marker"]], ["404 NoSuchKey", "true"]);
  assert.equal(text(await s3.ask(`GET /docs/k?versionId=${version}`)), "1");
  const marker = String(deleted.headers["x-amz-version-id"]);
  assert.equal(codeOf(await s3.ask(`GET /docs/k?versionId=${marker}`)), "405 MethodNotAllowed");
  await s3.ask(`DELETE /docs/k?versionId=${marker}`);
  assert.equal(text(await s3.ask("GET /docs/k")), "2");
  assert.equal(codeOf(await s3.ask("GET /docs/k?versionId=none")), "404 NoSuchVersion");
});

test("what is not served is refused by name", async () => {
  await using s3 = await opened();
  const cases: readonly (readonly [line: string, headers: Record<string, string>, expected: string])[] = [
    ["GET /docs?torrent", {}, "501 NotImplemented"],
    ["PUT /docs?accelerate", {}, "501 NotImplemented"],
    ["PUT /docs/k", { "x-amz-acl": "public-read" }, "501 NotImplemented"],
    ["PUT /docs/k", { "x-amz-server-side-encryption": "aws:kms" }, "501 NotImplemented"],
    ["PUT /docs/k", { "x-amz-storage-class": "GLACIER" }, "501 NotImplemented"],
    ["PUT /docs/k", { "x-amz-expected-bucket-owner": "111111111111" }, "403 AccessDenied"],
    ["PUT /Docs", {}, "400 InvalidBucketName"],
    [`PUT /docs/${"k".repeat(1_025)}`, {}, "400 KeyTooLongError"],
  ];
  for (const [line, headers, expected] of cases)
    assert.equal(codeOf(await s3.ask(line, { headers })), expected, line.slice(0, 80));
});

test("a bucket is made once, with its tags", async () => {
  await using s3 = await opened();
  const body =
    "<CreateBucketConfiguration><Tags><Tag><Key>team</Key><Value>a</Value></Tag></Tags></CreateBucketConfiguration>";
  assert.equal(codeOf(await s3.ask("PUT /tagged", { body })), "200 ");
  assert.equal(codeOf(await s3.ask("PUT /tagged")), "200 ");
  const tagged = await s3.buckets.find("default", "tagged");
  assert.deepEqual(tagged?.spec.tags, { team: "a" });
  const elsewhere =
    "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
  assert.equal(codeOf(await s3.ask("PUT /elsewhere", { body: elsewhere })), "400 IllegalLocationConstraintException");
});
