/** The first process of every sandbox: says it is ready, takes one function (BIND), then answers invocations. Never bound twice. */
"use strict";
// User code may replace anything global later, so whatever the agent needs is taken now.
const net = require("node:net");
const { Buffer } = require("node:buffer");
const { JSON, process } = globalThis;
const parse = JSON.parse;
const stringify = JSON.stringify;

/** Frame types; src/sandboxes/frames.ts holds the same table for the other side. */
const FRAME = {
  bind: 1,
  invoke: 2,
  ready: 16,
  initDone: 17,
  initError: 18,
  response: 19,
  error: 20,
  log: 21,
  cache: 22,
};
const HEADER_BYTES = 9;

const socketPath = process.argv[2];
const options = parse(process.argv[3] ?? "{}");
// A sandbox starts with nothing of the machine's environment; the process driver passes little more.
// One buffer for everything that arrives: V8 collects buffers of its own so late that they would fill a small sandbox.
const arrived = Buffer.allocUnsafeSlow(64 * 1024);
const socket = net.connect({ path: socketPath, onread: { buffer: arrived, callback: receive } });
const runtime = { current: null, engine: null };

/** A frame with room for its payload. Not of Buffer's pool, whose blocks V8 keeps until they fill a small sandbox. */
function frameFor(type, id, length) {
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + length);
  frame.writeUInt32BE(length + 5, 0);
  frame.writeUInt32BE(id, 4);
  frame[8] = type;
  return frame;
}

/** `body` is text or bytes; what does not fit is left out. */
function put(frame, at, body) {
  if (typeof body === "string") frame.write(body, at);
  else body.copy(frame, at);
}

function sizeOf(body) {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

function send(type, id, body) {
  const frame = frameFor(type, id, sizeOf(body));
  put(frame, HEADER_BYTES, body);
  socket.write(frame);
}

const rusage = process.resourceUsage.bind(process);
// A runtime below the agent has a peak of its own, which control asks the sandbox for: 0 says so.
const peakKib = options.flavour === "node" ? () => rusage().maxRSS >>> 0 : () => 0;
const now = Date.now;

// One byte more than Lambda's limit is enough to be refused for it.
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 1;

/** A response or error starts with the peak of this process in KiB, so that REPORT needs no second question. */
function sendResponse(id, body) {
  const frame = frameFor(FRAME.response, id, 4 + Math.min(sizeOf(body), MAX_RESPONSE_BYTES));
  frame.writeUInt32BE(peakKib(), HEADER_BYTES);
  put(frame, HEADER_BYTES + 4, body);
  socket.write(frame);
}

function sendError(id, errorType, body) {
  const typeSize = sizeOf(errorType);
  const frame = frameFor(FRAME.error, id, 6 + typeSize + sizeOf(body));
  frame.writeUInt32BE(peakKib(), HEADER_BYTES);
  frame.writeUInt16BE(typeSize, HEADER_BYTES + 4);
  put(frame, HEADER_BYTES + 6, errorType);
  put(frame, HEADER_BYTES + 6 + typeSize, body);
  socket.write(frame);
}

function sendLog(id, text) {
  const frame = frameFor(FRAME.log, id, 8 + sizeOf(text));
  frame.writeDoubleBE(now(), HEADER_BYTES);
  put(frame, HEADER_BYTES + 8, text);
  socket.write(frame);
}

function sendInitError(body) {
  send(FRAME.initError, 0, stringify(body));
}

const door = {
  send,
  sendResponse,
  sendError,
  sendLog,
  sendInitError,
  initDone: () => send(FRAME.initDone, 0, ""),
  sendCache: (bytes) => send(FRAME.cache, 0, bytes),
  options,
};

function bind(payload) {
  const length = payload.readUInt32BE(0);
  const binding = parse(payload.toString("utf8", 4, 4 + length));
  const cache = Buffer.from(payload.subarray(4 + length));
  runtime.engine.bind(binding, cache.length === 0 ? undefined : cache);
}

function invoke(id, payload) {
  const length = payload.readUInt32BE(0);
  const request = parse(payload.toString("utf8", 4, 4 + length));
  runtime.engine.invoke(id, request, payload.subarray(4 + length));
}

function take(type, id, payload) {
  if (type === FRAME.bind) bind(payload);
  else if (type === FRAME.invoke) invoke(id, payload);
}

// Chunks are kept in a list and joined once per frame: joining at every chunk makes big payloads quadratic.
let chunks = [];
let held = 0;
let wanted = 4;

/** What `arrived` holds is overwritten by the next: engines use a payload at once or copy it. */
function receive(size) {
  const chunk = arrived.subarray(0, size);
  held += size;
  if (held < wanted) {
    chunks.push(Buffer.from(chunk));
    return true;
  }
  const bytes = chunks.length === 0 ? chunk : Buffer.concat([...chunks, chunk], held);
  let at = 0;
  while (bytes.length - at >= 4) {
    const length = bytes.readUInt32BE(at);
    if (bytes.length - at < 4 + length) break;
    take(bytes[at + 8], bytes.readUInt32BE(at + 4), bytes.subarray(at + HEADER_BYTES, at + 4 + length));
    at += 4 + length;
  }
  const rest = Buffer.from(bytes.subarray(at));
  chunks = rest.length === 0 ? [] : [rest];
  held = rest.length;
  wanted = held >= 4 ? 4 + rest.readUInt32BE(0) : 4;
  return true;
}

// Whoever started the sandbox is gone: nobody can want an answer any more.
socket.on("close", () => process.reallyExit(0));
socket.on("error", () => process.reallyExit(0));

socket.on("connect", () => {
  if (options.sdkFrom !== undefined) require("./sdk-fallback.cjs").resolveFrom(options.sdkFrom);
  const { openEngine } = require(options.flavour === "node" ? "./node-runtime.cjs" : "./child-runtime.cjs");
  const { forwardAws } = require("./forward.cjs");
  runtime.engine = openEngine(door);
  forwardAws(options, () => runtime.engine.whenReady(() => send(FRAME.ready, 0, "")));
});
