/**
 * Runs Smithy's protocol test cases against our protocols: npm run fidelity -- smithy --from FOLDER, where FOLDER is
 * botocore's tests/unit/protocols (github.com/boto/botocore), which are Smithy's cases as JSON. They are written for clients: an
 * input's request is what we read, an output's response is what we write.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import type { Members, Service } from "#aws/action.ts";
import { AwsError } from "#aws/aws-error.ts";
import type { Model } from "#aws/model.ts";
import { operationOf } from "#aws/operation.ts";
import type { Protocol } from "#aws/protocols/protocol.ts";
import { cbor } from "#aws/protocols/cbor.ts";
import { decodeCbor } from "#aws/protocols/cbor-codec.ts";
import { json } from "#aws/protocols/json.ts";
import { query } from "#aws/protocols/query.ts";
import { restJson } from "#aws/protocols/rest-json.ts";
import { restXml } from "#aws/protocols/rest-xml.ts";
import type { Reply } from "#aws/reply.ts";
import type { Member, Shape, Structure } from "#aws/shape.ts";
import { readXml, type XmlElement } from "#aws/xml.ts";
import { readModel, type Source } from "../../tools/gen-aws/read-model.ts";

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ["json", json],
  ["rest-json", restJson],
  ["query", query],
  ["rest-xml", restXml],
  ["smithy-rpc-v2-cbor", cbor],
]);

/** Cases that say nothing of a server. */
const NOT_APPLICABLE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/HostWithPath|HostPrefix|EndpointTrait/, "endpoints are the client's choice"],
  [/IdempotencyToken/, "the client fills the token in"],
  [/PutWithContentEncoding|SDKAppend|SDKApplied/, "the client compresses"],
  [/QueryPrecedence/, "which of two values a client sends"],
  [
    /^AllQueryStringTypes|^RestXml(QueryString|Supports|ZeroAnd)|QueryParamsStringListMap/,
    "a server puts every parameter into a map of the query (httpQueryParams)",
  ],
  [/^(InvalidGreeting|Complex)Error$/, "elements that the error's shape does not have"],
  [
    /EmptyQueryMaps|OmitsEmptyList|PrefixHeadersAreNotPresent|EmptyStructurePayload|HeadersButNoPayload/,
    "what a client sends for what is empty cannot be told from absent",
  ],
  [
    /IgnoresExtraFields|ExtraFieldsInTheBody|UnknownField|IgnoreType|ClientSkips|ClientIgnores|UnsetUnion|unexpected_json|UnexpectedJson|IgnoreUnionWhenOtherIsNull|UnknownUnion|IgnoreQueryParams/,
    "how a client reads what it does not know",
  ],
  [/ClientPopulates|ClientUsesExplicitly|ClientAllows/, "what a client fills in"],
  [/FooErrorUsing|FooErrorWith|NoErrorHeader|NoXAmzn/, "forms of an error that a client accepts; ours is one of them"],
  [/QueryCompatible.*CustomCodeError/, "botocore's model has the status of the query protocol's error alone"],
  [/NullValues|Nulls|SkipsNull|DeserializeNull|StructuresDont/, "what a client does with nulls"],
  [/DateTimeWith(Negative|Positive)Offset/, "we write times in UTC"],
  [/Float16|Indefinite|LargeInteger|Float.*LSB|Float.*MSB/, "forms of CBOR that we read and do not write"],
  [
    /(handles|Handles)_?[eE]mpty_?[oO]utput|NoInputAndN?o?Output$|EmptyInputAndEmptyOutput$|IntEnums$|HttpResponseCode$/,
    "headers or a body that a client does not look at",
  ],
  [/parses_the_request_id/, "the request's id is the door's, not the protocol's"],
];

interface Suite {
  readonly description: string;
  readonly metadata: Source["metadata"];
  readonly shapes: Source["shapes"];
  readonly cases: readonly Case[];
}

interface Case {
  readonly id: string;
  readonly given: Source["operations"][string] & { readonly name: string };
  readonly params?: Members;
  readonly serialized?: {
    readonly method?: string;
    readonly uri?: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly result?: Members;
  readonly error?: Members;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly response?: {
    readonly status_code: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

type Outcome =
  | { readonly is: "passed" }
  | { readonly is: "not applicable"; readonly why: string }
  | { readonly is: "failed"; readonly why: string };

interface Row {
  readonly file: string;
  readonly id: string;
  readonly outcome: Outcome;
}

const { values } = parseArgs({
  options: { from: { type: "string" }, verbose: { type: "boolean" } },
  allowPositionals: true,
});
if (values.from === undefined) throw new RangeError("--from FOLDER: botocore's tests/unit/protocols");
const folder = values.from;
const rows = ["input", "output"].flatMap((direction) =>
  readdirSync(join(folder, direction))
    .filter((name) => name.endsWith(".json") && !name.startsWith("ec2"))
    .flatMap((name) => runFile(`${direction}/${name}`)),
);
printTable(rows);
for (const { file, id, outcome } of rows)
  if (outcome.is === "failed" || (values.verbose === true && outcome.is === "not applicable"))
    print(`${outcome.is}: ${file} ${id}: ${outcome.why}`);
process.exitCode = rows.some(({ outcome }) => outcome.is === "failed") ? 1 : 0;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printTable(all: readonly Row[]): void {
  print("| cases | run | passed | not applicable | failed |\n| --- | --- | --- | --- | --- |");
  for (const file of [...new Set(all.map((row) => row.file)), "all"]) {
    const of = all.filter((row) => file === "all" || row.file === file);
    const count = (is: Outcome["is"]): number => of.filter(({ outcome }) => outcome.is === is).length;
    print(
      `| ${file} | ${of.length - count("not applicable")} | ${count("passed")} | ${count("not applicable")} | ${count("failed")} |`,
    );
  }
}

function runFile(file: string): readonly Row[] {
  const suites = JSON.parse(readFileSync(join(folder, file), "utf8")) as readonly Suite[];
  return suites.flatMap((suite) =>
    suite.cases.map((one): Row => ({ file, id: one.id, outcome: outcomeOf(suite, one) })),
  );
}

function outcomeOf(suite: Suite, one: Case): Outcome {
  const exempt = NOT_APPLICABLE.find(([pattern]) => pattern.test(one.id));
  if (exempt !== undefined) return { is: "not applicable", why: exempt[1] };
  try {
    const problem = one.serialized === undefined ? runOutput(suite, one) : runInput(suite, one);
    return problem === null ? { is: "passed" } : { is: "failed", why: problem };
  } catch (thrown) {
    return { is: "failed", why: String(thrown) };
  }
}

function modelOf({ metadata, shapes }: Suite, { given }: Case): Model {
  const source: Source = {
    metadata: { ...metadata, endpointPrefix: "test" },
    shapes,
    operations: { [given.name]: given },
  };
  return readModel(source, { service: "test", version: "", operations: [given.name] });
}

function protocolOf({ metadata }: Suite): Protocol {
  const protocol = PROTOCOLS.get(metadata.protocol);
  if (protocol === undefined) throw new RangeError(`no protocol ${metadata.protocol}`);
  return protocol;
}

function serviceOf(model: Model, name: string): Service {
  const operation = operationOf(model, name);
  const run = (): Promise<Members> => Promise.resolve({});
  return { model, actions: [{ operation, serves: [], unserved: {}, refusals: [], run }] };
}

function runInput(suite: Suite, one: Case): string | null {
  const { serialized = {}, params = {}, given } = one;
  const model = modelOf(suite, one);
  const protocol = protocolOf(suite);
  const service = serviceOf(model, given.name);
  const [path = "/", query = ""] = (serialized.uri ?? "/").split("?");
  const isCbor = suite.metadata.protocol === "smithy-rpc-v2-cbor";
  const head = {
    method: serialized.method ?? given.http.method,
    path,
    query,
    headers: Object.fromEntries(
      Object.entries(serialized.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
  const request = { ...head, body: Buffer.from(serialized.body ?? "", isCbor ? "base64" : "utf8") };
  const route = protocol.routes(service)(head) ?? protocol.routesByBody?.(service)(request) ?? null;
  if (route === null) return `no route for ${head.method} ${serialized.uri ?? "/"}`;
  const { input } = route.action.operation;
  const read = protocol.read(request, route.action.operation, route.labels);
  return differs(plain(read, input), plain(inOurs(params, input) as Members, input));
}

/** The case's values as ours: times in ms, blobs as bytes. */
function inOurs(value: unknown, shape: Shape): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.is) {
    case "timestamp":
      return typeof value === "number" ? value * 1_000 : Date.parse(value as string);
    case "blob":
      return Buffer.from(value as string);
    case "float":
    case "double":
      return Number(value);
    case "list":
      return (value as readonly unknown[]).map((inner) => inOurs(inner, shape.of.shape));
    case "map":
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inOurs(inner, shape.value.shape)]));
    case "structure":
      return Object.fromEntries(
        Object.entries(value).flatMap(([name, inner]) => {
          const member: Member | undefined = shape.members.get(name);
          return member === undefined || inner === null ? [] : [[name, inOurs(inner, member.shape)]];
        }),
      );
    case "string":
    case "integer":
    case "long":
    case "boolean":
    case "json":
      return value;
  }
}

/** Without prototypes and kinds of bytes, so that it can be compared. */
function plain(value: Members, _shape: Structure): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner,
    ),
  );
}

function differs(got: unknown, wanted: unknown): string | null {
  return isDeepStrictEqual(got, wanted) ? null : `got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`;
}

function runOutput(suite: Suite, one: Case): string | null {
  const { result = {}, response, given } = one;
  const protocol = protocolOf(suite);
  const service = serviceOf(modelOf(suite, one), given.name);
  const [action] = service.actions;
  if (action === undefined || response === undefined) return "no case";
  const { operation } = action;
  const asking = { service, requestId: "id", headers: {} };
  const reply =
    one.errorCode === undefined
      ? protocol.write(inOurs(result, operation.output) as Members, operation, asking)
      : protocol.writeError(errorOf(one, operation.errors), operation, asking);
  const isCbor = suite.metadata.protocol === "smithy-rpc-v2-cbor";
  return (
    statusDiffers(reply, response.status_code) ??
    headersDiffer(reply, response.headers ?? {}) ??
    bodyDiffers(reply, response.body ?? "", isCbor)
  );
}

function errorOf({ error = {}, errorCode = "", errorMessage }: Case, errors: ReadonlyMap<string, Structure>): AwsError {
  const [name, shape] = [...errors].find(([own, { error: data }]) => own === errorCode || data?.code === errorCode) ?? [
    errorCode,
  ];
  const { message, Message, ...members } = (shape === undefined ? {} : inOurs(error, shape)) as Members;
  return new AwsError(
    name,
    shape?.error?.status ?? 400,
    errorMessage ?? ((message ?? Message ?? "") as string),
    members,
  );
}

function statusDiffers({ status }: Reply, wanted: number): string | null {
  return status === wanted ? null : `status ${status}, wanted ${wanted}`;
}

/** RFC 9110 5.6.1: blanks around commas mean nothing. */
function headersDiffer(reply: Reply, wanted: Readonly<Record<string, string>>): string | null {
  const got = new Map(Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const norm = (text: string | undefined): string | undefined => text?.replaceAll(/, +/g, ",").toLowerCase();
  for (const [name, value] of Object.entries(wanted))
    if (norm(got.get(name.toLowerCase())) !== norm(value) && !/content-length|x-amzn-errortype/i.test(name))
      return `header ${name}: ${got.get(name.toLowerCase()) ?? "(none)"}, wanted ${value}`;
  return null;
}

function bodyDiffers({ body = "" }: Reply, wanted: string, isCbor: boolean): string | null {
  if (Symbol.asyncIterator in Object(body)) return "a stream";
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body as Uint8Array);
  if (isCbor)
    return wanted === ""
      ? null
      : differs(
          JSON.parse(JSON.stringify(withoutType(decodeCbor(bytes)))),
          JSON.parse(JSON.stringify(withoutType(decodeCbor(Buffer.from(wanted, "base64"))))),
        );
  const text = bytes.toString();
  if (/^\s*</.test(wanted))
    return differs(withoutIds(elementOf(readXml(text))), withoutIds(elementOf(readXml(wanted))));
  if (/^\s*[[{"]/.test(wanted)) return differs(withoutType(JSON.parse(text)), withoutType(JSON.parse(wanted)));
  return wanted === "" && text === "{}" ? null : differs(text, wanted);
}

/** Errors are named in different ways, and which one is not fixed. */
function withoutType(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("__type" in value)) return value;
  const { __type: _type, ...rest } = value;
  return rest;
}

interface Compared {
  readonly name: string;
  readonly text: string;
  readonly attributes: readonly unknown[];
  readonly children: readonly Compared[];
}

function elementOf({ name, text, attributes, children }: XmlElement): Compared {
  const own = [...attributes].filter(([key]) => !key.startsWith("xmlns"));
  return {
    name,
    attributes: own,
    text: children.length > 0 || text.trim() === "" ? "" : text,
    children: children.map(elementOf),
  };
}

/** The order of elements is free, and what is about the request is not the output's. */
function withoutIds({ name, text, attributes, children }: Compared): Compared {
  const kept = children.filter((child) => !["ResponseMetadata", "RequestId"].includes(child.name)).map(withoutIds);
  return {
    name,
    text,
    attributes,
    children: kept.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  };
}
