/** Turns what user code prints into log records: console methods with time, request id and level, raw writes line by line. As LogPatch.js of aws-lambda-ric. */
"use strict";
const { format } = require("node:util");
const { errorText } = require("./node-errors.cjs");
const { process, Date } = globalThis;

const LEVELS = { trace: "TRACE", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
// A raw write without a newline waits for the rest of its line, but not for ever.
const MAX_REST = 64 * 1024;

/** `stateOf` tells which invocation runs, and what stands for its id when none does; returns how the runtime itself logs. */
exports.patchConsole = (stateOf, door) => {
  const write = (level, text) => {
    const { request, noRequest, invocationId } = stateOf();
    door.sendLog(invocationId, `${new Date().toISOString()}\t${request?.requestId ?? noRequest}\t${level}\t${text}`);
  };
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (message, ...more) => write(level, format(message, ...more));
  }
  console.log = console.info;
  patchStream(process.stdout, stateOf, door);
  patchStream(process.stderr, stateOf, door);
  return {
    errorLine: (title, thrown) => write("ERROR", `${title} ${errorText(thrown)}`),
    warn: (text) => write("WARN", text),
    error: (text) => write("ERROR", text),
  };
};

// Raw writes come in pieces; a record is a line.
function patchStream(stream, stateOf, door) {
  let rest = "";
  stream.write = (chunk, encoding, callback) => {
    rest += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    const end = rest.lastIndexOf("\n");
    if (end >= 0 || rest.length > MAX_REST) {
      const { invocationId } = stateOf();
      for (const line of rest.slice(0, end < 0 ? rest.length : end).split("\n")) door.sendLog(invocationId, line);
      rest = end < 0 ? "" : rest.slice(end + 1);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") process.nextTick(done);
    return true;
  };
}
