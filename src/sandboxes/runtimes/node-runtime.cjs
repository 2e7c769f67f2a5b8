/** Runs a Node handler inside the agent's own process: loading, the context object, callbacks, and what Lambda calls each failure. */
"use strict";
const Module = require("node:module");
const { Buffer } = require("node:buffer");
const { loadHandler } = require("./node-loader.cjs");
const { patchConsole } = require("./node-console.cjs");
const { errorBody } = require("./node-errors.cjs");
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
const mute = {
  send() {},
  sendResponse() {},
  sendError() {},
  sendLog() {},
  sendInitError() {},
  initDone() {},
  sendCache() {},
};

// Writing TZ makes V8 and ICU look for the time zone again, which costs a millisecond: what is right already is left alone.
function setEnvironment(env) {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
}

/** nodejs24.x took callback handlers away; the older ones keep them. */
function takesCallbacks(runtime) {
  const major = Number(/^nodejs(\d+)/.exec(runtime)?.[1] ?? 0);
  return major > 0 && major < 24;
}

exports.openEngine = (realDoor) => {
  // Until a function is bound, what the warm-up says goes nowhere.
  const door = { ...mute };
  const state = {
    binding: null,
    handler: null,
    invocationId: 0,
    request: null,
    isFirst: true,
    loaded: null,
    ownHandles: 0,
  };
  // Loading a log formatter or a module loader at the first invocation would be paid by it.
  const log = patchConsole(() => state, door);

  function fail(id, error) {
    const body = errorBody(error);
    log.errorLine("Invoke Error", body, error);
    door.sendError(id, body.errorType, Buffer.from(stringify(body)));
  }

  function finish(id, result) {
    let text;
    try {
      text = stringify(result === undefined ? null : result);
    } catch (error) {
      return fail(id, Object.assign(new Error("Unable to stringify response body"), { cause: error }));
    }
    door.sendResponse(id, Buffer.from(text ?? "null"));
    if (state.isFirst) nextTurn(keepCache);
  }

  function keepCache() {
    state.isFirst = false;
    const bytes = state.loaded?.cache?.();
    if (bytes !== undefined) door.sendCache(bytes);
  }

  function contextOf(id, request, settle) {
    const { binding } = state;
    const context = {
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
    if (!takesCallbacks(binding.runtime)) return context;
    context.succeed = (result) => settle(null, result);
    context.fail = (error) => settle(error ?? "handled");
    context.done = (error, result) => settle(error ?? null, result);
    return context;
  }

  function invoke(id, request, payload) {
    state.invocationId = id;
    state.request = request;
    if (request.traceId !== undefined) process.env._X_AMZN_TRACE_ID = request.traceId;
    let isSettled = false;
    const done = (error, result) => {
      if (isSettled) return;
      isSettled = true;
      if (error === null || error === undefined) finish(id, result);
      else fail(id, error);
    };
    const context = contextOf(id, request, (error, result) => settleByCallback(error, result));
    function settleByCallback(error, result) {
      // A callback waits for the event loop to become empty unless told not to; errors never wait.
      if (error !== null && error !== undefined) return done(error);
      if (!context.callbackWaitsForEmptyEventLoop) return done(null, result);
      whenLoopIsEmpty(() => {
        if (!isSettled) done(null, result);
      });
    }
    try {
      const event = parse(payload.length === 0 ? "{}" : payload.toString("utf8"));
      const withCallback = takesCallbacks(state.binding.runtime);
      const returned = withCallback ? state.handler(event, context, settleByCallback) : state.handler(event, context);
      if (typeof returned?.then === "function")
        Promise.resolve(returned).then(
          (result) => done(null, result),
          (error) => done(error ?? new Error("undefined")),
        );
      else settleWithoutPromise(returned, withCallback, done);
    } catch (error) {
      done(error);
    }
  }

  // A plain function that takes no callback: what it returned is the answer from nodejs24 on; before, nothing but
  // context.succeed or the end of the event loop ended it, and the answer was null.
  function settleWithoutPromise(returned, withCallback, done) {
    if (!withCallback) return done(null, returned);
    whenLoopIsEmpty(() => done(null, null));
  }

  function whenLoopIsEmpty(then) {
    const check = () => {
      // What was already open before the code was loaded is the agent's own and stays for good.
      if (process.getActiveResourcesInfo().length <= state.ownHandles) return then();
      setTimer(check, 1).unref();
    };
    nextTurn(check);
  }

  function bind(binding, cache) {
    state.binding = binding;
    state.ownHandles = process.getActiveResourcesInfo().length;
    setEnvironment(binding.env);
    if (/--enable-source-maps/.test(binding.env.NODE_OPTIONS ?? "")) process.setSourceMapsEnabled(true);
    Module._initPaths();
    try {
      chdir(binding.taskRoot);
    } catch {
      // The handler's import error names the missing folder better than this would.
    }
    loadHandler(binding, cache).then(
      (loaded) => {
        state.loaded = loaded;
        state.handler = loaded.handler;
        door.initDone();
      },
      (error) => {
        const body = errorBody(error);
        log.errorLine("Uncaught Exception", body, error);
        door.sendInitError(body);
      },
    );
  }

  function crash(error, code) {
    const body = errorBody(error);
    log.errorLine(code === EXIT_REJECTION ? "Unhandled Promise Rejection" : "Uncaught Exception", body, error);
    if (state.request === null) door.sendInitError(body);
    else door.sendError(state.invocationId, body.errorType, Buffer.from(stringify(body)));
    nextTurn(() => exit(code));
  }

  process.on("uncaughtException", (error) => crash(error, EXIT_EXCEPTION));
  process.on("unhandledRejection", (reason) => {
    const error = new Error(String(reason));
    error.name = "Runtime.UnhandledPromiseRejection";
    error.reason = reason;
    if (reason?.stack)
      error.stack = `Runtime.UnhandledPromiseRejection: ${error.message}\n    at process.<anonymous> (file:///var/runtime/index.mjs)`;
    crash(error, EXIT_REJECTION);
  });

  /** Loads and runs a small function of our own, so that the first real one finds everything compiled: 3 ms less for each cold start. */
  async function warmUp() {
    const binding = { ...WARM_UP, taskRoot: __dirname };
    state.binding = binding;
    state.handler = (await loadHandler(binding, undefined)).handler;
    for (let i = 0; i < 3; i++)
      await new Promise((resolve) => {
        door.sendResponse = resolve;
        invoke(0, { requestId: "warm", deadlineMs: now() + 1000, arn: "", traceId: "" }, Buffer.from('{"warm":true}'));
      });
    await loadHandler({ ...binding, handler: "warm-up.missing" }, undefined).catch(errorBody);
  }

  function whenReady(ready) {
    const begin = () => {
      Object.assign(state, { binding: null, handler: null, request: null, isFirst: true, loaded: null });
      Object.assign(door, realDoor);
      ready();
    };
    warmUp().then(begin, begin);
  }

  return { bind, invoke, whenReady };
};
