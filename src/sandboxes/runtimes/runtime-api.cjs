/** Lambda's Runtime API (2018-06-01) over HTTP on the sandbox's own loopback: next, response, error, init error. One invocation at a time. */
"use strict";
const http = require("node:http");
const { Buffer } = require("node:buffer");

const ROOT = "/2018-06-01/runtime";
const ACCEPTED = '{"status":"OK"}\n';
// A response of 6 MB is the limit; anything beyond it is cut short and refused by control.
const MAX_BODY_BYTES = 6 * 1024 * 1024 + 1024;

exports.openRuntimeApi = (listener) => {
  const state = { waiting: null, offered: null, running: null, binding: null };

  function answerNext() {
    if (state.waiting === null || state.offered === null) return;
    const { id, request, payload } = state.offered;
    const response = state.waiting;
    state.waiting = null;
    state.offered = null;
    state.running = { id, requestId: request.requestId };
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": payload.length,
      "Lambda-Runtime-Aws-Request-Id": request.requestId,
      "Lambda-Runtime-Deadline-Ms": String(request.deadlineMs),
      "Lambda-Runtime-Invoked-Function-Arn": request.arn,
      "Lambda-Runtime-Trace-Id": request.traceId,
      ...(request.clientContext !== undefined && { "Lambda-Runtime-Client-Context": request.clientContext }),
    });
    response.end(payload);
  }

  /** The invocation that the path names, or null after refusing. */
  function runningOf(requestId, response) {
    if (state.running?.requestId === requestId) {
      const { id } = state.running;
      state.running = null;
      return id;
    }
    refuse(response, 400, "InvalidRequestID", "Invalid request ID");
    return null;
  }

  function route(request, response, body) {
    const { method, url } = request;
    if (method === "GET" && url === `${ROOT}/invocation/next`) {
      state.waiting = response;
      listener.onNext();
      return answerNext();
    }
    const match = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(url);
    if (method === "POST" && match !== null) {
      const id = runningOf(match[1], response);
      if (id === null) return undefined;
      accept(response);
      if (match[2] === "response") return listener.onResponse(id, body);
      return listener.onError(id, errorTypeOf(request, body), body);
    }
    if (method === "POST" && url === `${ROOT}/init/error`) {
      accept(response);
      return listener.onInitError(bodyOf(body, errorTypeOf(request, body)));
    }
    if (
      url?.startsWith("/2020-01-01/extension") ||
      url?.startsWith("/2020-08-15/logs") ||
      url?.startsWith("/2022-07-01/telemetry")
    ) {
      return refuse(response, 501, "Extension.NotSupported", "extensions are not supported by Catamaran yet");
    }
    return refuse(response, 404, "NotFound", `no such operation: ${method} ${url}`);
  }

  const server = http.createServer({ keepAlive: true }, (request, response) => {
    const chunks = [];
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on("end", () => route(request, response, Buffer.concat(chunks)));
  });
  // A runtime waits on "next" for as long as nobody calls the function.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.timeout = 0;

  return {
    setFunction: (binding) => (state.binding = binding),
    offer: (id, request, payload) => {
      state.offered = { id, request, payload };
      answerNext();
    },
    listen: (port, ready) => server.listen(port, "127.0.0.1", () => ready(server.address().port)),
  };
};

function accept(response) {
  response.writeHead(202, { "Content-Type": "application/json", "Content-Length": ACCEPTED.length });
  response.end(ACCEPTED);
}

function refuse(response, status, errorType, errorMessage) {
  const body = JSON.stringify({ errorMessage, errorType });
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function errorTypeOf(request, body) {
  const named = request.headers["lambda-runtime-function-error-type"];
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
