/** Runs a runtime as a child of the agent: python's bootstrap or the function's own. Speaks the Runtime API to it and frames to control. */
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { Buffer } = require("node:buffer");
const { openRuntimeApi } = require("./runtime-api.cjs");

const SIGNAL_NUMBERS = require("node:os").constants.signals;

exports.openEngine = (door) => {
  const state = { child: null, invocationId: 0, isInitialised: false, hasReported: false, api: null, whenReady: null };
  const { flavour, python } = door.options;

  const api = openRuntimeApi({
    onNext: () => {
      if (state.isInitialised) return;
      state.isInitialised = true;
      door.initDone();
    },
    onResponse: (id, body) => afterOutput(() => door.sendResponse(id, body)),
    onError: (id, errorType, body) => afterOutput(() => door.sendError(id, errorType, body)),
    onInitError: (body) => {
      if (state.isInitialised || state.hasReported) return;
      state.hasReported = true;
      afterOutput(() => door.sendInitError(body));
    },
  });

  // What the child printed before it answered belongs before the answer: its pipes are read first.
  function afterOutput(then) {
    setImmediate(() => setImmediate(then));
  }

  function adopt(child) {
    state.child = child;
    for (const pipe of [child.stdout, child.stderr]) readLines(pipe);
    child.on("error", (error) =>
      initError("Runtime.InvalidEntrypoint", `Couldn't start the runtime: ${error.message}`),
    );
    child.on("exit", (code, signal) => {
      // The agent ends the way the runtime ended, so that whoever watches the sandbox sees that end.
      afterOutput(() => process.reallyExit(signal === null ? (code ?? 1) : 128 + (SIGNAL_NUMBERS[signal] ?? 0)));
    });
  }

  function readLines(pipe) {
    let rest = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (text) => {
      rest += text;
      const end = rest.lastIndexOf("\n");
      if (end < 0) return;
      for (const line of rest.slice(0, end).split("\n")) door.sendLog(state.invocationId, line);
      rest = rest.slice(end + 1);
    });
    pipe.on("end", () => {
      if (rest !== "") door.sendLog(state.invocationId, rest);
      rest = "";
    });
  }

  function initError(errorType, errorMessage) {
    if (state.hasReported) return;
    state.hasReported = true;
    door.sendInitError({ errorType, errorMessage });
  }

  function bind(binding) {
    const env = { ...binding.env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${state.port}` };
    api.setFunction(binding);
    if (flavour === "python") {
      state.child.stdin.end(
        `${JSON.stringify({ env, handler: binding.handler, taskRoot: binding.taskRoot, version: binding.version })}\n`,
      );
      return;
    }
    const entry = [path.join(binding.taskRoot, "bootstrap"), "/opt/bootstrap"].find(isExecutable);
    if (entry === undefined)
      return initError(
        "Runtime.InvalidEntrypoint",
        `Couldn't find valid bootstrap(s): [${binding.taskRoot}/bootstrap /opt/bootstrap]`,
      );
    adopt(spawn(entry, [], { cwd: binding.taskRoot, env, stdio: ["ignore", "pipe", "pipe"] }));
  }

  function isExecutable(file) {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  }

  function whenReady(ready) {
    api.listen(door.options.runtimePort, (port) => {
      state.port = port;
      // Python starts before it knows its function, so that a pooled environment has paid for it.
      if (flavour === "python")
        adopt(
          spawn(python, ["-u", path.join(__dirname, "bootstrap.py")], {
            cwd: "/",
            env: {},
            stdio: ["pipe", "pipe", "pipe"],
          }),
        );
      ready();
    });
  }

  function invoke(id, request, payload) {
    state.invocationId = id;
    api.offer(id, request, Buffer.from(payload));
  }

  return { bind, invoke, whenReady };
};
