/** What a generated model says of a service: its operations, their shapes and how each member is written on the wire. Data alone, by tools/gen-aws.ts. */

/** By AWS's own names; one service may speak several. */
export type ProtocolName = "json" | "rest-json" | "query" | "rest-xml" | "smithy-rpc-v2-cbor";

/** `Operations` and `Errors` are types alone: the generated input, output and error members by name. */
export interface Model<Operations = unknown, Errors = unknown> {
  /** "2015-03-31". */
  readonly version: string;
  readonly signingName: string;
  readonly protocols: readonly ProtocolName[];
  /** Of the json protocol. */
  readonly jsonVersion?: "1.0" | "1.1";
  /** Of the json protocol: what stands before the operation's name in X-Amz-Target. */
  readonly targetPrefix?: string;
  readonly xmlNamespace?: string;
  /** Errors also carry the code that the query protocol gave them (Smithy, "awsQueryCompatible"). */
  readonly isQueryCompatible?: true;
  readonly operations: Readonly<Record<string, OperationData>>;
  readonly shapes: Readonly<Record<string, ShapeData>>;
  readonly types?: { readonly operations: Operations; readonly errors: Errors };
}

export interface OperationData {
  /** Default POST. */
  readonly method?: string;
  /** Default "/". A name in braces is a member, "{Name+}" takes slashes too; a query that stands here must be asked. */
  readonly uri?: string;
  /** Of success; default 200. */
  readonly status?: number;
  /** A structure; absent: the operation has none. */
  readonly input?: string;
  readonly output?: string;
  /** Structures with an `error`. */
  readonly errors?: readonly string[];
  /** Of the query protocol: the element inside the answer. */
  readonly resultWrapper?: string;
  /** Of the rest-xml protocol: the name of the root element of the input, where it is not the shape's. */
  readonly inputRoot?: { readonly name: string; readonly namespace?: string };
}

export type ShapeData =
  | ({ readonly is: "string"; readonly pattern?: string; readonly enum?: readonly string[] } & Bounds)
  | ({ readonly is: "integer" | "long" | "float" | "double" } & Bounds)
  | { readonly is: "boolean" }
  /** `encoded`: on JSON's wire as it came, the base64 text, or its bytes when it is long. */
  | ({ readonly is: "blob"; readonly encoded?: true; readonly streaming?: true } & Bounds)
  | { readonly is: "timestamp"; readonly format?: TimestampFormat }
  | ({ readonly is: "list"; readonly of: MemberData; readonly flattened?: true } & Bounds)
  | ({ readonly is: "map"; readonly key: MemberData; readonly value: MemberData; readonly flattened?: true } & Bounds)
  | StructureData
  /** JSON of any form, which goes through as it is. */
  | { readonly is: "json" };

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export type TimestampFormat = "iso8601" | "rfc822" | "unixTimestamp";

export interface StructureData {
  readonly is: "structure";
  readonly members: Readonly<Record<string, MemberData>>;
  readonly required?: readonly string[];
  /** The member that is the whole body. */
  readonly payload?: string;
  /** Exactly one of its members is there. */
  readonly union?: true;
  /** A union whose members come one after the other as messages. */
  readonly eventstream?: true;
  readonly error?: ErrorData;
  /** Its element where it is a whole XML document, when that is not its name. */
  readonly root?: string;
  readonly xmlNamespace?: XmlNamespace;
}

export interface ErrorData {
  /** What the query and XML protocols call it, where that is not the shape's name. */
  readonly code?: string;
  readonly status?: number;
  /** The service's own failing. */
  readonly fault?: true;
}

export interface XmlNamespace {
  readonly uri: string;
  readonly prefix?: string;
}

/** A name of a shape, or that and how this member differs from what its shape says. */
export type MemberData =
  | string
  | {
      readonly of: string;
      readonly at?: Location;
      /** On the wire; of "headers" the prefix that they share. */
      readonly name?: string;
      readonly flattened?: true;
      readonly attribute?: true;
      readonly namespace?: XmlNamespace;
      readonly format?: TimestampFormat;
      /** The text of a JSON document, in a header as base64. */
      readonly jsonvalue?: true;
      /** Where in a message of an event stream. */
      readonly event?: "header" | "payload";
    };

/** Where a member stands outside of the body. */
export type Location = "header" | "headers" | "uri" | "querystring" | "statusCode";
