/** Runs a Node handler inside the agent's own process: boot, INIT, the context object, answers. When an invocation is over is said by its runtime's rules. */
"use strict";
const Module = require("node:module");
const { Buffer } = require("node:buffer");
const { loadHandler, offerGlobals } = require("./node-loader.cjs");
const { patchConsole } = require("./node-console.cjs");
const { errorBody, RuntimeError } = require("./node-errors.cjs");
const { openInvokeStore } = require("./node-invoke-store.cjs");
const { trace, showTrace } = require("./node-trace.cjs");
const asyncRules = require("./node-async-rules.cjs");
const callbackRules = require("./node-callback-rules.cjs");
const { runStreaming } = require("./node-streaming.cjs");
// User code may replace anything global later, so whatever is needed is taken now.
const { JSON, process } = globalThis;
const parse = JSON.parse;
const stringify = JSON.stringify;
const now = Date.now;
const nextTurn = setImmediate;
const chdir = process.chdir.bind(process);

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
const mute = {
  sendResponse() {},
  sendError() {},
  sendLog() {},
  sendInitError() {},
  initDone() {},
  sendCache() {},
  hold() {},
};

// nodejs24.x took callback handlers away; the older ones keep them.
const FIRST_ASYNC_MAJOR = 24;

function majorOf(runtime) {
  return Number(/^nodejs(\d+)/.exec(runtime)?.[1] ?? FIRST_ASYNC_MAJOR);
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
  #rules = null;
  #store = null;
  #loaded = null;
  #isFirst = true;

  constructor(door) {
    this.#realDoor = door;
    this.#log = patchConsole(() => this, { sendLog: (id, text) => this.#door.sendLog(id, text) });
  }

  get noRequest() {
    return this.#rules?.noRequest ?? "undefined";
  }

  whenReady(ready) {
    const begin = () => {
      this.binding = null;
      this.handler = null;
      this.request = null;
      this.#rules = null;
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
    this.#rules = asyncRules.openRules(this.#tools());
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
    // A process that was started for this function has its environment, with what a wrapper script made of it.
    if (this.#realDoor.options.isBelow !== true) setEnvironment(binding.env);
    showTrace();
    this.#log.configure(binding.env);
    if (/--enable-source-maps/.test(binding.env.NODE_OPTIONS ?? "")) process.setSourceMapsEnabled(true);
    // NODE_PATH was set after the start.
    Module._initPaths();
    const isOld = majorOf(binding.runtime) < FIRST_ASYNC_MAJOR;
    if (!isOld) this.#store = openInvokeStore();
    offerGlobals(binding.env, this.#store?.store);
    this.#rules = (isOld ? callbackRules : asyncRules).openRules(this.#tools());
    try {
      chdir(binding.taskRoot);
    } catch {
      // The handler's import error names the missing folder better than this would.
    }
    loadHandler({ ...binding, isOld }, cache).then(
      (loaded) => this.#initialised(loaded),
      (error) => this.#refuse(error),
    );
  }

  #tools() {
    return {
      finish: (id, result) => this.#finish(id, result),
      fail: (id, error) => this.#fail(id, error),
      streamed: (id) => this.#answered(id, ""),
      crashed: (body) => this.#crashed(body),
      log: this.#log,
    };
  }

  #initialised(loaded) {
    try {
      if (!loaded.isStreaming) this.#rules.check(loaded.handler);
    } catch (error) {
      return this.#refuse(error);
    }
    this.#loaded = loaded;
    this.handler = loaded.handler;
    return this.#door.initDone();
  }

  #refuse(error) {
    this.#log.errorLine(this.#rules.initErrorTitle, error);
    this.#door.sendInitError(errorBody(error));
  }

  invoke(id, request, payload) {
    this.invocationId = id;
    this.request = request;
    trace.id = request.traceId;
    this.#store?.begin(request);
    const text = payload.length === 0 ? "{}" : payload.toString("utf8");
    // While a handler runs only what it started itself keeps the process alive: an empty event loop means something.
    this.#door.hold(false);
    const event = () => parse(text);
    const context = this.#contextOf(request);
    if (this.#loaded?.isStreaming !== true) return this.#rules.run(id, this.handler, event, context);
    const streaming = { handler: this.handler, door: this.#door, tools: this.#tools() };
    return runStreaming(id, streaming, event, context);
  }

  #contextOf(request) {
    const { binding } = this;
    return {
      functionVersion: binding.version,
      functionName: binding.functionName,
      memoryLimitInMB: String(binding.memoryMib),
      logGroupName: binding.logGroup,
      logStreamName: binding.logStream,
      clientContext: request.clientContext === undefined ? undefined : parse(request.clientContext),
      identity: undefined,
      invokedFunctionArn: request.arn,
      awsRequestId: request.requestId,
      tenantId: undefined,
      getRemainingTimeInMillis: () => request.deadlineMs - now(),
    };
  }

  /** Throws when there is no JSON for it. */
  #finish(id, result) {
    this.#answered(id, this.#textOf(result));
  }

  #answered(id, text) {
    this.#door.hold(true);
    this.#door.sendResponse(id, text);
    if (this.#isFirst) nextTurn(() => this.#keepCache());
    this.#isFirst = false;
  }

  #textOf(result) {
    const message = "Unable to stringify response body";
    try {
      return stringify(result === undefined ? null : result) ?? "null";
    } catch {
      throw majorOf(this.binding.runtime) < FIRST_ASYNC_MAJOR
        ? new Error(message)
        : new RuntimeError("JSONStringifyError", message);
    }
  }

  /** After the first run: the cache then holds what was compiled lazily as well. */
  #keepCache() {
    const bytes = this.#loaded?.cache?.();
    if (bytes !== undefined) this.#door.sendCache(bytes);
  }

  #fail(id, error) {
    const body = errorBody(error);
    this.#log.errorLine("Invoke Error", error);
    this.#door.hold(true);
    this.#door.sendError(id, body.errorType, stringify(body));
  }

  /** The process ends with it: it never asks for another event. */
  #crashed(body) {
    this.#door.hold(true);
    if (this.request === null) this.#door.sendInitError(body);
    else this.#door.sendError(this.invocationId, body.errorType, stringify(body), true);
  }
}

exports.openEngine = (door) => new NodeEngine(door);
