/** Events as AWS's services send them to functions, for whoever tries one: each page of the Lambda Developer Guide ("Using Lambda with …") has its own. Pure. */

/** What a sample is made for. */
export interface SampleAbout {
  readonly region: string;
  readonly accountId: string;
  /** ISO 8601. */
  readonly time: string;
}

type Sample = (about: SampleAbout) => object;

const http: Sample = ({ time, accountId }) => ({
  version: "2.0",
  routeKey: "GET /hello/{name}",
  rawPath: "/hello/world",
  rawQueryString: "color=blue",
  headers: { accept: "*/*", host: "example.execute-api.localhost", "x-forwarded-for": "127.0.0.1" },
  queryStringParameters: { color: "blue" },
  pathParameters: { name: "world" },
  requestContext: {
    accountId,
    apiId: "example",
    domainName: "example.execute-api.localhost",
    http: { method: "GET", path: "/hello/world", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "sample" },
    requestId: "sample-request",
    routeKey: "GET /hello/{name}",
    stage: "$default",
    time,
    timeEpoch: Date.parse(time),
  },
  isBase64Encoded: false,
});

const rest: Sample = ({ time, accountId }) => ({
  resource: "/hello/{name}",
  path: "/hello/world",
  httpMethod: "GET",
  headers: { Accept: "*/*", Host: "example.execute-api.localhost" },
  multiValueHeaders: { Accept: ["*/*"], Host: ["example.execute-api.localhost"] },
  queryStringParameters: { color: "blue" },
  multiValueQueryStringParameters: { color: ["blue"] },
  pathParameters: { name: "world" },
  stageVariables: null,
  requestContext: {
    accountId,
    apiId: "example",
    httpMethod: "GET",
    identity: { sourceIp: "127.0.0.1", userAgent: "sample" },
    path: "/dev/hello/world",
    requestId: "sample-request",
    requestTimeEpoch: Date.parse(time),
    resourcePath: "/hello/{name}",
    stage: "dev",
  },
  body: null,
  isBase64Encoded: false,
});

const sqs: Sample = ({ region, accountId, time }) => ({
  Records: [
    {
      messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
      receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
      body: "Test message.",
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: String(Date.parse(time)),
        SenderId: accountId,
        ApproximateFirstReceiveTimestamp: String(Date.parse(time)),
      },
      messageAttributes: {},
      // The digest of the body above.
      md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
      eventSource: "aws:sqs",
      eventSourceARN: `arn:aws:sqs:${region}:${accountId}:sample`,
      awsRegion: region,
    },
  ],
});

const sns: Sample = ({ region, accountId, time }) => ({
  Records: [
    {
      EventVersion: "1.0",
      EventSubscriptionArn: `arn:aws:sns:${region}:${accountId}:sample:sample-subscription`,
      EventSource: "aws:sns",
      Sns: {
        Type: "Notification",
        MessageId: "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        TopicArn: `arn:aws:sns:${region}:${accountId}:sample`,
        Subject: "A sample",
        Message: "Hello from SNS!",
        Timestamp: time,
        MessageAttributes: {},
      },
    },
  ],
});

const s3: Sample = ({ region, time }) => ({
  Records: [
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: region,
      eventTime: time,
      eventName: "ObjectCreated:Put",
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "sample",
        bucket: { name: "sample-bucket", arn: "arn:aws:s3:::sample-bucket" },
        object: { key: "folder/sample.txt", size: 1024, eTag: "0123456789abcdef0123456789abcdef" },
      },
    },
  ],
});

const event: Sample = ({ region, accountId, time }) => ({
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Order placed",
  source: "com.example.shop",
  account: accountId,
  time,
  region,
  resources: [],
  detail: { order: 1 },
});

const schedule: Sample = ({ region, accountId, time }) => ({
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: accountId,
  time,
  region,
  resources: [`arn:aws:events:${region}:${accountId}:rule/sample`],
  detail: {},
});

const dynamodb: Sample = ({ region, accountId, time }) => ({
  Records: [
    {
      eventID: "1",
      eventVersion: "1.1",
      eventName: "INSERT",
      eventSource: "aws:dynamodb",
      awsRegion: region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(Date.parse(time) / 1000),
        Keys: { id: { S: "101" } },
        NewImage: { id: { S: "101" }, message: { S: "New item!" } },
        SequenceNumber: "111",
        SizeBytes: 26,
        StreamViewType: "NEW_AND_OLD_IMAGES",
      },
      eventSourceARN: `arn:aws:dynamodb:${region}:${accountId}:table/sample/stream/${time.slice(0, 19)}`,
    },
  ],
});

export const samples: Readonly<Record<string, Sample>> = { http, rest, sqs, sns, s3, event, schedule, dynamodb };
