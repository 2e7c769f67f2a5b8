/** When an invocation of nodejs20.x and nodejs22.x is over: promises, callbacks, the empty event loop (Runtime.js and CallbackContext.js of aws-lambda-ric 3). */
"use strict";
const { errorBody, RuntimeError } = require("./node-errors.cjs");
const { process, Promise } = globalThis;
const nextTurn = setImmediate;
const exit = process.exit.bind(process);

// The runtime interface client's own codes.
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;
const NOTHING = () => {};

const NEVER_SETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";
const CALLED_TWICE =
  "Invocation has already been reported as done. Cannot call complete more than once per invocation.";
const CALLBACKS_END =
  "AWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24. You will need to update this function to use an async handler to use Node.js 24 or later. For more information and to provide feedback on this change, see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/137. To disable this warning, set the AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING environment variable.";

class CallbackRules {
  noRequest = "undefined";
  initErrorTitle = "Uncaught Exception";
  #tools;
  #isAsync = false;
  /** What the empty event loop means now. */
  #whenEmpty = NOTHING;

  constructor(tools) {
    this.#tools = tools;
    process.on("beforeExit", () => this.#whenEmpty());
    process.on("uncaughtException", (error) => this.#crash("Uncaught Exception", error, EXIT_EXCEPTION));
    process.on("unhandledRejection", (reason, promise) =>
      this.#crash("Unhandled Promise Rejection", rejectionError(reason, promise), EXIT_REJECTION),
    );
  }

  /** Throws what makes the handler unusable. */
  check(handler) {
    this.#isAsync = handler.constructor?.name === "AsyncFunction";
    const isSilent = process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING !== undefined;
    if (handler.length === 3 && !this.#isAsync && !isSilent) this.#tools.log.warn(CALLBACKS_END);
  }

  run(id, handler, event, context) {
    const { finish, fail } = this.#tools;
    let isDone = false;
    const complete = (result) => {
      if (isDone) return this.#tools.log.error(CALLED_TWICE);
      isDone = true;
      return finish(id, result);
    };
    const end = (error, result) => {
      this.#whenEmpty = NOTHING;
      if (error !== undefined && error !== null) fail(id, error);
      else complete(result);
    };
    const late = (result) => {
      this.#whenEmpty = () => nextTurn(() => complete(result));
    };
    const { callback, succeed, failed } = addEndings(context, end, late);
    this.#whenEmpty = () => {
      this.#whenEmpty = NOTHING;
      isDone = true;
      if (this.#isAsync) fail(id, new RuntimeError("NodeJsExit", NEVER_SETTLED));
      else finish(id, null);
    };
    try {
      const returned = handler(event(), context, callback);
      if (typeof returned?.then === "function") Promise.resolve(returned).then(succeed, failed).catch(failed);
    } catch (error) {
      callback(error);
    }
  }

  #crash(title, error, code) {
    this.#tools.log.errorLine(title, error);
    this.#tools.crashed(errorBody(error));
    nextTurn(() => exit(code));
  }
}

/** The callback and the old methods of the context; only the first call of any of them counts. */
function addEndings(context, end, late) {
  let isCalled = false;
  const once = (work) => (error, result) => {
    if (isCalled) return;
    work(error, result);
    isCalled = true;
  };
  // Only the callback waits for the event loop, and errors never do.
  const callback = once((error, result) => {
    const isGood = error === undefined || error === null;
    if (isGood && context.callbackWaitsForEmptyEventLoop) late(result);
    else end(error, result);
  });
  const succeed = once((result) => end(null, result));
  const failed = once((error) => end(error ?? "handled", null));
  Object.assign(context, {
    callbackWaitsForEmptyEventLoop: true,
    succeed,
    fail: failed,
    done: once((error, result) => end(error, result)),
  });
  return { callback, succeed, failed };
}

function rejectionError(reason, promise) {
  const error = new RuntimeError("UnhandledPromiseRejection", String(reason));
  error.stack = `${error.name}: ${error.message}\n    at process.<anonymous> (file:///var/runtime/index.mjs)`;
  return Object.assign(error, { reason, promise });
}

exports.openRules = (tools) => new CallbackRules(tools);
