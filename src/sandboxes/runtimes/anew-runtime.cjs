/** Starts the Node runtime once more for a function that a booted one cannot serve: its start options, its wrapper script. Carries frames to it and back. */
"use strict";
const path = require("node:path");
const { Buffer } = require("node:buffer");
const { spawn } = require("node:child_process");
const { parse } = JSON;
const { wrapperFault, wrapped } = require("./exec-wrapper.cjs");
const { statusOf } = require("./child-status.cjs");

class AnewEngine {
  #door;
  #channel = null;

  constructor(door) {
    this.#door = door;
  }

  whenReady(ready) {
    ready();
  }

  /** Every frame of control; the first is BIND. */
  carry(frame, isBind) {
    if (isBind) this.#start(frame);
    // What arrived is overwritten by what comes next.
    this.#channel?.write(Buffer.from(frame));
  }

  #start(frame) {
    const { env, taskRoot } = parse(frame.toString("utf8", 13, 13 + frame.readUInt32BE(9)));
    const fault = wrapperFault(env);
    if (fault !== null) {
      this.#door.sendLog(0, fault.text);
      this.#door.endWith(fault.status);
      return;
    }
    const { awsSocket: _awsSocket, ...options } = this.#door.options;
    const below = JSON.stringify({ ...options, flavour: "node", isUrgent: true, isBelow: true });
    const args = [...process.execArgv, path.join(__dirname, "agent.cjs"), "fd:3", below];
    const [file, ...words] = wrapped(env, [process.execPath, ...args]);
    const child = spawn(file, words, { cwd: taskRoot, env, stdio: ["ignore", "inherit", "inherit", "pipe"] });
    this.#channel = child.stdio[3];
    this.#channel.on("data", (bytes) => this.#door.relay(bytes));
    this.#channel.on("error", () => {
      // The exit tells.
    });
    child.on("error", (error) => {
      this.#door.sendLog(0, `${file}: ${error.message}`);
      this.#door.endWith(126);
    });
    child.on("exit", (code, signal) => this.#door.endWith(statusOf(code, signal)));
  }
}

exports.openEngine = (door) => new AnewEngine(door);
