/** Runs a Node handler inside the agent's own process: loading, the context object, callbacks, and what Lambda calls each failure. */
"use strict";
const Module = require("node:module");
const { Buffer } = require("node:buffer");
const { loadHandler } = require("./node-loader.cjs");
const { patchConsole } = require("./node-console.cjs");
const { errorBody } = require("./node-errors.cjs");
const { trace, showTrace } = require("./node-trace.cjs");
// User code may replace anything global later, so whatever is needed is taken now.
const { JSON, process, Promise } = globalThis;
const parse = JSON.parse;
const stringify = JSON.stringify;
const now = Date.now;
const setTimer = setTimeout;
const nextTurn = setImmediate;
const chdir = process.chdir.bind(process);
const exit = process.exit.bind(process);

// The runtime interface client's own codes: 128 after an unhandled rejection, 129 after an uncaught exception.
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;

const WARM_UP = {
  runtime: "nodejs24.x",
  handler: "warm-up.handler",
  version: "$LATEST",
  functionName: "warm-up",
  memoryMib: 128,
  logGroup: "",
  logStream: "",
};
const WARM_UP_RUNS = 3;

/** Takes everything and does nothing: what the warm-up says goes here. */
const mute = { sendResponse() {}, sendError() {}, sendLog() {}, sendInitError() {}, initDone() {}, sendCache() {} };

/** nodejs24.x took callback handlers away; the older ones keep them. */
function takesCallbacks(runtime) {
  const major = Number(/^nodejs(\d+)/.exec(runtime)?.[1] ?? 0);
  return major > 0 && major < 24;
}

// Writing TZ makes V8 and ICU look for the time zone again, which costs a millisecond: what is right already is left alone.
function setEnvironment(env) {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
}

class NodeEngine {
  binding = null;
  handler = null;
  invocationId = 0;
  request = null;
  #realDoor;
  #door = { ...mute };
  #log;
  #loaded = null;
  #isFirst = true;
  #ownHandles = 0;

  constructor(door) {
    this.#realDoor = door;
    this.#log = patchConsole(() => this, { sendLog: (id, text) => this.#door.sendLog(id, text) });
    process.on("uncaughtException", (error) => this.#crash(error, EXIT_EXCEPTION));
    process.on("unhandledRejection", (reason) => this.#crash(rejectionError(reason), EXIT_REJECTION));
  }

  whenReady(ready) {
    const begin = () => {
      this.binding = null;
      this.handler = null;
      this.request = null;
      this.#isFirst = true;
      this.#door = this.#realDoor;
      ready();
    };
    // When somebody waits for this very sandbox, warming up would only make it wait longer.
    if (this.#realDoor.options.isUrgent) begin();
    else this.#warmUp().then(begin, begin);
  }

  /** Loads and runs a small function of our own, so that the first real one finds everything compiled. */
  async #warmUp() {
    this.binding = { ...WARM_UP, taskRoot: __dirname };
    this.handler = (await loadHandler(this.binding, undefined)).handler;
    const request = { requestId: "warm", deadlineMs: now() + 1000, arn: "", traceId: "" };
    for (let i = 0; i < WARM_UP_RUNS; i++) {
      await new Promise((resolve) => {
        this.#door.sendResponse = resolve;
        this.invoke(0, request, Buffer.from('{"warm":true}'));
      });
    }
    await loadHandler({ ...this.binding, handler: "warm-up.missing" }, undefined).catch(errorBody);
  }

  bind(binding, cache) {
    this.binding = binding;
    this.#ownHandles = process.getActiveResourcesInfo().length;
    setEnvironment(binding.env);
    showTrace();
    if (/--enable-source-maps/.test(binding.env.NODE_OPTIONS ?? "")) process.setSourceMapsEnabled(true);
    // NODE_PATH was set after the start.
    Module._initPaths();
    try {
      chdir(binding.taskRoot);
    } catch {
      // The handler's import error names the missing folder better than this would.
    }
    loadHandler(binding, cache).then(
      (loaded) => this.#initialised(loaded),
      (error) => this.#refuse(error),
    );
  }

  #initialised(loaded) {
    this.#loaded = loaded;
    this.handler = loaded.handler;
    this.#door.initDone();
  }

  #refuse(error) {
    const body = errorBody(error);
    this.#log.errorLine("Uncaught Exception", body, error);
    this.#door.sendInitError(body);
  }

  invoke(id, request, payload) {
    this.invocationId = id;
    this.request = request;
    trace.id = request.traceId;
    const settle = this.#settlerOf(id);
    const context = this.#contextOf(request);
    const byCallback = (error, result) => this.#settleByCallback(settle, context, { error, result });
    const hasCallback = takesCallbacks(this.binding.runtime);
    if (hasCallback) addOldEndings(context, byCallback);
    try {
      const event = parse(payload.length === 0 ? "{}" : payload.toString("utf8"));
      const returned = hasCallback ? this.handler(event, context, byCallback) : this.handler(event, context);
      if (typeof returned?.then === "function") settleByPromise(returned, settle);
      else if (!hasCallback) settle(null, returned);
      // Nothing but a callback, or the end of everything that still runs, ends such a handler; then the answer is null.
      else this.#whenLoopIsEmpty(() => settle(null, null));
    } catch (error) {
      settle(error ?? new Error(String(error)));
    }
  }

  /** Only the first answer counts. */
  #settlerOf(id) {
    let isSettled = false;
    return (error, result) => {
      if (isSettled) return;
      isSettled = true;
      if (error === null || error === undefined) this.#finish(id, result);
      else this.#fail(id, error);
    };
  }

  #contextOf(request) {
    const { binding } = this;
    return {
      callbackWaitsForEmptyEventLoop: true,
      functionVersion: binding.version,
      functionName: binding.functionName,
      memoryLimitInMB: String(binding.memoryMib),
      logGroupName: binding.logGroup,
      logStreamName: binding.logStream,
      clientContext: request.clientContext === undefined ? undefined : parse(request.clientContext),
      identity: undefined,
      invokedFunctionArn: request.arn,
      awsRequestId: request.requestId,
      getRemainingTimeInMillis: () => request.deadlineMs - now(),
    };
  }

  // A callback waits for the event loop to become empty unless told not to; errors never wait.
  #settleByCallback(settle, context, { error, result }) {
    if (error !== null && error !== undefined) return settle(error);
    if (!context.callbackWaitsForEmptyEventLoop) return settle(null, result);
    return this.#whenLoopIsEmpty(() => settle(null, result));
  }

  #whenLoopIsEmpty(run) {
    const check = () => {
      // What was already open before the code was loaded is the agent's own and stays for good.
      if (process.getActiveResourcesInfo().length <= this.#ownHandles) return run();
      return setTimer(check, 1).unref();
    };
    nextTurn(check);
  }

  #finish(id, result) {
    let text;
    try {
      text = stringify(result === undefined ? null : result);
    } catch (error) {
      return this.#fail(id, Object.assign(new Error("Unable to stringify response body"), { cause: error }));
    }
    this.#door.sendResponse(id, text ?? "null");
    if (this.#isFirst) nextTurn(() => this.#keepCache());
    this.#isFirst = false;
    return undefined;
  }

  /** After the first run: the cache then holds what was compiled lazily as well. */
  #keepCache() {
    const bytes = this.#loaded?.cache?.();
    if (bytes !== undefined) this.#door.sendCache(bytes);
  }

  #fail(id, error) {
    const body = errorBody(error);
    this.#log.errorLine("Invoke Error", body, error);
    this.#door.sendError(id, body.errorType, stringify(body));
  }

  #crash(error, code) {
    const body = errorBody(error);
    this.#log.errorLine(code === EXIT_REJECTION ? "Unhandled Promise Rejection" : "Uncaught Exception", body, error);
    if (this.request === null) this.#door.sendInitError(body);
    else this.#door.sendError(this.invocationId, body.errorType, stringify(body));
    nextTurn(() => exit(code));
  }
}

function settleByPromise(promise, settle) {
  const failed = (error) => settle(error ?? new Error(String(error)));
  Promise.resolve(promise).then((result) => settle(null, result), failed);
}

function addOldEndings(context, callback) {
  context.succeed = (result) => callback(null, result);
  context.fail = (error) => callback(error ?? "handled");
  context.done = (error, result) => callback(error ?? null, result);
}

function rejectionError(reason) {
  const error = new Error(String(reason));
  error.name = "Runtime.UnhandledPromiseRejection";
  error.reason = reason;
  error.stack = `Runtime.UnhandledPromiseRejection: ${error.message}\n    at process.<anonymous> (file:///var/runtime/index.mjs)`;
  return error;
}

exports.openEngine = (door) => new NodeEngine(door);
