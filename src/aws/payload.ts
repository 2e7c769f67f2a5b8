/** What the head of an S3 request says of its body (x-amz-content-sha256), and the body's bytes once they are held against it. */
import { createHash } from "node:crypto";
import { AwsError } from "./aws-error.ts";
import { unchunked } from "./chunked-body.ts";
import { type ChunkSigner, type SignedHead } from "./sign.ts";

export interface Payload {
  /** The text that stands for the body in what the head's signature covers. */
  readonly covered: string;
  readonly form: "whole" | "unsigned" | "chunks" | "signed chunks";
  readonly hasTrailer: boolean;
  /** Of the bytes without any coding; null when the head does not say it. */
  readonly length: number | null;
}

const UNSIGNED = "UNSIGNED-PAYLOAD";

const CHUNKED: ReadonlyMap<string, Pick<Payload, "form" | "hasTrailer">> = new Map([
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { form: "signed chunks", hasTrailer: false }],
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { form: "signed chunks", hasTrailer: true }],
  ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { form: "chunks", hasTrailer: true }],
]);

/** `isByHeader`: signed by the Authorization header, which must say what the body is; a presigned URL and nobody need not. */
export function payloadOf({ headers }: SignedHead, isByHeader: boolean): Payload {
  const said = headers["x-amz-content-sha256"];
  const plainLength = lengthOf(headers["content-length"]);
  if (said === undefined && isByHeader)
    throw new AwsError("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256");
  if (said === undefined || said === UNSIGNED)
    return { covered: UNSIGNED, form: "unsigned", hasTrailer: false, length: plainLength };
  const chunked = CHUNKED.get(said);
  if (chunked !== undefined)
    return { covered: said, ...chunked, length: lengthOf(headers["x-amz-decoded-content-length"]) };
  if (/^[0-9a-f]{64}$/.test(said)) return { covered: said, form: "whole", hasTrailer: false, length: plainLength };
  throw new AwsError(
    "InvalidArgument",
    400,
    `x-amz-content-sha256 must be ${UNSIGNED}, ${[...CHUNKED.keys()].join(", ")}, or a valid sha256 value.`,
  );
}

function lengthOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

export interface Opening {
  /** Of signed chunks. */
  readonly signer: ChunkSigner | null;
  readonly onTrailers: (trailers: ReadonlyMap<string, string>) => void;
}

/** Throws at the end of bytes that are not what the head says: whoever reads them acts on nothing before. */
export function opened(
  source: AsyncIterable<Buffer>,
  { covered, form, hasTrailer, length }: Payload,
  { signer, onTrailers }: Opening,
): AsyncIterable<Uint8Array> {
  switch (form) {
    case "unsigned":
      return source;
    case "whole":
      return compared(source, covered);
    case "chunks":
    case "signed chunks":
      return unchunked(source, { signer: form === "chunks" ? null : signer, hasTrailer, length }, onTrailers);
  }
}

async function* compared(source: AsyncIterable<Buffer>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== sha256)
    throw new AwsError(
      "XAmzContentSHA256Mismatch",
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
}
