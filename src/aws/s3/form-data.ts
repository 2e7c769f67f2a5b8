/** multipart/form-data as it comes (RFC 7578): the fields before the file, then the file as a stream. What follows the file is passed over. */
import { AwsError } from "../aws-error.ts";

export interface Form {
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly file: {
    readonly name: string;
    readonly contentType: string | undefined;
    /** Read it once. */
    readonly bytes: AsyncIterable<Uint8Array>;
  };
}

// Amazon S3 API Reference, "POST Object": the form data and boundary "cannot exceed 20 KB", the file aside.
const MAX_FIELD_BYTES = 20 * 1024;

/** Throws AwsError for what is no such form, or has no file. */
export async function readForm(source: AsyncIterable<Uint8Array>, contentType: string): Promise<Form> {
  const boundary = /boundary=(?:"([^"]{1,70})"|([^;,\s]{1,70}))/.exec(contentType);
  if (boundary === null) throw malformed("the boundary is missing");
  const input = new Input(source, `\r\n--${boundary[1] ?? boundary[2] ?? ""}`);
  // The first boundary has no line before it.
  input.push(Buffer.from("\r\n"));
  const fields = new Map<string, string>();
  let size = 0;
  await input.skipPart();
  for (;;) {
    const head = await input.head();
    if (head === null) throw new AwsError("InvalidArgument", 400, "POST requires exactly one file upload per request.");
    const name = /;\s*name="([^"]*)"/i.exec(head["content-disposition"] ?? "")?.[1]?.toLowerCase() ?? "";
    if (name === "file") {
      const fileName = /;\s*filename="([^"]*)"/i.exec(head["content-disposition"] ?? "")?.[1] ?? "";
      return { fields, file: { name: fileName, contentType: head["content-type"], bytes: input.part() } };
    }
    const text = await input.text(MAX_FIELD_BYTES - size);
    size += text.length;
    fields.set(name, text);
  }
}

function malformed(why: string): AwsError {
  return new AwsError(
    "MalformedPOSTRequest",
    400,
    `The body of your POST request is not well-formed multipart/form-data: ${why}`,
  );
}

class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #boundary: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #isEnd = false;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#boundary = Buffer.from(boundary, "latin1");
  }

  push(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
  }

  async skipPart(): Promise<void> {
    await this.text(MAX_FIELD_BYTES);
  }

  /** The headers of the next part; null behind the last one. */
  async head(): Promise<Readonly<Record<string, string>> | null> {
    while (this.#held.length < 2) await this.#more();
    if (this.#held.subarray(0, 2).toString() === "--") return null;
    let end = this.#held.indexOf("\r\n\r\n");
    while (end < 0) {
      if (this.#held.length > MAX_FIELD_BYTES) throw malformed("the head of a part is too long");
      await this.#more();
      end = this.#held.indexOf("\r\n\r\n");
    }
    const lines = this.#held
      .subarray(0, end)
      .toString("utf8")
      .split("\r\n")
      .filter((line) => line !== "");
    this.#held = this.#held.subarray(end + 4);
    return Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
  }

  async text(most: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.part()) {
      size += chunk.length;
      if (size > most)
        throw new AwsError(
          "MaxPostPreDataLengthExceededError",
          400,
          "Your POST request fields preceding the upload file were too large.",
        );
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Up to the next boundary, which may lie across chunks. */
  async *part(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#held.indexOf(this.#boundary);
      if (at >= 0) {
        if (at > 0) yield this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + this.#boundary.length);
        return;
      }
      const sure = this.#held.length - this.#boundary.length;
      if (sure > 0) {
        yield this.#held.subarray(0, sure);
        this.#held = this.#held.subarray(sure);
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const { done, value } = this.#isEnd ? { done: true, value: undefined } : await this.#source.next();
    this.#isEnd = done === true;
    if (done === true || value === undefined) throw malformed("it ends too early");
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
  }
}
