/** Lambda's error body and log text for anything a handler can throw (Errors.js of aws-lambda-ric 3, utils/error of 4), and the runtime's own named errors. */
"use strict";
const { isNativeError } = require("node:util/types");

class RuntimeError extends Error {
  constructor(name, message, cause) {
    super(message);
    // As of a class: what the log shows are an error's own fields.
    Object.defineProperty(this, "name", { value: `Runtime.${name}`, enumerable: false, configurable: true });
    // Where user code broke is what helps, not where the agent noticed.
    if (cause?.stack)
      this.stack = `${this.name}: ${message}\n${String(cause.stack)
        .split("\n")
        .filter((line) => /^\s+at /.test(line))
        .join("\n")}`;
  }
}

function isError(value) {
  if (isNativeError(value) || value instanceof Error) return true;
  return ["name", "message", "stack"].every((member) => typeof value?.[member] === "string" && value[member] !== "");
}

// The Runtime API takes the type as a header, where DEL may not stand.
const printable = (text) => text?.replaceAll("\x7F", "%7F");

/** {errorType, errorMessage, trace}; a thrown text or number has its type as errorType and no trace. */
function errorBody(thrown) {
  try {
    if (!isError(thrown)) return { errorType: typeof thrown, errorMessage: textOf(thrown), trace: [] };
    const { name, message, stack } = thrown;
    return {
      errorType: printable(name) ?? "Error",
      errorMessage: printable(message),
      trace: printable(stack)?.split("\n") ?? [],
    };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
      trace: [],
    };
  }
}

function textOf(thrown) {
  return thrown === undefined ? "undefined" : thrown.toString();
}

/** What follows the title of an error in the log: its code and its own fields belong to it, at every depth. */
function errorText(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(thrown);
  try {
    return `\t${JSON.stringify(error, (_name, value) => withOwnFields(value))}`;
  } catch {
    return `\t${JSON.stringify(errorBody(error))}`;
  }
}

function withOwnFields(value) {
  if (!(value instanceof Error)) return value;
  const { name, message, code, stack } = value;
  const shown = Object.assign({ errorType: name, errorMessage: message, code }, value);
  if (typeof stack === "string") shown.stack = stack.split("\n");
  return shown;
}

module.exports = { RuntimeError, errorBody, errorText };
