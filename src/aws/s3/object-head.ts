/** What is said of an object beside its bytes: headers and metadata as requests have them, as they are kept, and as answers have them. */
import type { Described, StoredObject } from "#managed/bucket/stored-object.ts";
import { AwsError } from "../aws-error.ts";
import { invalidArgument, invalidRequest } from "./world.ts";

const DEFAULT_TYPE = "binary/octet-stream";
// Amazon S3 User Guide, "Working with object metadata": user-defined metadata is limited to 2 KB.
const MAX_METADATA_BYTES = 2_048;

/** Members of requests and answers, and the headers that they are kept as. */
const HEADERS = {
  CacheControl: "cache-control",
  ContentDisposition: "content-disposition",
  ContentEncoding: "content-encoding",
  ContentLanguage: "content-language",
  ContentType: "content-type",
  Expires: "expires",
  StorageClass: "x-amz-storage-class",
  WebsiteRedirectLocation: "x-amz-website-redirect-location",
} as const;

type HeaderMember = keyof typeof HEADERS;

export type HeadInput = { readonly [M in HeaderMember]?: string } & {
  readonly Metadata?: Readonly<Record<string, string>>;
};

export type HeadKept = Pick<Described, "headers" | "metadata">;

/** The members that `HeadInput` has, for the lists of what actions serve. */
export function headKept(input: HeadInput): HeadKept {
  const { Metadata: metadata = {} } = input;
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  if (size > MAX_METADATA_BYTES)
    throw new AwsError("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size");
  const entries = HEADER_MEMBERS.flatMap((member) => {
    const value = plainValue(member, input[member]);
    return value === "" ? [] : [[HEADERS[member], value] as const];
  });
  return { headers: { "content-type": DEFAULT_TYPE, ...Object.fromEntries(entries) }, metadata };
}

const HEADER_MEMBERS: readonly HeaderMember[] = [
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
  "StorageClass",
  "WebsiteRedirectLocation",
];

function plainValue(member: HeaderMember, text = ""): string {
  // The coding of the transfer is none of the object's.
  if (member === "ContentEncoding")
    return text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "aws-chunked")
      .join(", ");
  if (member === "StorageClass" && text === "STANDARD") return "";
  if (member === "WebsiteRedirectLocation" && text !== "" && !/^(\/|https?:\/\/)/.test(text))
    throw new AwsError(
      "InvalidRedirectLocation",
      400,
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    );
  return text;
}

/** The members of an answer to GET and HEAD. */
export function headMembers(object: HeadKept): HeadMembers {
  const { headers, metadata } = object;
  const said = HEADER_MEMBERS.filter((member) => headers[HEADERS[member]] !== undefined);
  const { StorageClass: _class, ...members } = Object.fromEntries(
    said.map((member) => [member, headers[HEADERS[member]]]),
  );
  const storageClass = storageClassOf(object);
  return {
    ...members,
    // S3 says it only where it is another one.
    ...(storageClass !== "STANDARD" && { StorageClass: storageClass }),
    ...(Object.keys(metadata).length > 0 && { Metadata: metadata }),
  };
}

type HeadMembers = { readonly [M in Exclude<HeaderMember, "StorageClass">]?: string } & {
  readonly StorageClass?: (typeof STORAGE_CLASSES)[number];
  readonly Metadata?: Readonly<Record<string, string>>;
};

/** Those whose objects can be read at once. */
const STORAGE_CLASSES = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
] as const;

export function storageClassOf({ headers }: Pick<StoredObject, "headers">): (typeof STORAGE_CLASSES)[number] {
  return STORAGE_CLASSES.find((one) => one === headers[HEADERS.StorageClass]) ?? "STANDARD";
}

/** "a=1&b=2" of the header x-amz-tagging. */
export function tagsOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined || text === "") return {};
  const pairs = [...new URLSearchParams(text)];
  const names = new Set(pairs.map(([name]) => name));
  if (names.size !== pairs.length)
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    );
  return checkedTags(Object.fromEntries(pairs));
}

export const MAX_TAGS = 10;
export const MAX_BUCKET_TAGS = 50;
const MAX_TAG_NAME = 128;
const MAX_TAG_VALUE = 256;
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function checkedTags(
  tags: Readonly<Record<string, string>>,
  most: number = MAX_TAGS,
): Readonly<Record<string, string>> {
  const entries = Object.entries(tags);
  if (entries.length > most) throw new AwsError("BadRequest", 400, `Object tags cannot be greater than ${most}`);
  for (const [name, value] of entries) {
    if (name === "" || name.length > MAX_TAG_NAME || !TAG.test(name))
      throw new AwsError("InvalidTag", 400, "The TagKey you have provided is invalid");
    if (value.length > MAX_TAG_VALUE || !TAG.test(value))
      throw new AwsError("InvalidTag", 400, "The TagValue you have provided is invalid");
  }
  return tags;
}

/** Throws for lengths that say nothing (411), or too much. */
export function checkLength(
  { ContentLength }: { readonly ContentLength?: number },
  headers: Readonly<Record<string, string>>,
): void {
  const decoded = headers["x-amz-decoded-content-length"];
  if (ContentLength === undefined && decoded === undefined)
    throw new AwsError("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");
  if (decoded !== undefined && !/^\d+$/.test(decoded))
    throw invalidRequest("x-amz-decoded-content-length is no number");
}
