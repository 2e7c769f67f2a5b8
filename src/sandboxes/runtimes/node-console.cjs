/** Turns what user code prints into log records: console methods with time, request id and level, raw writes line by line. As LogPatch.js of aws-lambda-ric. */
"use strict";
const { format } = require("node:util");
const { errorText } = require("./node-errors.cjs");
const { process, Date, JSON } = globalThis;

const LEVELS = { trace: "TRACE", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
// A raw write without a newline waits for the rest of its line, but not for ever.
const MAX_REST = 64 * 1024;

const PRIORITIES = Object.keys(LEVELS).map((method) => LEVELS[method]);

/** `stateOf` tells which invocation runs, and what stands for its id when none does; returns how the runtime itself logs. */
exports.patchConsole = (stateOf, door) => {
  /** Of JSON: what is below it is left out. Null: text, and all of it. */
  let least = null;
  const send = (level, text, values) => {
    if (least !== null && PRIORITIES.indexOf(level) < least) return;
    const { request, noRequest, invocationId } = stateOf();
    const [time, id] = [new Date().toISOString(), request?.requestId];
    const line = least === null ? `${time}\t${id ?? noRequest}\t${level}\t${text()}` : jsonOf(time, id, level, values);
    door.sendLog(invocationId, line);
  };
  for (const [method, level] of Object.entries(LEVELS))
    console[method] = (message, ...more) => send(level, () => format(message, ...more), [message, ...more]);
  console.log = console.info;
  patchStream(process.stdout, stateOf, door);
  patchStream(process.stderr, stateOf, door);
  return {
    /** As the function's environment says. */
    configure: ({ AWS_LAMBDA_LOG_FORMAT: logFormat, AWS_LAMBDA_LOG_LEVEL: level = "TRACE" }) => {
      least = logFormat === "JSON" ? Math.max(0, PRIORITIES.indexOf(level.toUpperCase())) : null;
    },
    errorLine: (title, thrown) => send("ERROR", () => `${title} ${errorText(thrown)}`, [title, thrown]),
    warn: (text) => send("WARN", () => text, [text]),
    error: (text) => send("ERROR", () => text, [text]),
  };
};

/** One value as it is, several as a text; an error among them tells its type and stack. */
function jsonOf(timestamp, requestId, level, values) {
  const record = { timestamp, level, requestId };
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...record, message: values[0] }, (_name, value) => plainError(value));
    } catch {
      return JSON.stringify({ ...record, message: format(values[0]) });
    }
  }
  const error = values.find((value) => value instanceof Error);
  const { errorType, errorMessage, stackTrace } = error === undefined ? {} : plainError(error);
  return JSON.stringify({ ...record, message: format(...values), errorType, errorMessage, stackTrace });
}

function plainError(value) {
  if (!(value instanceof Error)) return value;
  const { message: errorMessage, stack } = value;
  const stackTrace = typeof stack === "string" ? stack.split("\n") : stack;
  return Object.assign({ errorType: value.constructor?.name ?? "UnknownError", errorMessage, stackTrace }, value);
}

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
