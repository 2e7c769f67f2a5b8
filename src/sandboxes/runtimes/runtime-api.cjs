/** Lambda's Runtime API (2018-06-01) over HTTP on the sandbox's own loopback: next, response, error, init error. One invocation at a time. */
"use strict";
const http = require("node:http");
const { Buffer } = require("node:buffer");

const ROOT = "/2018-06-01/runtime";
// Extensions API, Logs API and Telemetry API.
const EXTENSIONS = /^\/(2020-01-01\/extension|2020-08-15\/logs|2022-07-01\/telemetry)/;
const RESPONSE = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const RESPONSE_MODE = "lambda-runtime-function-response-mode";
const ACCEPTED = '{"status":"OK"}\n';
const ERROR_TYPE = "lambda-runtime-function-error-type";
const ERROR_BODY = "lambda-runtime-function-error-body";

exports.RuntimeApi = class {
  #listener;
  #maxBodyBytes;
  /** The response object of a runtime that asked for the next event. */
  #waiting = null;
  #offered = null;
  #running = null;
  #server;

  /** Bodies beyond `maxBodyBytes` are read to their end, dropped and refused: never cut short. */
  constructor(maxBodyBytes, listener) {
    this.#listener = listener;
    this.#maxBodyBytes = maxBodyBytes;
    this.#server = http.createServer({ keepAlive: true }, (request, response) => this.#receive(request, response));
    // A runtime waits on "next" for as long as nobody calls the function.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#server.timeout = 0;
  }

  listen(port, ready) {
    this.#server.listen(port, "127.0.0.1", () => ready(this.#server.address().port));
  }

  offer(id, request, payload) {
    this.#offered = { id, request, payload };
    this.#answerNext();
  }

  /** Whether the runtime has asked for its next event. */
  get isWaiting() {
    return this.#waiting !== null;
  }

  #receive(request, response) {
    const streamed = this.#streamedTo(request);
    if (streamed !== null) return this.#stream(request, response, streamed);
    const chunks = [];
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
      if (length <= this.#maxBodyBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on("end", () =>
      this.#route(request, response, length <= this.#maxBodyBytes ? Buffer.concat(chunks, length) : null),
    );
  }

  /** The id of the invocation whose response this is, if it comes piece by piece ("Using the Lambda runtime API", response streaming). */
  #streamedTo({ method, url, headers }) {
    const match = RESPONSE.exec(url);
    const isAsked = method === "POST" && match?.[2] === "response" && headers[RESPONSE_MODE] === "streaming";
    return isAsked && this.#running?.requestId === match[1] ? this.#running.id : null;
  }

  #stream(request, response, id) {
    this.#running = null;
    this.#listener.onStream(id, request.headers["content-type"] ?? "application/octet-stream");
    request.on("data", (chunk) => {
      request.pause();
      this.#listener.onPiece(id, chunk, () => request.resume());
    });
    request.on("end", () => {
      accept(response);
      const error = trailedError(request);
      if (error === null) this.#listener.onResponse(id, Buffer.alloc(0));
      else this.#listener.onError(id, error.type, error.body);
    });
    // A runtime that breaks off ends, or asks for its next event, and both are seen elsewhere.
    request.on("error", () => {});
  }

  /** `body` is null when it was too long. */
  #route(request, response, body) {
    const { method, url } = request;
    if (method === "GET" && url === `${ROOT}/invocation/next`) {
      this.#waiting = response;
      this.#listener.onNext();
      this.#answerNext();
      return;
    }
    const match = RESPONSE.exec(url);
    if (method === "POST" && match !== null) {
      this.#settle(match[1], match[2] === "error", { request, response, body });
    } else if (method === "POST" && url === `${ROOT}/init/error`) {
      accept(response);
      const text = body ?? Buffer.alloc(0);
      this.#listener.onInitError(bodyOf(text, errorTypeOf(request, text)));
    } else if (EXTENSIONS.test(url)) {
      refuse(response, 501, {
        errorType: "Extension.NotSupported",
        errorMessage: "extensions are not supported by Catamaran yet",
      });
    } else {
      refuse(response, 404, { errorType: "NotFound", errorMessage: `no such operation: ${method} ${url}` });
    }
  }

  #settle(requestId, isError, { request, response, body }) {
    if (this.#running?.requestId !== requestId) {
      refuse(response, 400, { errorType: "InvalidRequestID", errorMessage: "Invalid request ID" });
      return;
    }
    const { id } = this.#running;
    this.#running = null;
    if (body === null) {
      const errorMessage = `Exceeded maximum allowed payload size (${this.#maxBodyBytes} bytes).`;
      refuse(response, 413, { errorType: "RequestEntityTooLarge", errorMessage });
      this.#listener.onOversized(id);
      return;
    }
    accept(response);
    if (isError) this.#listener.onError(id, errorTypeOf(request, body), body);
    else this.#listener.onResponse(id, body);
  }

  #answerNext() {
    if (this.#waiting === null || this.#offered === null) return;
    const { id, request, payload } = this.#offered;
    const response = this.#waiting;
    this.#waiting = null;
    this.#offered = null;
    this.#running = { id, requestId: request.requestId };
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": payload.length,
      "Lambda-Runtime-Aws-Request-Id": request.requestId,
      "Lambda-Runtime-Deadline-Ms": String(Math.round(request.deadlineMs)),
      "Lambda-Runtime-Invoked-Function-Arn": request.arn,
      "Lambda-Runtime-Trace-Id": request.traceId,
      ...(request.clientContext !== undefined && { "Lambda-Runtime-Client-Context": request.clientContext }),
    });
    response.end(payload);
  }
};

/** A runtime that streams its answer tells in trailers that it broke off. */
function trailedError({ trailers }) {
  const type = trailers[ERROR_TYPE];
  if (type === undefined) return null;
  return { type: String(type), body: Buffer.from(String(trailers[ERROR_BODY] ?? ""), "base64") };
}

function accept(response) {
  response.writeHead(202, { "Content-Type": "application/json", "Content-Length": ACCEPTED.length });
  response.end(ACCEPTED);
}

function refuse(response, status, error) {
  const body = JSON.stringify(error);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function errorTypeOf(request, body) {
  const named = request.headers[ERROR_TYPE];
  if (named !== undefined) return String(named);
  const parsed = bodyOf(body, "Unhandled");
  return String(parsed.errorType);
}

function bodyOf(body, errorType) {
  try {
    const parsed = JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null
      ? { errorType, ...parsed }
      : { errorType, errorMessage: String(parsed) };
  } catch {
    return { errorType, errorMessage: body.toString("utf8") };
  }
}
