/**
 * The coding "aws-chunked": a body in chunks, each with a signature of its own or none, and headers behind the last one (Amazon S3 API
 * Reference, "Signature Calculations … Transferring Payload in Multiple Chunks", with and without trailing headers).
 */
import { createHash } from "node:crypto";
import { AwsError } from "./aws-error.ts";
import { type ChunkSigner, sha256Hex } from "./sign.ts";

export interface ChunkedForm {
  /** Null: chunks are not signed. */
  readonly signer: ChunkSigner | null;
  readonly hasTrailer: boolean;
  /** What the chunks hold together; null when the head does not say it. */
  readonly length: number | null;
}

// "10000;chunk-signature=" and 64 digits; trailers are checksums.
const MAX_LINE_BYTES = 1_024;
const MAX_TRAILERS = 16;

/** The bytes inside the chunks. Throws AwsError when they are not what was signed: act on nothing before the end. */
export async function* unchunked(
  source: AsyncIterable<Buffer>,
  { signer, hasTrailer, length }: ChunkedForm,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  const input = new Input(source);
  let before = signer?.seed ?? "";
  let total = 0;
  for (;;) {
    const { size, signature } = chunkHead(await input.line());
    total += size;
    if (length !== null && total > length) throw incomplete();
    const hash = signer === null ? null : createHash("sha256");
    for (let left = size; left > 0;) {
      const piece = await input.take(left);
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    if (signer !== null && hash !== null)
      before = proven(signer.sign("chunk", before, hash.digest("hex")), signature ?? "");
    if (size === 0) break;
    if ((await input.line()) !== "") throw malformed("a chunk is longer than it says");
  }
  if (length !== null && total < length) throw incomplete();
  const trailers = await readTrailers(input);
  if (hasTrailer) onTrailers(provenTrailers(trailers, signer, before));
  await input.end();
}

function chunkHead(line: string): { readonly size: number; readonly signature: string | undefined } {
  const [, digits, signature] = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
  if (digits === undefined) throw malformed("a chunk does not begin with its size");
  return { size: Number.parseInt(digits, 16), signature };
}

async function readTrailers(input: Input): Promise<ReadonlyMap<string, string>> {
  const trailers = new Map<string, string>();
  for (let line = await input.lastLine(); line !== ""; line = await input.lastLine()) {
    const colon = line.indexOf(":");
    if (colon < 1 || trailers.size >= MAX_TRAILERS) throw malformed("the trailer is no list of headers");
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
}

const TRAILER_SIGNATURE = "x-amz-trailer-signature";

function provenTrailers(
  all: ReadonlyMap<string, string>,
  signer: ChunkSigner | null,
  before: string,
): ReadonlyMap<string, string> {
  const trailers = new Map(all);
  trailers.delete(TRAILER_SIGNATURE);
  if (signer === null) return trailers;
  const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join("");
  proven(signer.sign("trailer", before, sha256Hex(text)), all.get(TRAILER_SIGNATURE) ?? "");
  return trailers;
}

/** What follows is signed with it; so there is nothing to be learnt from how long the comparison takes. */
function proven(expected: string, given: string): string {
  if (expected !== given)
    throw new AwsError(
      "SignatureDoesNotMatch",
      403,
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
  return expected;
}

function malformed(why: string): AwsError {
  return new AwsError("InvalidRequest", 400, `The body is not in the coding aws-chunked: ${why}`);
}

function incomplete(): AwsError {
  return new AwsError(
    "IncompleteBody",
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  );
}

/** Lines and bytes out of chunks that end anywhere. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Some of the next bytes, `most` at most. */
  async take(most: number): Promise<Buffer> {
    if (this.#held.length === 0 && !(await this.#more())) throw incomplete();
    const piece = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(piece.length);
    return piece;
  }

  /** Without the line's end. */
  async line(): Promise<string> {
    const line = await this.#lineOrNull();
    if (line === null) throw incomplete();
    return line;
  }

  /** Empty also where the body ends: some clients leave the last line's end out. */
  async lastLine(): Promise<string> {
    return (await this.#lineOrNull()) ?? "";
  }

  async end(): Promise<void> {
    do if (this.#held.some((byte) => byte !== 0x0d && byte !== 0x0a)) throw malformed("more follows its end");
    while (await this.#more());
  }

  async #lineOrNull(): Promise<string | null> {
    for (;;) {
      const end = this.#held.indexOf("\n");
      if (end > MAX_LINE_BYTES || (end < 0 && this.#held.length > MAX_LINE_BYTES))
        throw malformed("a line is too long");
      if (end >= 0) {
        const line = this.#held.subarray(0, end).toString("latin1");
        this.#held = this.#held.subarray(end + 1);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      const { length } = this.#held;
      if (await this.#more()) continue;
      if (length > 0) throw incomplete();
      return null;
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}
