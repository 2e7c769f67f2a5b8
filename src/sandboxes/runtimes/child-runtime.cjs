/** Runs a runtime as a child of the agent: python's bootstrap or the function's own. Speaks the Runtime API to it and frames to control. */
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { Buffer } = require("node:buffer");
const { RuntimeApi } = require("./runtime-api.cjs");
const { wrapperFault, wrapped } = require("./exec-wrapper.cjs");
const { statusOf } = require("./child-status.cjs");
const { readLines } = require("./lines.cjs");

// What keeps a bootstrap from being started, as Go's fork/exec says it.
const SPAWN_FAULTS = { ENOENT: "no such file or directory", EACCES: "permission denied", ENOEXEC: "exec format error" };

class ChildEngine {
  #door;
  #api;
  #child = null;
  #port = 0;
  #invocationId = 0;
  #isInitialised = false;
  #hasReported = false;
  /** It answered, and has not asked for its next event yet. */
  #isFinishing = false;

  constructor(door) {
    this.#door = door;
    this.#api = new RuntimeApi(door.options.maxResponseBytes, {
      onNext: () => this.#asksForNext(),
      onResponse: (id, body) => this.#answer((isBusy) => door.sendResponse(id, body, isBusy)),
      onError: (id, errorType, body) => this.#answer((isBusy) => door.sendError(id, errorType, body, isBusy)),
      onStream: (id, contentType) => door.sendStream(id, contentType),
      onPiece: (id, bytes, done) => door.sendPiece(id, bytes, done),
      onOversized: (id) => this.#answer((isBusy) => door.sendOversized(id, isBusy)),
      onInitError: (body) => this.#initError(body),
    });
  }

  whenReady(ready) {
    const { runtimePort, flavour } = this.#door.options;
    this.#api.listen(runtimePort, (port) => {
      this.#port = port;
      // Python starts before it knows its function, so that a pooled environment has paid for it.
      if (flavour === "python") this.#adopt(this.#python([], { cwd: "/", env: {}, stdin: "pipe" }));
      ready();
    });
  }

  #python(words, { cwd, env, stdin }) {
    const command = [this.#door.options.python, "-uB", path.join(__dirname, "bootstrap.py"), ...words];
    const [file, ...args] = wrapped(env, command);
    return spawn(file, args, { cwd, env, stdio: [stdin, "pipe", "pipe"] });
  }

  bind(binding) {
    const env = { ...binding.env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${this.#port}` };
    if (this.#door.options.flavour !== "python") this.#startBootstrap(binding.taskRoot, env);
    else if (binding.startsAnew) this.#startAnew(binding.taskRoot, env);
    else this.#child.stdin.end(`${JSON.stringify({ env })}\n`);
  }

  /** A wrapper script, or what python reads only when it starts: the one that waits is of no use. */
  #startAnew(taskRoot, env) {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
    const fault = wrapperFault(env);
    if (fault === null) return this.#adopt(this.#python(["anew"], { cwd: taskRoot, env, stdin: "ignore" }));
    this.#door.sendLog(0, fault.text);
    return this.#door.endWith(fault.status);
  }

  // Wrapper scripts are for runtimes of Lambda's own, not for "provided" ("Modifying the runtime environment").
  #startBootstrap(taskRoot, env) {
    const candidates = [path.join(taskRoot, "bootstrap"), "/opt/bootstrap"];
    const entry = candidates.find(isFile);
    if (entry === undefined) {
      const errorMessage = `Couldn't find valid bootstrap(s): [${taskRoot}/bootstrap /opt/bootstrap]`;
      this.#initError({ errorType: "Runtime.InvalidEntrypoint", errorMessage });
      return;
    }
    if (!isProgram(entry)) return this.#cannotStart(entry, SPAWN_FAULTS.ENOEXEC);
    this.#adopt(spawn(entry, [], { cwd: taskRoot, env, stdio: ["ignore", "pipe", "pipe"] }));
  }

  invoke(id, request, payload) {
    this.#invocationId = id;
    this.#api.offer(id, request, Buffer.from(payload));
  }

  // A runtime that asks for its first event has finished its INIT; one that asks again has finished what it answered.
  #asksForNext() {
    if (!this.#isInitialised) {
      this.#isInitialised = true;
      this.#door.initDone();
      return;
    }
    afterOutput(() => {
      if (this.#isFinishing) this.#door.sendNext();
      this.#isFinishing = false;
    });
  }

  #answer(send) {
    afterOutput(() => {
      this.#isFinishing = !this.#api.isWaiting;
      send(this.#isFinishing);
    });
  }

  // Python's bootstrap keeps an error and its traceback one record by carriage returns, as Lambda's own does.
  #recordOf(line) {
    const isError = this.#door.options.flavour === "python" && line.startsWith("[ERROR]");
    return isError ? line.replaceAll("\r", "\n") : line;
  }

  #initError(body) {
    if (this.#isInitialised || this.#hasReported) return;
    this.#hasReported = true;
    afterOutput(() => this.#door.sendInitError(body));
  }

  #cannotStart(file, reason) {
    this.#initError({ errorType: "Runtime.InvalidEntrypoint", errorMessage: `fork/exec ${file}: ${reason}` });
  }

  #adopt(child) {
    this.#child = child;
    for (const pipe of [child.stdout, child.stderr])
      readLines(pipe, (line) => this.#door.sendLog(this.#invocationId, this.#recordOf(line)));
    child.stdin?.on("error", () => {
      // It ended before it took its function; the exit tells.
    });
    child.on("error", (error) => this.#cannotStart(child.spawnfile, SPAWN_FAULTS[error.code] ?? error.message));
    // The agent ends the way the runtime ended, so that whoever watches the sandbox sees that end.
    child.on("exit", (code, signal) => afterOutput(() => this.#door.endWith(statusOf(code, signal))));
  }
}

// What the child printed before it answered belongs before the answer: its pipes are read first.
function afterOutput(run) {
  setImmediate(() => setImmediate(() => run()));
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

// The kernel refuses everything else, and the C library would then give it to a shell, which Lambda's own start does not.
function isProgram(file) {
  try {
    const start = Buffer.alloc(4);
    const descriptor = fs.openSync(file, "r");
    fs.readSync(descriptor, start, 0, start.length, 0);
    fs.closeSync(descriptor);
    return start.toString("latin1") === "\x7fELF" || start.toString("latin1", 0, 2) === "#!";
  } catch {
    return true; // It may be run and not read; otherwise the start itself tells.
  }
}

exports.openEngine = (door) => new ChildEngine(door);
