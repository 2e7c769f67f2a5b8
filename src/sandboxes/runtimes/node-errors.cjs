/** Lambda's error body for anything a handler can throw, and the runtime's own named errors. */
"use strict";

class RuntimeError extends Error {
  constructor(name, message, cause) {
    super(message);
    this.name = `Runtime.${name}`;
    // Where user code broke is what helps, not where the agent noticed.
    if (cause?.stack)
      this.stack = `${this.name}: ${message}\n${String(cause.stack)
        .split("\n")
        .filter((line) => /^\s+at /.test(line))
        .join("\n")}`;
  }
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** {errorType, errorMessage, trace}; a thrown text or number has its type as errorType and no trace. */
function errorBody(thrown) {
  try {
    if (!isError(thrown)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
    const body = { errorType: String(thrown.name), errorMessage: String(thrown.message) };
    if (thrown.reason !== undefined && String(thrown.name).startsWith("Runtime.")) {
      body.reason = isError(thrown.reason)
        ? {
            errorType: thrown.reason.name,
            errorMessage: thrown.reason.message,
            stack: String(thrown.reason.stack).split("\n"),
          }
        : String(thrown.reason);
      body.promise = {};
    }
    return { ...body, trace: String(thrown.stack ?? "").split("\n") };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
      trace: [],
    };
  }
}

module.exports = { RuntimeError, errorBody, isError };
