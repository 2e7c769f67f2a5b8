/** Each protocol reads an input and writes an output and an error of one sample model. Smithy's own cases: tests/fidelity/smithy.ts. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { operationOf } from "../operation.ts";
import type { SignedRequest } from "../sign.ts";
import { cbor } from "./cbor.ts";
import { decodeCbor, encodeCbor } from "./cbor-codec.ts";
import { json } from "./json.ts";
import type { Protocol } from "./protocol.ts";
import { query } from "./query.ts";
import { restJson } from "./rest-json.ts";
import { restXml } from "./rest-xml.ts";
import { sampleModel } from "./sample-model.ts";

const SERVICE: Service = {
  model: sampleModel,
  actions: Object.keys(sampleModel.operations).map((name) => ({
    operation: operationOf(sampleModel, name),
    serves: [],
    unserved: {},
    refusals: [],
    run: () => Promise.resolve({}),
  })),
};
const ASKING = { service: SERVICE, requestId: "id-1", headers: {} };

function asked(
  head: string,
  body: string | Uint8Array = "",
  headers: Readonly<Record<string, string>> = {},
): SignedRequest {
  const [method = "", url = ""] = head.split(" ");
  const [path = "", query = ""] = url.split("?");
  return { method, path, query, headers, body: typeof body === "string" ? Buffer.from(body) : body };
}

function readBy(protocol: Protocol, request: SignedRequest): readonly [name: string | null, input: Members] {
  const route = protocol.routes(SERVICE)(request) ?? protocol.routesByBody?.(SERVICE)(request) ?? null;
  if (route === null) return [null, {}];
  const { operation } = route.action;
  return [operation.name, { ...protocol.read(request, operation, route.labels) }];
}

const TARGET = { "x-amz-target": "Sample.Put" };
const AT = Date.UTC(2026, 10, 27, 6, 30);
const BYTES = Buffer.from("abc");

const reads: readonly (readonly [
  title: string,
  protocol: Protocol,
  request: SignedRequest,
  name: string | null,
  input: Members,
])[] = [
  [
    "json: types and names",
    json,
    asked(
      "POST /",
      '{"title":"t","Size":1,"Ratio":"NaN","IsOn":false,"Bytes":"YWJj","At":1795761000,"Tags":{"a":"b"},"List":["x"],"Inner":{"Deep":{"Word":"w"}},"Any":[null]}',
      TARGET,
    ),
    "Put",
    {
      Title: "t",
      Size: 1,
      Ratio: NaN,
      IsOn: false,
      Bytes: BYTES,
      At: AT,
      Tags: { a: "b" },
      List: ["x"],
      Inner: { Deep: { Word: "w" } },
      Any: [null],
    },
  ],
  [
    "json: null is absent, __type says nothing",
    json,
    asked("POST /", '{"title":null,"__type":"x"}', TARGET),
    "Put",
    {},
  ],
  ["json: no body is no member", json, asked("POST /", "", TARGET), "Put", {}],
  ["json: another target", json, asked("POST /", "", { "x-amz-target": "Sample.Nothing" }), null, {}],
  [
    "rest: path, query, headers",
    restJson,
    asked("PUT /things/a%2Fb?limit=3&keys=x&keys=y", "", {
      "x-trace": "t",
      "x-note-one": "1",
      "x-since": "Fri, 27 Nov 2026 06:30:00 GMT",
    }),
    "Put",
    { Name: "a/b", Limit: 3, Keys: ["x", "y"], Trace: "t", Notes: { one: "1" }, Since: AT },
  ],
  [
    "rest: what stands in the path cannot stand in the body",
    restJson,
    asked("PUT /things/a", '{"title":"t"}'),
    "Put",
    { Name: "a", Title: "t" },
  ],
  ["rest: a slash at the end", restJson, asked("GET /things/a/"), "Get", { Name: "a" }],
  ["rest: a literal goes before a label", restJson, asked("GET /things/about"), "GetAbout", {}],
  ["rest: what the query says goes before", restJson, asked("GET /things/a?part"), "GetPart", { Name: "a" }],
  [
    "rest: a greedy label takes slashes",
    restJson,
    asked("GET /blobs/a/b%20c", "abc"),
    "GetBlob",
    { Key: "a/b c", Data: BYTES },
  ],
  ["rest: another method", restJson, asked("DELETE /things/a"), null, {}],
  ["rest: an empty label is none", restJson, asked("GET /things//"), null, {}],
  [
    "query: lists, maps, structures",
    query,
    asked(
      "POST /",
      "Action=Put&Version=1&title=t&Size=1&At=2026-11-27T06%3A30%3A00Z&List.member.2=b&List.member.1=a&Flat.1=f&Tags.entry.1.key=k&Tags.entry.1.value=v&Inner.Deep.Word=w&Bytes=YWJj",
    ),
    "Put",
    {
      Title: "t",
      Size: 1,
      At: AT,
      List: ["a", "b"],
      Flat: ["f"],
      Tags: { k: "v" },
      Inner: { Deep: { Word: "w" } },
      Bytes: BYTES,
    },
  ],
  ["query: an empty list", query, asked("POST /", "Action=Put&List="), "Put", { List: [] }],
  [
    "query: in the query of a GET, without the signature",
    query,
    asked("GET /?Action=Get&title=t&X-Amz-Date=1"),
    "Get",
    { Title: "t" },
  ],
  [
    "xml: elements, attributes, flat lists",
    restXml,
    asked(
      "PUT /things/a",
      '<?xml version="1.0"?><Thing xmlns="urn:x" xmlns:xsi="urn:i"><title>a &amp; b</title><Size> 1 </Size><At>2026-11-27T06:30:00Z</At><List><member>x</member></List><Flat>1</Flat><Flat>2</Flat><Tags><entry><key>k</key><value>v</value></entry></Tags><Inner xsi:type="T"><Word><![CDATA[<w>]]></Word></Inner></Thing>',
    ),
    "Put",
    {
      Name: "a",
      Title: "a & b",
      Size: 1,
      At: AT,
      List: ["x"],
      Flat: ["1", "2"],
      Tags: { k: "v" },
      Inner: { Kind: "T", Word: "<w>" },
    },
  ],
  [
    "cbor: the operation in the path",
    cbor,
    asked(
      "POST /service/Sample/operation/Put",
      encodeCbor({ Title: "t", Size: -7, Ratio: 0.5, Bytes: BYTES, Tags: { a: "b" }, Inner: { Word: "w" } }),
    ),
    "Put",
    { Title: "t", Size: -7, Ratio: 0.5, Bytes: BYTES, Tags: { a: "b" }, Inner: { Word: "w" } },
  ],
];
for (const [title, protocol, request, name, input] of reads) {
  test(`reads ${title}`, () => assert.deepEqual(readBy(protocol, request), [name, input]));
}

const unreadable: readonly (readonly [title: string, protocol: Protocol, request: SignedRequest, message: RegExp])[] = [
  [
    "json: a text for a number",
    json,
    asked("POST /", '{"Size":"1"}', TARGET),
    /^STRING_VALUE cannot be converted to Integer$/,
  ],
  [
    "json: a fraction for an integer",
    json,
    asked("POST /", '{"Size":1.5}', TARGET),
    /^NUMBER_VALUE cannot be converted to Integer$/,
  ],
  [
    "json: a list for a text",
    json,
    asked("POST /", '{"title":[]}', TARGET),
    /^Start of list found where not expected$/,
  ],
  ["json: a text for a structure", json, asked("POST /", '"x"', TARGET), /^Unexpected field type$/],
  ["json: a text that is no base64", json, asked("POST /", '{"Bytes":"a"}', TARGET), /^Invalid Base64 text$/],
  [
    "json: a member that there is not",
    json,
    asked("POST /", '{"constructor":1}', TARGET),
    /^Member 'constructor' of Thing is not known/,
  ],
  [
    "json: a member of the path in the body",
    restJson,
    asked("PUT /things/a", '{"Name":"b"}'),
    /^Member 'Name' of Thing is not known/,
  ],
  [
    "rest: a text for a number",
    restJson,
    asked("GET /things/a?limit=x"),
    /^STRING_VALUE 'x' can not be converted to an Integer$/,
  ],
  ["rest: a malformed percent sign", restJson, asked("GET /things/%zz"), /malformed percent sign/],
  [
    "query: a list without numbers",
    query,
    asked("POST /", "Action=Put&List.member.x=1"),
    /'x' is no number of a list's member/,
  ],
  [
    "query: deeper than structures go",
    query,
    asked("POST /", `Action=Put&${"Inner.".repeat(40)}Word=w`),
    /nests deeper than 32 levels/,
  ],
  [
    "query: too many parameters",
    query,
    asked("POST /", `Action=Put${"&a=1".repeat(10_001)}`),
    /more than 10000 parameters/,
  ],
  [
    "xml: a document type",
    restXml,
    asked("PUT /things/a", '<!DOCTYPE x [<!ENTITY a "b">]><Thing/>'),
    /document type is not allowed/,
  ],
  [
    "xml: an entity of its own",
    restXml,
    asked("PUT /things/a", "<Thing><title>&a;</title></Thing>"),
    /not well-formed/,
  ],
  ["xml: no end", restXml, asked("PUT /things/a", "<Thing><title>"), /not well-formed/],
  ["xml: deeper than documents go", restXml, asked("PUT /things/a", "<a>".repeat(70)), /nests deeper than 64 levels/],
  [
    "xml: more elements than a request needs",
    restXml,
    asked("PUT /things/a", `<Thing>${"<List/>".repeat(50_001)}</Thing>`),
    /more than 50000 elements/,
  ],
  ["cbor: cut off", cbor, asked("POST /service/Sample/operation/Put", Uint8Array.of(0xa1)), /is cut off$/],
  ["cbor: two values", cbor, asked("POST /service/Sample/operation/Put", Uint8Array.of(0xa0, 0xa0)), /bytes behind/],
  [
    "cbor: deeper than values go",
    cbor,
    asked("POST /service/Sample/operation/Put", new Uint8Array(300).fill(0x81)),
    /nests deeper than 256/,
  ],
];
for (const [title, protocol, request, message] of unreadable) {
  test(`does not read ${title}`, () => {
    assert.throws(
      () => readBy(protocol, request),
      (thrown) => thrown instanceof AwsError && thrown.status === 400 && message.test(thrown.message),
    );
  });
}

const OUTPUT: Members = {
  Title: 'a < "b"',
  Size: 1,
  Ratio: Infinity,
  Bytes: BYTES,
  At: AT + 500,
  Tags: { k: "v" },
  List: ["x"],
  Flat: ["1", "2"],
  Inner: { Word: "w", Kind: "T" },
  Trace: "t",
  Notes: { one: "1" },
  Status: 202,
  IsOn: undefined,
};
const REST_HEADERS = { "X-Trace": "t", "X-Note-one": "1" };
const JSON_BODY = {
  title: 'a < "b"',
  Size: 1,
  Ratio: "Infinity",
  Bytes: "YWJj",
  At: AT / 1_000 + 0.5,
  Tags: { k: "v" },
  List: ["x"],
  Flat: ["1", "2"],
  Inner: { Word: "w", "xsi:type": "T" },
};
const XML_BODY =
  '<title>a &#60; &#34;b&#34;</title><Size>1</Size><Ratio>Infinity</Ratio><Bytes>YWJj</Bytes><At>2026-11-27T06:30:00.500Z</At><Tags><entry><key>k</key><value>v</value></entry></Tags><List><member>x</member></List><Flat>1</Flat><Flat>2</Flat><Inner xsi:type="T"><Word>w</Word></Inner>';

test("json writes an output whole", () => {
  const { Status: _s, Trace: _t, Notes: _n, ...body } = OUTPUT;
  const reply = json.write(body, operationOf(sampleModel, "Put"), ASKING);
  assert.deepEqual(
    [reply.status, reply.headers, JSON.parse(reply.body as string)],
    [201, { "content-type": "application/x-amz-json-1.0" }, JSON_BODY],
  );
});

test("rest-json writes an output to status, headers and body", () => {
  const reply = restJson.write(OUTPUT, operationOf(sampleModel, "Put"), ASKING);
  assert.deepEqual(
    [reply.status, reply.headers, JSON.parse(reply.body as string)],
    [202, { "content-type": "application/json", ...REST_HEADERS }, JSON_BODY],
  );
});

test("rest-xml writes an output to status, headers and a document", () => {
  const reply = restXml.write(OUTPUT, operationOf(sampleModel, "Put"), ASKING);
  assert.deepEqual(reply, {
    status: 202,
    headers: { "content-type": "application/xml", ...REST_HEADERS },
    body: `<Thing>${XML_BODY}</Thing>`,
  });
});

test("query writes an output into its result", () => {
  const reply = query.write({ Title: "t" }, operationOf(sampleModel, "Get"), ASKING);
  assert.equal(
    reply.body,
    "<GetResponse><GetResult><title>t</title></GetResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetResponse>",
  );
});

test("cbor writes an output that it reads again", () => {
  const { body } = cbor.write({ Title: "t", Size: 70_000, At: AT }, operationOf(sampleModel, "Put"), ASKING);
  const request = asked("POST /service/Sample/operation/Put", body as Uint8Array);
  assert.deepEqual(readBy(cbor, request), ["Put", { Title: "t", Size: 70_000, At: AT }]);
});

test("a blob that is the payload is the body, as it is", () => {
  const reply = restJson.write({ Data: BYTES }, operationOf(sampleModel, "GetBlob"), ASKING);
  assert.deepEqual([reply.headers["content-type"], reply.body], ["application/octet-stream", BYTES]);
});

const MISSING = new AwsError("Missing", 404, "not there", { Which: "a" });
const PUT = operationOf(sampleModel, "Put");
const BARE: Service = { ...SERVICE, isErrorBare: true };

test("errors in JSON have their type, their members and the query protocol's code where the model wants it", () => {
  const service: Service = {
    ...SERVICE,
    model: { ...sampleModel, isQueryCompatible: true },
    errorNamespace: "com.sample",
  };
  const { status, headers, body } = json.writeError(MISSING, PUT, { ...ASKING, service });
  assert.deepEqual(
    [status, headers["x-amzn-query-error"], JSON.parse(body as string)],
    [404, "Sample.Missing;Sender", { __type: "com.sample#Missing", Type: "User", message: "not there", Which: "a" }],
  );
});

const errors: readonly (readonly [
  title: string,
  protocol: Protocol,
  error: AwsError,
  service: Service,
  body: string,
])[] = [
  [
    "query",
    query,
    MISSING,
    SERVICE,
    "<ErrorResponse><Error><Type>Sender</Type><Code>Sample.Missing</Code><Message>not there</Message><Which>a</Which></Error><RequestId>id-1</RequestId></ErrorResponse>",
  ],
  [
    "query: what the front end says has its older name",
    query,
    new AwsError("InvalidSignatureException", 403, "no"),
    SERVICE,
    "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error><RequestId>id-1</RequestId></ErrorResponse>",
  ],
  [
    "rest-xml",
    restXml,
    new AwsError("Missing", 404, ""),
    SERVICE,
    "<ErrorResponse><Error><Type>Sender</Type><Code>Sample.Missing</Code></Error><RequestId>id-1</RequestId></ErrorResponse>",
  ],
  [
    "rest-xml as S3 has it",
    restXml,
    MISSING,
    BARE,
    "<Error><Code>Sample.Missing</Code><Message>not there</Message><Which>a</Which><RequestId>id-1</RequestId></Error>",
  ],
];
for (const [title, protocol, error, service, body] of errors) {
  test(`errors in ${title}`, () => assert.equal(protocol.writeError(error, PUT, { ...ASKING, service }).body, body));
}

test("errors in cbor", () => {
  const { body } = cbor.writeError(MISSING, PUT, ASKING);
  assert.deepEqual(
    { ...(decodeCbor(body as Uint8Array) as object) },
    { __type: "Missing", message: "not there", Which: "a" },
  );
});
