/** Turns what user code prints into log records: console methods with time and request id, raw writes as they are. */
"use strict";
const { formatWithOptions } = require("node:util");
const { process, Date, JSON } = globalThis;
const stringify = JSON.stringify;

const LEVELS = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };

/** `stateOf` tells which invocation runs; returns how the runtime itself logs. */
exports.patchConsole = (stateOf, door) => {
  const write = (level, text) => {
    const { request, invocationId } = stateOf();
    const at = new Date().toISOString();
    door.sendLog(invocationId, `${at}\t${request?.requestId ?? "undefined"}\t${level}\t${text}`);
  };
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...parts) => write(level, formatWithOptions({}, ...parts));
  }
  console.trace = (...parts) => {
    const holder = { name: "Trace" };
    Error.captureStackTrace(holder, console.trace);
    write("TRACE", `${formatWithOptions({}, ...parts)}\n${holder.stack}`);
  };
  patchStream(process.stdout, stateOf, door);
  patchStream(process.stderr, stateOf, door);
  return {
    errorLine: (title, body, thrown) => {
      const { trace, ...rest } = body;
      write("ERROR", `${title} \t${stringify({ ...rest, ...codeOf(thrown), stack: trace })}`);
    },
  };
};

function codeOf(thrown) {
  return typeof thrown?.code === "string" ? { code: thrown.code } : {};
}

// Raw writes come in pieces; a record is a line.
function patchStream(stream, stateOf, door) {
  let rest = "";
  stream.write = (chunk, encoding, callback) => {
    rest += typeof chunk === "string" ? chunk : chunk.toString("utf8");
    const end = rest.lastIndexOf("\n");
    if (end >= 0) {
      door.sendLog(stateOf().invocationId, rest.slice(0, end));
      rest = rest.slice(end + 1);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") process.nextTick(done);
    return true;
  };
}
