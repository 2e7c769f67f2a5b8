/** Handlers that stream: `awslambda.streamifyResponse`, the stream that they write to, and when such an invocation is over (ResponseStream.js, HttpResponseStream.js and Runtime.js of aws-lambda-ric 3). */
"use strict";
const { Writable } = require("node:stream");
const { Buffer } = require("node:buffer");
const { JSON, console, process } = globalThis;
const stringify = JSON.stringify;

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const DEFAULT_TYPE = "application/octet-stream";
const HTTP_TYPE = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);

exports.streamifyResponse = (handler, options) => {
  handler[STREAMING] = "response";
  if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
  return handler;
};

/** The content type whose head is JSON with status and headers, then eight zeros. */
exports.HttpResponseStream = class HttpResponseStream {
  static from(stream, prelude) {
    stream.setContentType(HTTP_TYPE);
    const text = stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(DELIMITER);
    };
    return stream;
  }
};

/** What a function is marked with: "response", something that nobody knows, or nothing. */
exports.streamingMark = (handler) => handler[STREAMING];

class ResponseStream extends Writable {
  #send;
  #contentType = DEFAULT_TYPE;
  #hasBegun = false;

  /** `send` has `begin(contentType)` and `piece(bytes, done)`. */
  constructor(send, highWaterMark) {
    super({ decodeStrings: true, ...(highWaterMark !== undefined && { highWaterMark }) });
    this.#send = send;
  }

  setContentType(contentType) {
    if (this.#hasBegun) {
      const error = new Error("Cannot set content-type, too late.");
      error.name = "Runtime.InvalidStreamingOperation";
      throw error;
    }
    this.#contentType = String(contentType);
  }

  /** Also objects, as their JSON. */
  write(chunk, ...rest) {
    const isBytes = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(isBytes ? chunk : stringify(chunk), ...rest);
  }

  _write(chunk, _encoding, done) {
    this.#begin();
    this.#send.piece(chunk, done);
  }

  _final(done) {
    this.#begin();
    done();
  }

  #begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#send.begin(this.#contentType);
    this._onBeforeFirstWrite?.((piece) => this.#send.piece(Buffer.from(piece), () => {}));
  }
}

/** Runs one invocation; `tools` are those of the rules of invocations that answer at once. */
exports.runStreaming = async (id, { handler, door, tools }, event, context) => {
  const send = {
    begin: (contentType) => door.sendStream(id, contentType),
    piece: (bytes, done) => door.sendPiece(id, bytes, done),
  };
  const stream = new ResponseStream(send, handler[HIGH_WATER_MARK]);
  const finished = new Promise((resolve) => {
    stream.once("finish", resolve);
    stream.once("error", resolve);
    stream.once("close", resolve);
  });
  try {
    const returned = handler(event(), stream, context);
    if (typeof returned?.then !== "function") return tools.fail(id, "Streaming does not support non-async handlers.");
    if ((await returned) !== undefined) console.warn("Streaming handlers ignore return values.");
    if (stream.writableEnded) await finished;
    // One that nobody ended yet is waited for, as long as something in this process may still end it.
    else await Promise.race([finished, nothingLeft()]);
    if (stream.writableFinished) tools.streamed(id);
    else tools.fail(id, stream.errored ?? "Response stream is not finished.");
  } catch (error) {
    tools.fail(id, error);
  }
  return undefined;
};

/** Resolves when the event loop has nothing more to do. */
function nothingLeft() {
  return new Promise((resolve) => process.once("beforeExit", resolve));
}
