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
const socket = net.connect(socketPath);
const runtime = { current: null, engine: null };

/** One frame, one write. */
function send(type, id, ...parts) {
  let at = HEADER_BYTES;
  let length = 5;
  for (const part of parts) length += part.length;
  const frame = Buffer.allocUnsafe(4 + length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt32BE(id, 4);
  frame[8] = type;
  for (const part of parts) {
    part.copy(frame, at);
    at += part.length;
  }
  socket.write(frame);
}

const rusage = process.resourceUsage.bind(process);
// A runtime below the agent has a peak of its own, which control asks the sandbox for: 0 says so.
const peakKib = options.flavour === "node" ? () => rusage().maxRSS >>> 0 : () => 0;
const now = Date.now;

// One byte more than Lambda's limit is enough to be refused for it.
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 1;

/** A response or error starts with the peak of this process in KiB, so that REPORT needs no second question. */
function sendResponse(id, payload) {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32BE(peakKib(), 0);
  send(FRAME.response, id, head, payload.subarray(0, MAX_RESPONSE_BYTES));
}

function sendError(id, errorType, body) {
  const type = Buffer.from(errorType);
  const head = Buffer.allocUnsafe(6);
  head.writeUInt32BE(peakKib(), 0);
  head.writeUInt16BE(type.length, 4);
  send(FRAME.error, id, head, type, body);
}

function sendLog(id, text) {
  const body = Buffer.from(text);
  const head = Buffer.allocUnsafe(8);
  head.writeDoubleBE(now(), 0);
  send(FRAME.log, id, head, body);
}

function sendInitError(body) {
  send(FRAME.initError, 0, Buffer.from(stringify(body)));
}

const door = {
  send,
  sendResponse,
  sendError,
  sendLog,
  sendInitError,
  initDone: () => send(FRAME.initDone, 0),
  sendCache: (bytes) => send(FRAME.cache, 0, bytes),
  options,
};

function bind(payload) {
  const length = payload.readUInt32BE(0);
  const binding = parse(payload.toString("utf8", 4, 4 + length));
  const cache = payload.subarray(4 + length);
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

socket.on("data", (chunk) => {
  chunks.push(chunk);
  held += chunk.length;
  if (held < wanted) return;
  let bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, held);
  let at = 0;
  while (bytes.length - at >= 4) {
    const length = bytes.readUInt32BE(at);
    if (bytes.length - at < 4 + length) break;
    take(bytes[at + 8], bytes.readUInt32BE(at + 4), bytes.subarray(at + HEADER_BYTES, at + 4 + length));
    at += 4 + length;
  }
  bytes = bytes.subarray(at);
  chunks = bytes.length === 0 ? [] : [bytes];
  held = bytes.length;
  wanted = held >= 4 ? 4 + bytes.readUInt32BE(0) : 4;
});
// Whoever started the sandbox is gone: nobody can want an answer any more.
socket.on("close", () => process.reallyExit(0));
socket.on("error", () => process.reallyExit(0));

socket.on("connect", () => {
  if (options.sdkFrom !== undefined) require("./sdk-fallback.cjs").resolveFrom(options.sdkFrom);
  const { openEngine } = require(options.flavour === "node" ? "./node-runtime.cjs" : "./child-runtime.cjs");
  const { forwardAws } = require("./forward.cjs");
  runtime.engine = openEngine(door);
  forwardAws(options, () => runtime.engine.whenReady(() => send(FRAME.ready, 0)));
});
