/** Compressed bodies: requests undone within a limit, large answers compressed as the client likes best (RFC 9110 8.4, 12.5.3). */
import { promisify } from "node:util";
import { crc32, deflate, gunzip, gzip, inflate } from "node:zlib";
import { AwsError } from "./aws-error.ts";
import type { Reply } from "./reply.ts";

const DECODE = { gzip: promisify(gunzip), deflate: promisify(inflate) };
const ENCODE = { gzip: promisify(gzip), deflate: promisify(deflate) };
type Coding = "gzip" | "deflate";
const CODINGS: readonly Coding[] = ["gzip", "deflate"];

// DynamoDB compresses answers above this size (seen on AWS by Scylla's test_compressed_response.py).
const WORTH_BYTES = 4_096;

/** The body as it was before `contentEncoding`; never more than `maxBytes`, however small it was sent. */
export async function decodedBody(
  bytes: Buffer,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  if (contentEncoding === undefined || contentEncoding === "identity") return bytes;
  const coding = CODINGS.find((known) => known === contentEncoding.toLowerCase());
  // DynamoDB answers 500 to what it cannot undo (Scylla's test_compressed_request.py).
  if (coding === undefined) throw new AwsError("InternalServerError", 500, "The body's Content-Encoding is not known");
  try {
    return await DECODE[coding](bytes, { maxOutputLength: maxBytes });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new AwsError("RequestEntityTooLargeException", 413, `Request must be smaller than ${maxBytes} bytes`);
    throw new AwsError("InternalServerError", 500, `The body is not what its Content-Encoding says: ${coding}`);
  }
}

/** The answer as bytes with the checksum that SDKs compare, compressed when it is large and the client may have it so. */
export async function codedReply(reply: Reply, acceptEncoding: string | undefined): Promise<Reply> {
  if (typeof reply.body !== "string") return reply;
  const text = reply.body;
  const coding = text.length > WORTH_BYTES ? chosenCoding(acceptEncoding ?? "") : null;
  const body = coding === null ? text : await ENCODE[coding](text);
  const headers = {
    ...reply.headers,
    "x-amz-crc32": String(crc32(body)),
    ...(coding !== null && { "content-encoding": coding }),
  };
  return { ...reply, headers, body };
}

interface Wish {
  readonly name: string;
  readonly weight: number;
}

/** Null: as it is. What is named goes before what only "*" allows; among equals the first. */
export function chosenCoding(acceptEncoding: string): Coding | null {
  const wishes = acceptEncoding.split(",").map(wishOf);
  const any = wishes.find(({ name }) => name === "*");
  const named = wishes.flatMap(({ name, weight }) => {
    const coding = CODINGS.find((known) => known === name);
    return coding === undefined ? [] : [{ coding, weight }];
  });
  const rest = CODINGS.filter((coding) => !named.some((wish) => wish.coding === coding)).map((coding) => ({
    coding,
    weight: any?.weight ?? 0,
  }));
  const [best] = [...named, ...rest].filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  return best?.coding ?? null;
}

function wishOf(text: string): Wish {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.map((parameter) => /^q\s*=\s*(\d+(?:\.\d+)?)$/.exec(parameter)?.[1]).find(Boolean);
  return { name, weight: parameters.length === 0 ? 1 : Number(weight ?? 0) };
}
