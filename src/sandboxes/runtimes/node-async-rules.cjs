/** When an invocation of nodejs24.x and later is over: when its promise settles. What nobody catches ends the process, as in plain Node (aws-lambda-ric 4). */
"use strict";
const { RuntimeError } = require("./node-errors.cjs");
const nextTurn = setImmediate;

const NO_CALLBACKS =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

class AsyncRules {
  noRequest = "-";
  initErrorTitle = "Init Error";
  #tools;

  constructor(tools) {
    this.#tools = tools;
  }

  /** Throws what makes the handler unusable. */
  check(handler) {
    if (handler.length >= 3) throw new RuntimeError("CallbackHandlerDeprecated", NO_CALLBACKS);
  }

  async run(id, handler, event, context) {
    const { finish, fail } = this.#tools;
    try {
      const result = await handler(event(), context);
      // A rejection that nobody catches must end the process before its answer is out.
      await new Promise((resolve) => nextTurn(resolve));
      finish(id, result);
    } catch (error) {
      await new Promise((resolve) => nextTurn(resolve));
      fail(id, error);
    }
  }
}

exports.openRules = (tools) => new AsyncRules(tools);
