/** The first process of every sandbox that is ours: says it is ready, takes one function (BIND), then answers invocations. Never bound twice. */
"use strict";
// User code may replace anything global later, so whatever the agent needs is taken now.
const fs = require("node:fs");
const net = require("node:net");
const { Buffer } = require("node:buffer");
const { JSON, process } = globalThis;
const parse = JSON.parse;
const stringify = JSON.stringify;

/** Frame types; src/sandboxes/frames.ts holds the same table for the other side. */
const FRAME = {
  bind: 1,
  invoke: 2,
  end: 3,
  ready: 16,
  initDone: 17,
  initError: 18,
  response: 19,
  error: 20,
  log: 21,
  cache: 22,
  next: 23,
  oversized: 24,
  ending: 25,
  stream: 26,
  piece: 27,
};
const HEADER_BYTES = 9;
// What control takes of each (src/sandboxes/agent-channel.ts); more would end the sandbox.
const MAX_LOG_BYTES = 256 * 1024;
const MAX_INIT_ERROR_BYTES = 256 * 1024;
const MAX_CACHE_BYTES = 16 * 1024 * 1024;

// A path, or "fd:3" where the agent that started this one handed a socket down.
const socketName = process.argv[2];
const options = parse(process.argv[3] ?? "{}");
// A sandbox starts with nothing of the machine's environment; the process driver passes little more.
// One buffer for everything that arrives: V8 collects buffers of its own so late that they would fill a small sandbox.
const arrived = Buffer.allocUnsafeSlow(64 * 1024);
const onread = { buffer: arrived, callback: receive };
const inherited = /^fd:(\d+)$/.exec(socketName);
const socket =
  inherited === null
    ? net.connect({ path: socketName, onread })
    : new net.Socket({ fd: Number(inherited[1]), readable: true, writable: true, onread });
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
const maxResponseBytes = options.maxResponseBytes;

/**
 * A response or error starts with the peak of this process in KiB, so that REPORT needs no second question, and with
 * whether the runtime is still busy: then a `next` frame follows, or its end.
 */
function sendResponse(id, body, isBusy) {
  const size = sizeOf(body);
  if (size > maxResponseBytes) return sendOversized(id, isBusy);
  const frame = frameFor(FRAME.response, id, 5 + size);
  putState(frame, isBusy);
  put(frame, HEADER_BYTES + 5, body);
  socket.write(frame);
}

function putState(frame, isBusy) {
  frame.writeUInt32BE(peakKib(), HEADER_BYTES);
  frame[HEADER_BYTES + 4] = isBusy === true ? 1 : 0;
}

function sendOversized(id, isBusy) {
  const frame = frameFor(FRAME.oversized, id, 5);
  putState(frame, isBusy);
  socket.write(frame);
}

// A piece of a response that is streamed, in frames that control takes (src/sandboxes/agent-channel.ts).
const MAX_PIECE_BYTES = 64 * 1024;

function sendPiece(id, bytes, done) {
  for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
    const part = bytes.subarray(at, at + MAX_PIECE_BYTES);
    const frame = frameFor(FRAME.piece, id, part.length);
    put(frame, HEADER_BYTES, part);
    // Whoever writes goes on once the last of it is on its way: a reader that is slow slows the writer.
    socket.write(frame, at + MAX_PIECE_BYTES < bytes.length ? undefined : () => done());
  }
  if (bytes.length === 0) done();
}

function sendError(id, errorType, body, isBusy) {
  if (sizeOf(body) > maxResponseBytes) return sendOversized(id, isBusy);
  const type = errorType.slice(0, 1024);
  const typeSize = sizeOf(type);
  const frame = frameFor(FRAME.error, id, 7 + typeSize + sizeOf(body));
  putState(frame, isBusy);
  frame.writeUInt16BE(typeSize, HEADER_BYTES + 5);
  put(frame, HEADER_BYTES + 7, type);
  put(frame, HEADER_BYTES + 7 + typeSize, body);
  socket.write(frame);
}

/** A record that is longer than an event may be becomes several. */
function sendLog(id, text) {
  if (sizeOf(text) <= MAX_LOG_BYTES) return sendRecord(id, text);
  // A character of UTF-16 is at most three bytes.
  const step = Math.floor(MAX_LOG_BYTES / 3);
  for (let at = 0; at < text.length; at += step) sendRecord(id, text.slice(at, at + step));
}

function sendRecord(id, text) {
  const frame = frameFor(FRAME.log, id, 8 + sizeOf(text));
  frame.writeDoubleBE(now(), HEADER_BYTES);
  put(frame, HEADER_BYTES + 8, text);
  socket.write(frame);
}

function sendInitError(body) {
  const text = stringify(body);
  if (sizeOf(text) <= MAX_INIT_ERROR_BYTES) return send(FRAME.initError, 0, text);
  const { errorType, errorMessage } = body;
  send(FRAME.initError, 0, stringify({ errorType, errorMessage: String(errorMessage).slice(0, 1024), trace: [] }));
}

function endingFrame() {
  const frame = frameFor(FRAME.ending, 0, 4);
  frame.writeUInt32BE(peakKib(), HEADER_BYTES);
  return frame;
}

const exit = process.reallyExit.bind(process);
let endNow = null;

/** Lets control look at the sandbox once more before it is gone: its control group goes with its last process. */
function endWith(status) {
  endNow = () => exit(status);
  setTimeout(endNow, 250);
  socket.write(endingFrame());
}

// The last words of a process that exits must be written at once; in the middle of another frame they would be noise.
function sayLast() {
  const fd = socket._handle?.fd;
  if (options.flavour !== "node" || fd === undefined || fd < 0 || socket.writableLength > 0) return;
  try {
    fs.writeSync(fd, endingFrame());
  } catch {
    // The other end is gone, or full: then nobody learns the peak.
  }
}

const door = {
  sendResponse,
  sendError,
  sendOversized,
  /** A response comes piece by piece; the response itself, empty then, ends it. */
  sendStream: (id, contentType) => send(FRAME.stream, id, contentType.slice(0, 256)),
  sendPiece,
  sendLog,
  sendInitError,
  sendNext: () => send(FRAME.next, 0, ""),
  initDone: () => send(FRAME.initDone, 0, ""),
  sendCache: (bytes) => {
    if (bytes.length <= MAX_CACHE_BYTES) send(FRAME.cache, 0, bytes);
  },
  /** Frames of another agent, as they are. */
  relay: (bytes) => socket.write(bytes),
  endWith,
  /** Whether the channel keeps the event loop alive: while a handler runs, its own work alone does. */
  hold: (isHeld) => (isHeld ? socket.ref() : socket.unref()),
  options,
};

function bind(payload) {
  const length = payload.readUInt32BE(0);
  const binding = parse(payload.toString("utf8", 4, 4 + length));
  const cache = Buffer.from(payload.subarray(4 + length));
  for (const name of binding.hasLayers ? extensions() : [])
    sendLog(0, `EXTENSION\tName: ${name}\tState: NotStarted\tEvents: []\tError Type: Extension.NotSupported`);
  runtime.engine.bind(binding, cache.length === 0 ? undefined : cache);
}

// DIFFERS: external extensions are not started; the function's log names them.
function extensions() {
  try {
    return fs.readdirSync("/opt/extensions");
  } catch {
    return [];
  }
}

function invoke(id, payload) {
  const length = payload.readUInt32BE(0);
  const request = parse(payload.toString("utf8", 4, 4 + length));
  runtime.engine.invoke(id, request, payload.subarray(4 + length));
}

function take(frame) {
  const type = frame[8];
  const id = frame.readUInt32BE(4);
  if (type === FRAME.end) return endNow?.();
  if (runtime.engine.carry !== undefined) return runtime.engine.carry(frame, type === FRAME.bind);
  if (type === FRAME.bind) bind(frame.subarray(HEADER_BYTES));
  else if (type === FRAME.invoke) invoke(id, frame.subarray(HEADER_BYTES));
  return undefined;
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
    take(bytes.subarray(at, at + 4 + length));
    at += 4 + length;
  }
  const rest = Buffer.from(bytes.subarray(at));
  chunks = rest.length === 0 ? [] : [rest];
  held = rest.length;
  wanted = held >= 4 ? 4 + rest.readUInt32BE(0) : 4;
  return true;
}

// Whoever started the sandbox is gone: nobody can want an answer any more.
socket.on("close", () => exit(0));
socket.on("error", () => exit(0));
process.on("exit", sayLast);

const ENGINES = { node: "./node-runtime.cjs", anew: "./anew-runtime.cjs" };

function start() {
  if (options.sdkFrom !== undefined) require("./sdk-fallback.cjs").resolveFrom(options.sdkFrom);
  const { openEngine } = require(ENGINES[options.flavour] ?? "./child-runtime.cjs");
  runtime.engine = openEngine(door);
  // An agent below another one was started for a function that waits: nobody asks it whether it is ready.
  if (options.isBelow === true) return runtime.engine.whenReady(() => {});
  const { forwardAws } = require("./forward.cjs");
  forwardAws(options, () => runtime.engine.whenReady(() => send(FRAME.ready, 0, "")));
}

if (inherited === null) socket.on("connect", start);
else start();
