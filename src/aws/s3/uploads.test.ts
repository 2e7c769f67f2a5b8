/** Uploads in parts at the door: parts, copies of ranges, checksums of both types, what completing refuses, and lists. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import type { BareAnswer } from "../bare-door.ts";
import { type BucketDoor, elementsOf, openBucketDoor, outcomeOf } from "./bucket-door.ts";

const MIN = 5 * 1024 * 1024;
const big = Buffer.alloc(MIN, "abcdefg");
const small = Buffer.from("the end");

function opened(): Promise<BucketDoor> {
  return openBucketDoor({
    journal: new MemoryJournal(new FakeClock()),
    database: new MemoryDatabase(),
    bytes: new MemoryObjectBytes(),
  });
}

async function begin(s3: BucketDoor, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const [upload = ""] = elementsOf(await s3.ask("POST /docs/k?uploads", { headers }), "UploadId");
  return upload;
}

interface SentPart {
  readonly number: number;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

async function part(s3: BucketDoor, upload: string, { number, body, headers = {} }: SentPart): Promise<string> {
  const put = await s3.ask(`PUT /docs/k?partNumber=${number}&uploadId=${upload}`, { body, headers });
  assert.equal(outcomeOf(put), "200 ");
  return String(put.headers["etag"]);
}

const listOf = (parts: readonly (readonly [number: number, etag: string, more?: string])[]): string =>
  `<CompleteMultipartUpload>${parts.map(([number, etag, more = ""]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`).join("")}</CompleteMultipartUpload>`;

const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest();
const crc = (bytes: Uint8Array): Buffer => {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest;
};

test("parts become one object with the ETag of their ETags, read by part and by range", async () => {
  await using s3 = await opened();
  const upload = await begin(s3, { "content-type": "text/plain", "x-amz-meta-a": "1" });
  const etags = [await part(s3, upload, { number: 2, body: small }), await part(s3, upload, { number: 1, body: big })];
  const done = await s3.ask(`POST /docs/k?uploadId=${upload}`, {
    body: listOf([
      [1, etags[1] ?? ""],
      [2, etags[0] ?? ""],
    ]),
  });
  const etag = `${createHash("md5").update(md5(big)).update(md5(small)).digest("hex")}-2`;
  assert.deepEqual([done.status, elementsOf(done, "ETag")], [200, [`&#34;${etag}&#34;`]]);
  const got = await s3.ask("GET /docs/k");
  assert.deepEqual(
    [got.headers["content-type"], got.headers["x-amz-meta-a"], got.headers["etag"]],
    ["text/plain", "1", `"${etag}"`],
  );
  assert.ok(got.body.equals(Buffer.concat([big, small])));
  const second = await s3.ask("GET /docs/k?partNumber=2");
  assert.deepEqual(
    [second.status, second.body.toString(), second.headers["x-amz-mp-parts-count"]],
    [206, "the end", "2"],
  );
  assert.equal(
    (await s3.ask("GET /docs/k", { headers: { range: `bytes=${MIN - 2}-${MIN + 2}` } })).body.toString(),
    "eathe".replace("ea", big.subarray(-2).toString()),
  );
  assert.equal(outcomeOf(await s3.ask("GET /docs/k?partNumber=3")), "416 InvalidPartNumber");
  const again = (): Promise<BareAnswer> => s3.ask(`POST /docs/k?uploadId=${upload}`, { body: listOf([[1, "x"]]) });
  assert.equal(outcomeOf(await again()), "200 ");
  await s3.ask("PUT /docs/k", { body: "another" });
  assert.equal(outcomeOf(await again()), "404 NoSuchUpload");
});

test("checksums of parts join to one of the whole, or are put together", async () => {
  await using s3 = await opened();
  for (const [type, whole] of [
    ["FULL_OBJECT", crc(Buffer.concat([big, small])).toString("base64")],
    ["COMPOSITE", `${crc(Buffer.concat([crc(big), crc(small)])).toString("base64")}-2`],
  ] as const) {
    const upload = await begin(s3, { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": type });
    const said = (bytes: Buffer): string => crc(bytes).toString("base64");
    const etags = [
      await part(s3, upload, { number: 1, body: big, headers: { "x-amz-checksum-crc32": said(big) } }),
      await part(s3, upload, { number: 2, body: small, headers: { "x-amz-checksum-crc32": said(small) } }),
    ];
    const member = (bytes: Buffer): string => `<ChecksumCRC32>${said(bytes)}</ChecksumCRC32>`;
    const body = listOf([
      [1, etags[0] ?? "", member(big)],
      [2, etags[1] ?? "", member(small)],
    ]);
    const wrong = await s3.ask(`POST /docs/k?uploadId=${upload}`, {
      body,
      headers: { "x-amz-checksum-crc32": said(small) },
    });
    assert.equal(outcomeOf(wrong), "400 BadDigest");
    const done = await s3.ask(`POST /docs/k?uploadId=${upload}`, {
      body,
      headers: { "x-amz-mp-object-size": String(MIN + small.length) },
    });
    assert.deepEqual([elementsOf(done, "ChecksumCRC32"), elementsOf(done, "ChecksumType")], [[whole], [type]]);
    const attributes = await s3.ask("GET /docs/k?attributes", {
      headers: { "x-amz-object-attributes": "Checksum,ObjectParts,ObjectSize,ETag" },
    });
    assert.deepEqual(elementsOf(attributes, "PartsCount"), ["2"]);
    assert.deepEqual(elementsOf(attributes, "Size"), type === "COMPOSITE" ? [String(MIN), "7"] : []);
    assert.deepEqual(elementsOf(attributes, "ObjectSize"), [String(MIN + 7)]);
  }
});

test("what does not fit is refused, and the upload goes on", async () => {
  await using s3 = await opened();
  const upload = await begin(s3);
  const [first, second] = [
    await part(s3, upload, { number: 1, body: small }),
    await part(s3, upload, { number: 2, body: small }),
  ];
  const cases: readonly (readonly [body: string, expected: string])[] = [
    [
      listOf([
        [2, second],
        [1, first],
      ]),
      "400 InvalidPartOrder",
    ],
    [listOf([[1, '"x"']]), "400 InvalidPart"],
    [listOf([[3, first]]), "400 InvalidPart"],
    [
      listOf([
        [1, first],
        [2, second],
      ]),
      "400 EntityTooSmall",
    ],
    [listOf([]), "400 MalformedXML"],
    ["<CompleteMultipartUpload><Part>", "400 MalformedXML"],
  ];
  for (const [body, expected] of cases)
    assert.equal(outcomeOf(await s3.ask(`POST /docs/k?uploadId=${upload}`, { body })), expected);
  assert.equal(outcomeOf(await s3.ask(`PUT /docs/k?partNumber=0&uploadId=${upload}`)), "400 InvalidArgument");
  assert.equal(outcomeOf(await s3.ask("PUT /docs/k?partNumber=1&uploadId=none")), "404 NoSuchUpload");
  assert.equal(
    outcomeOf(
      await s3.ask("POST /docs/k?uploads", {
        headers: { "x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "FULL_OBJECT" },
      }),
    ),
    "400 InvalidRequest",
  );
  assert.equal(
    outcomeOf(
      await s3.ask(`POST /docs/k?uploadId=${upload}`, { body: listOf([[1, first]]), headers: { "if-match": '"x"' } }),
    ),
    "404 NoSuchKey",
  );
  assert.equal(outcomeOf(await s3.ask(`POST /docs/k?uploadId=${upload}`, { body: listOf([[1, first]]) })), "200 ");
});

test("a part is copied from a range of another object; uploads and parts are listed, and aborted", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/source", { body: "0123456789" });
  const upload = await begin(s3);
  const other = await begin(s3);
  const headers = { "x-amz-copy-source": "docs/source", "x-amz-copy-source-range": "bytes=2-5" };
  const copied = await s3.ask(`PUT /docs/k?partNumber=7&uploadId=${upload}`, { headers });
  assert.match(copied.body.toString(), /<CopyPartResult/);
  const beyond = { ...headers, "x-amz-copy-source-range": "bytes=2-50" };
  assert.equal(
    outcomeOf(await s3.ask(`PUT /docs/k?partNumber=7&uploadId=${upload}`, { headers: beyond })),
    "400 InvalidArgument",
  );
  await part(s3, upload, { number: 9, body: small });
  const parts = await s3.ask(`GET /docs/k?uploadId=${upload}&max-parts=1`);
  assert.deepEqual(
    [
      elementsOf(parts, "PartNumber"),
      elementsOf(parts, "Size"),
      elementsOf(parts, "NextPartNumberMarker"),
      elementsOf(parts, "IsTruncated"),
    ],
    [["7"], ["4"], ["7"], ["true"]],
  );
  assert.deepEqual(elementsOf(await s3.ask(`GET /docs/k?uploadId=${upload}&part-number-marker=7`), "PartNumber"), [
    "9",
  ]);
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?uploads"), "UploadId").toSorted(), [upload, other].toSorted());
  const page = await s3.ask("GET /docs?uploads&max-uploads=1");
  const [key = "", id = ""] = [...elementsOf(page, "NextKeyMarker"), ...elementsOf(page, "NextUploadIdMarker")];
  assert.equal(
    elementsOf(await s3.ask(`GET /docs?uploads&key-marker=${key}&upload-id-marker=${id}`), "UploadId").length,
    1,
  );
  assert.equal((await s3.ask(`DELETE /docs/k?uploadId=${upload}`)).status, 204);
  assert.equal(outcomeOf(await s3.ask(`DELETE /docs/k?uploadId=${upload}`)), "404 NoSuchUpload");
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?uploads"), "UploadId"), [other]);
});
