/** Runs a runtime as a child of the agent: python's bootstrap or the function's own. Speaks the Runtime API to it and frames to control. */
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Buffer } = require("node:buffer");
const { RuntimeApi } = require("./runtime-api.cjs");

class ChildEngine {
  #door;
  #api;
  #child = null;
  #port = 0;
  #invocationId = 0;
  #isInitialised = false;
  #hasReported = false;

  constructor(door) {
    this.#door = door;
    this.#api = new RuntimeApi({
      onNext: () => this.#initialised(),
      onResponse: (id, body) => afterOutput(() => door.sendResponse(id, body)),
      onError: (id, errorType, body) => afterOutput(() => door.sendError(id, errorType, body)),
      onInitError: (body) => this.#initError(body),
    });
  }

  whenReady(ready) {
    const { runtimePort, flavour, python } = this.#door.options;
    this.#api.listen(runtimePort, (port) => {
      this.#port = port;
      // Python starts before it knows its function, so that a pooled environment has paid for it.
      if (flavour === "python") {
        const args = ["-u", path.join(__dirname, "bootstrap.py")];
        this.#adopt(spawn(python, args, { cwd: "/", env: {}, stdio: ["pipe", "pipe", "pipe"] }));
      }
      ready();
    });
  }

  bind(binding) {
    const env = { ...binding.env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${this.#port}` };
    if (this.#door.options.flavour === "python") {
      const { handler, taskRoot, version } = binding;
      this.#child.stdin.end(`${JSON.stringify({ env, handler, taskRoot, version })}\n`);
      return;
    }
    const entry = [path.join(binding.taskRoot, "bootstrap"), "/opt/bootstrap"].find(isExecutable);
    if (entry === undefined) {
      const errorMessage = `Couldn't find valid bootstrap(s): [${binding.taskRoot}/bootstrap /opt/bootstrap]`;
      this.#initError({ errorType: "Runtime.InvalidEntrypoint", errorMessage });
      return;
    }
    this.#adopt(spawn(entry, [], { cwd: binding.taskRoot, env, stdio: ["ignore", "pipe", "pipe"] }));
  }

  invoke(id, request, payload) {
    this.#invocationId = id;
    this.#api.offer(id, request, Buffer.from(payload));
  }

  // A runtime that asks for its first event has finished its INIT.
  #initialised() {
    if (this.#isInitialised) return;
    this.#isInitialised = true;
    this.#door.initDone();
  }

  #initError(body) {
    if (this.#isInitialised || this.#hasReported) return;
    this.#hasReported = true;
    afterOutput(() => this.#door.sendInitError(body));
  }

  #adopt(child) {
    this.#child = child;
    for (const pipe of [child.stdout, child.stderr]) this.#readLines(pipe);
    child.stdin?.on("error", () => {
      // It ended before it took its function; the exit tells.
    });
    child.on("error", (error) =>
      this.#initError({
        errorType: "Runtime.InvalidEntrypoint",
        errorMessage: `Couldn't start the runtime: ${error.message}`,
      }),
    );
    child.on("exit", (code, signal) => {
      const status = signal === null ? (code ?? 1) : 128 + (os.constants.signals[signal] ?? 0);
      // The agent ends the way the runtime ended, so that whoever watches the sandbox sees that end.
      afterOutput(() => process.reallyExit(status));
    });
  }

  #readLines(pipe) {
    let rest = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (text) => {
      rest += text;
      const end = rest.lastIndexOf("\n");
      if (end < 0) return;
      for (const line of rest.slice(0, end).split("\n")) this.#door.sendLog(this.#invocationId, line);
      rest = rest.slice(end + 1);
    });
    pipe.on("end", () => {
      if (rest !== "") this.#door.sendLog(this.#invocationId, rest);
      rest = "";
    });
  }
}

// What the child printed before it answered belongs before the answer: its pipes are read first.
function afterOutput(run) {
  setImmediate(() => setImmediate(() => run()));
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

exports.openEngine = (door) => new ChildEngine(door);
