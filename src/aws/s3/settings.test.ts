/** Settings of buckets at the door: who is told, which pages may ask, how long things stay, presigned URLs of both signatures. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { get } from "node:http";
import { test } from "node:test";
import { bucketKeeper } from "#managed/bucket/keep-buckets.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import { presignedUrl } from "../sign.ts";
import { type BucketDoor, elementsOf, openBucketDoor, outcomeOf } from "./bucket-door.ts";

function opened(): Promise<BucketDoor> {
  return openBucketDoor({
    journal: new MemoryJournal(new FakeClock()),
    database: new MemoryDatabase(),
    bytes: new MemoryObjectBytes(),
  });
}

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:jobs";
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:thumbs";
const queue = (inner: string): string => `<QueueConfiguration><Queue>${QUEUE}</Queue>${inner}</QueueConfiguration>`;
const filter = (name: string, value: string): string =>
  `<Filter><S3Key><FilterRule><Name>${name}</Name><Value>${value}</Value></FilterRule></S3Key></Filter>`;
const notify = (inner: string): { readonly body: string } => ({
  body: `<NotificationConfiguration>${inner}</NotificationConfiguration>`,
});

test("who asks to be told is told, once for each change that fits", async () => {
  await using s3 = await opened();
  const config = notify(
    queue(`<Id>q</Id><Event>s3:ObjectCreated:*</Event>${filter("Prefix", "in/")}`) +
      `<CloudFunctionConfiguration><CloudFunction>${FUNCTION}</CloudFunction><Event>s3:ObjectRemoved:Delete</Event>${filter("suffix", ".jpg")}</CloudFunctionConfiguration>`,
  );
  assert.equal(outcomeOf(await s3.ask("PUT /docs?notification", config)), "200 ");
  assert.deepEqual(
    s3.told.map(({ target, payload }) => [target, (JSON.parse(payload) as { Event: string }).Event]),
    [[QUEUE, "s3:TestEvent"]],
  );
  await s3.ask("PUT /docs/in/a%20b.jpg", { body: "123" });
  await s3.ask("PUT /docs/out/c.jpg", { body: "123" });
  await s3.ask("DELETE /docs/out/c.jpg");
  await s3.ask("DELETE /docs/in/none.txt");
  const told = s3.told.slice(1).map(({ target, source, payload }) => {
    const [record] = (
      JSON.parse(payload) as {
        Records: {
          eventName: string;
          s3: { configurationId: string; object: { key: string; size?: number; eTag: string } };
        }[];
      }
    ).Records;
    return [target, source, record?.eventName, record?.s3.object.key, record?.s3.object.size];
  });
  assert.deepEqual(told, [
    [QUEUE, "arn:aws:s3:::docs", "ObjectCreated:Put", "in/a+b.jpg", 3],
    [FUNCTION, "arn:aws:s3:::docs", "ObjectRemoved:Delete", "out/c.jpg", undefined],
  ]);
  const read = await s3.ask("GET /docs?notification");
  assert.deepEqual(
    [elementsOf(read, "Queue"), elementsOf(read, "CloudFunction"), elementsOf(read, "Value")],
    [[QUEUE], [FUNCTION], ["in/", ".jpg"]],
  );
});

test("the default bus is told all that goes on, in words of its own", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs?notification", notify("<EventBridgeConfiguration/>"));
  await s3.ask("PUT /docs/k", { body: "1" });
  const [push] = s3.told;
  assert.equal(push?.target, "arn:aws:events:us-east-1:000000000000:event-bus/default");
  assert.deepEqual(push.event, { source: "aws.s3", type: "Object Created", resources: ["arn:aws:s3:::docs"] });
  assert.equal((JSON.parse(push.payload) as { reason: string }).reason, "PutObject");
});

const refused: readonly (readonly [title: string, config: string, expected: string])[] = [
  [
    "two that overlap",
    queue("<Id>a</Id><Event>s3:ObjectCreated:*</Event>") + queue("<Id>b</Id><Event>s3:ObjectCreated:Put</Event>"),
    "400 InvalidArgument",
  ],
  [
    "an id twice",
    queue("<Id>a</Id><Event>s3:ObjectCreated:Copy</Event>") + queue("<Id>a</Id><Event>s3:ObjectCreated:Put</Event>"),
    "400 InvalidArgument",
  ],
  [
    "a filter of another name",
    queue(`<Event>s3:ObjectCreated:*</Event>${filter("infix", "x")}`),
    "400 InvalidArgument",
  ],
  ["an event that never comes", queue("<Event>s3:Replication:*</Event>"), "501 NotImplemented"],
  [
    "a function where a queue should be",
    queue("<Event>s3:ObjectCreated:*</Event>").replace(QUEUE, FUNCTION),
    "400 InvalidArgument",
  ],
];
for (const [title, config, expected] of refused)
  test(`nobody is told by ${title}`, async () => {
    await using s3 = await opened();
    assert.equal(outcomeOf(await s3.ask("PUT /docs?notification", notify(config))), expected);
  });

test("pages of allowed origins may ask, before and with the request", async () => {
  await using s3 = await opened();
  const body =
    "<CORSConfiguration><CORSRule><AllowedOrigin>http://a.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>";
  const preflight = (origin: string) =>
    s3.ask("OPTIONS /docs/k", {
      headers: { origin, "access-control-request-method": "PUT", "access-control-request-headers": "x-amz-date" },
    });
  assert.equal(outcomeOf(await preflight("http://a.example")), "403 AccessForbidden");
  assert.equal(outcomeOf(await s3.ask("GET /docs?cors")), "404 NoSuchCORSConfiguration");
  await s3.ask("PUT /docs?cors", { body });
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?cors"), "AllowedMethod"), ["PUT"]);
  const allowed = await preflight("http://a.example");
  assert.deepEqual([allowed.status, allowed.headers["access-control-allow-headers"]], [200, "x-amz-date"]);
  assert.equal(outcomeOf(await preflight("http://b.example")), "403 AccessForbidden");
  const put = await s3.ask("PUT /docs/k", { headers: { origin: "http://a.example" } });
  assert.deepEqual([put.status, put.headers["access-control-allow-origin"]], [200, "http://a.example"]);
  await s3.ask("DELETE /docs?cors");
  assert.equal(outcomeOf(await preflight("http://a.example")), "403 AccessForbidden");
});

test("what is too old goes, is told so, and says beforehand when", async () => {
  await using s3 = await opened();
  const rules = `<Rule><ID>old</ID><Status>Enabled</Status><Filter><And><Prefix>tmp/</Prefix><Tag><Key>a</Key><Value>1</Value></Tag></And></Filter><Expiration><Days>2</Days></Expiration></Rule>
    <Rule><ID>parts</ID><Status>Enabled</Status><Filter/><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>`;
  assert.equal(
    outcomeOf(
      await s3.ask("PUT /docs?lifecycle", { body: `<LifecycleConfiguration>${rules}</LifecycleConfiguration>` }),
    ),
    "200 ",
  );
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?lifecycle"), "ID"), ["old", "parts"]);
  await s3.ask("PUT /docs?notification", notify(queue("<Event>s3:LifecycleExpiration:*</Event>")));
  await s3.ask("PUT /docs/tmp/1", { headers: { "x-amz-tagging": "a=1" } });
  await s3.ask("PUT /docs/tmp/2");
  await s3.ask("POST /docs/up?uploads");
  const keep = async (): Promise<void> => {
    const bucket = await s3.buckets.find("default", "docs");
    await keeper.keep("default/docs", bucket ?? undefined);
  };
  const keeper = bucketKeeper({ objects: s3.objects, buckets: s3.buckets, clock: s3.clock });
  await keep();
  await keep();
  assert.match(
    String((await s3.ask("HEAD /docs/tmp/1")).headers["x-amz-expiration"]),
    /^expiry-date="Mon, 05 Jan 2026 00:00:00 GMT", rule-id="old"$/,
  );
  s3.clock.advance(4 * 86_400_000);
  await keep();
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?list-type=2"), "Key"), ["tmp/2"]);
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?uploads"), "UploadId"), []);
  assert.match(s3.told.at(-1)?.payload ?? "", /"eventName":"LifecycleExpiration:Delete"/);
  for (const [rule, expected] of [
    ["<Status>Enabled</Status><Expiration><Days>0</Days></Expiration>", "400 InvalidArgument"],
    ["<Status>Enabled</Status>", "400 InvalidRequest"],
    [
      "<Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
      "501 NotImplemented",
    ],
  ] as const)
    assert.equal(
      outcomeOf(
        await s3.ask("PUT /docs?lifecycle", {
          body: `<LifecycleConfiguration><Rule>${rule}</Rule></LifecycleConfiguration>`,
        }),
      ),
      expected,
    );
  await s3.ask("DELETE /docs?lifecycle");
  assert.equal(outcomeOf(await s3.ask("GET /docs?lifecycle")), "404 NoSuchLifecycleConfiguration");
});

test("tools read what is so of every bucket", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/k");
  const expected: Readonly<Record<string, string>> = {
    "GET /docs?encryption": "200 ",
    "GET /docs?acl": "200 ",
    "GET /docs/k?acl": "200 ",
    "GET /docs?ownershipControls": "200 ",
    "GET /docs?accelerate": "200 ",
    "GET /docs?requestPayment": "200 ",
    "GET /docs?logging": "200 ",
    "GET /docs?website": "404 NoSuchWebsiteConfiguration",
    "GET /docs?replication": "404 ReplicationConfigurationNotFoundError",
    "GET /docs?object-lock": "404 ObjectLockConfigurationNotFoundError",
    "PUT /docs?acl": "501 NotImplemented",
    "PUT /docs?website": "501 NotImplemented",
    "PUT /docs?replication": "501 NotImplemented",
  };
  for (const [line, outcome] of Object.entries(expected)) assert.equal(outcomeOf(await s3.ask(line)), outcome, line);
  const rule = (algorithm: string): { readonly body: string } => ({
    body: `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
  });
  assert.equal(outcomeOf(await s3.ask("PUT /docs?encryption", rule("AES256"))), "200 ");
  assert.equal(outcomeOf(await s3.ask("PUT /docs?encryption", rule("aws:kms"))), "501 NotImplemented");
});

const ROOT = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

function fetched(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    }).on("error", reject);
  });
}

test("who has a presigned URL may read, by either signature, until it expires", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/a%20b", { body: "shared" });
  const host = `127.0.0.1:${s3.port}`;
  const now = Date.UTC(2026, 10, 27);
  const newer = presignedUrl(
    { host, path: "/docs/a%20b" },
    ROOT,
    { region: "us-east-1", service: "s3" },
    { now, expiresSeconds: 60 },
  );
  assert.deepEqual(await fetched(newer), { status: 200, text: "shared" });
  assert.equal((await fetched(newer.replace("a%20b", "a%20c"))).status, 403);
  const older = (expires: number): string => {
    const signature = createHmac("sha1", ROOT.secretAccessKey)
      .update(`GET\n\n\n${expires}\n/docs/a%20b?response-content-type=a/b`)
      .digest("base64");
    return `http://${host}/docs/a%20b?response-content-type=a%2Fb&AWSAccessKeyId=AKIATEST&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;
  };
  assert.deepEqual(await fetched(older(now / 1_000 + 60)), { status: 200, text: "shared" });
  assert.match((await fetched(older(now / 1_000 - 1))).text, /<Code>AccessDenied<\/Code><Message>Request has expired/);
  assert.match((await fetched(older(now / 1_000 + 60).replace("a%20b", "a%20c"))).text, /<Code>SignatureDoesNotMatch/);
});
