/** The OpenAPI v2 document in protobuf (gnostic, openapi.v2.Document), as clients from before v3 read it. Pure. */
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { DELIMITED, FIXED64, ProtoWriter, VARINT } from "#wire/proto-wire.ts";

/**
 * How a member is written: a scalar, a message, an Any (its JSON, which is YAML), a list of either, or a shape of gnostic's own.
 * "named" are maps: a list of messages of a name and a value.
 */
type Form =
  | "text"
  | "texts"
  | "flag"
  | "whole"
  | "double"
  | "any"
  | "anys"
  | "message"
  | "messages"
  | "named"
  | "types"
  | "items"
  | "additional"
  | "parameters"
  | "responses"
  | "answerSchema";

interface Field {
  readonly number: number;
  readonly form: Form;
  readonly message: MessageName;
}

type MessageName =
  | "Document"
  | "Info"
  | "PathItem"
  | "Operation"
  | "Response"
  | "Schema"
  | "ExternalDocs"
  | "BodyParameter"
  | "Query"
  | "Path";

interface Message {
  readonly fields: ReadonlyMap<string, Field>;
  /** Members that start with "x-". */
  readonly extensions: number;
}

function message(extensions: number, fields: Readonly<Record<string, readonly [number, Form, MessageName?]>>): Message {
  const entries = Object.entries(fields).map(
    ([name, [number, form, of = "Schema"]]) => [name, { number, form, message: of }] as const,
  );
  return { extensions, fields: new Map(entries) };
}

/** What parameters outside of bodies have in common; from the type on the numbers differ. */
const parameter = (after: number): Message =>
  message(after + 17, {
    required: [1, "flag"],
    in: [2, "text"],
    description: [3, "text"],
    name: [4, "text"],
    type: [after, "text"],
    format: [after + 1, "text"],
    default: [after + 4, "any"],
    uniqueItems: [after + 14, "flag"],
    enum: [after + 15, "anys"],
  });

const MESSAGES: Readonly<Record<MessageName, Message>> = {
  Document: message(16, {
    swagger: [1, "text"],
    info: [2, "message", "Info"],
    paths: [8, "named", "PathItem"],
    definitions: [9, "named", "Schema"],
  }),
  Info: message(7, { title: [1, "text"], version: [2, "text"], description: [3, "text"] }),
  PathItem: message(10, {
    get: [2, "message", "Operation"],
    put: [3, "message", "Operation"],
    post: [4, "message", "Operation"],
    delete: [5, "message", "Operation"],
    options: [6, "message", "Operation"],
    head: [7, "message", "Operation"],
    patch: [8, "message", "Operation"],
    parameters: [9, "parameters"],
  }),
  Operation: message(13, {
    tags: [1, "texts"],
    description: [3, "text"],
    operationId: [5, "text"],
    produces: [6, "texts"],
    consumes: [7, "texts"],
    parameters: [8, "parameters"],
    responses: [9, "responses"],
    schemes: [10, "texts"],
    deprecated: [11, "flag"],
  }),
  Response: message(5, { description: [1, "text"], schema: [2, "answerSchema"] }),
  Schema: message(31, {
    $ref: [1, "text"],
    format: [2, "text"],
    title: [3, "text"],
    description: [4, "text"],
    default: [5, "any"],
    multipleOf: [6, "double"],
    maximum: [7, "double"],
    exclusiveMaximum: [8, "flag"],
    minimum: [9, "double"],
    exclusiveMinimum: [10, "flag"],
    maxLength: [11, "whole"],
    minLength: [12, "whole"],
    pattern: [13, "text"],
    maxItems: [14, "whole"],
    minItems: [15, "whole"],
    uniqueItems: [16, "flag"],
    maxProperties: [17, "whole"],
    minProperties: [18, "whole"],
    required: [19, "texts"],
    enum: [20, "anys"],
    additionalProperties: [21, "additional"],
    type: [22, "types"],
    items: [23, "items"],
    allOf: [24, "messages", "Schema"],
    properties: [25, "named", "Schema"],
    readOnly: [27, "flag"],
    externalDocs: [29, "message", "ExternalDocs"],
    example: [30, "any"],
  }),
  ExternalDocs: message(3, { description: [1, "text"], url: [2, "text"] }),
  BodyParameter: message(6, {
    description: [1, "text"],
    name: [2, "text"],
    in: [3, "text"],
    required: [4, "flag"],
    schema: [5, "message", "Schema"],
  }),
  // Between them and the name there is "allowEmptyValue" in one of them.
  Query: parameter(6),
  Path: parameter(5),
};

/** Members that the messages do not know are left out, as by upstream's conversion (kube-openapi, ToGnostic). */
export function openApiProtobuf(document: JsonObject): Uint8Array {
  return encode("Document", document);
}

function encode(name: MessageName, value: Json | undefined): Uint8Array {
  const writer = new ProtoWriter();
  const { fields, extensions } = MESSAGES[name];
  for (const [member, one] of Object.entries(asObject(value))) {
    const field = fields.get(member);
    if (field !== undefined) WRITERS[field.form](writer, field, one);
    else if (member.startsWith("x-"))
      nested(writer, extensions, (entry) => {
        entry.tag(1, DELIMITED).text(member);
        nested(entry, 2, (any) => writeAny(any, one));
      });
  }
  return writer.finish();
}

type Write = (writer: ProtoWriter, field: Field, value: Json) => void;

/** Writes each of a list as `write` writes one. */
const each =
  (write: Write): Write =>
  (writer, field, value) => {
    for (const one of asList(value)) write(writer, field, one);
  };

const writeText: Write = (writer, { number }, value) => void writer.tag(number, DELIMITED).text(asText(value));
const writeMessage: Write = (writer, { number, message: of }, value) =>
  void writer.tag(number, DELIMITED).delimited(encode(of, value));
const writeWhole: Write = (writer, { number }, value) => void writer.tag(number, VARINT).integer(Number(value));
const writeAnyField: Write = (writer, { number }, value) => nested(writer, number, (any) => writeAny(any, value));
const ofSchema = (number: number): Field => ({ number, form: "message", message: "Schema" });

const WRITERS: Readonly<Record<Form, Write>> = {
  text: writeText,
  texts: each(writeText),
  flag: (writer, field, value) => writeWhole(writer, field, value === true ? 1 : 0),
  whole: writeWhole,
  double: (writer, { number }, value) => void writer.tag(number, FIXED64).double(Number(value)),
  any: writeAnyField,
  anys: each(writeAnyField),
  message: writeMessage,
  messages: each(writeMessage),
  named: writeNamed,
  // TypeItem and ItemsItem are lists in messages of their own.
  types: (writer, { number }, value) => nested(writer, number, (types) => each(writeText)(types, ofSchema(1), value)),
  items: (writer, { number }, value) =>
    nested(writer, number, (items) => each(writeMessage)(items, ofSchema(1), value)),
  additional: (writer, { number }, value) =>
    nested(writer, number, (item) =>
      typeof value === "boolean"
        ? writeWhole(item, ofSchema(2), Number(value))
        : writeMessage(item, ofSchema(1), value),
    ),
  parameters: each((writer, { number }, value) => nested(writer, number, (item) => writeParameter(item, value))),
  responses: (writer, { number }, value) => nested(writer, number, (responses) => writeResponses(responses, value)),
  answerSchema: (writer, { number }, value) => nested(writer, number, (item) => writeMessage(item, ofSchema(1), value)),
};

/** Definitions, Properties and Paths: messages that hold nothing but named values; those of Paths have the number 2. */
function writeNamed(writer: ProtoWriter, { number, message: of }: Field, value: Json): void {
  nested(writer, number, (map) => {
    for (const [name, one] of Object.entries(asObject(value)))
      nested(map, of === "PathItem" ? 2 : 1, (entry) => {
        entry.tag(1, DELIMITED).text(name).tag(2, DELIMITED).delimited(encode(of, one));
      });
  });
}

/** ParametersItem { Parameter { body_parameter | NonBodyParameter { query | path } } }. */
function writeParameter(item: ProtoWriter, value: Json): void {
  nested(item, 1, (one) => {
    const place = asObject(value)["in"];
    if (place === "body") return void one.tag(1, DELIMITED).delimited(encode("BodyParameter", value));
    nested(one, 2, (other) => {
      if (place === "query") other.tag(3, DELIMITED).delimited(encode("Query", value));
      else other.tag(4, DELIMITED).delimited(encode("Path", value));
    });
  });
}

/** NamedResponseValue { name, ResponseValue { response } }. */
function writeResponses(responses: ProtoWriter, value: Json): void {
  for (const [code, response] of Object.entries(asObject(value)))
    nested(responses, 1, (entry) => {
      entry.tag(1, DELIMITED).text(code);
      nested(entry, 2, (one) => one.tag(1, DELIMITED).delimited(encode("Response", response)));
    });
}

/** gnostic reads the text of an Any as YAML, of which JSON is a part. */
function writeAny(any: ProtoWriter, value: Json): void {
  any.tag(2, DELIMITED).text(JSON.stringify(value));
}

function nested(writer: ProtoWriter, number: number, fill: (inner: ProtoWriter) => unknown): void {
  const inner = new ProtoWriter();
  fill(inner);
  writer.tag(number, DELIMITED).delimited(inner.finish());
}

function asObject(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw new TypeError("OpenAPI v2: an object was expected");
  return value;
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}
