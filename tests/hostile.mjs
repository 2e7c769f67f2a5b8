/** What a function does to hurt the platform that runs it, chosen by the event's `attack`. Runs inside a sandbox and nowhere else. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const MIB = 1024 * 1024;
const LASTS_MS = 3_000;

/** Writes a chunk again and again until so many bytes are out or the time is over, the last one whole; a full pipe is tried again at once. */
function pour(descriptor, chunk, bytes = Infinity) {
  const untilMs = Date.now() + LASTS_MS;
  let sent = 0;
  while ((sent < bytes && Date.now() < untilMs) || sent % chunk.length !== 0) {
    try {
      sent += writeSync(descriptor, chunk, sent % chunk.length);
    } catch (error) {
      if (error.code !== "EAGAIN") return `${error.code} after ${sent}`;
    }
  }
  return sent;
}

/** The descriptor of the agent's own socket to the control process, which user code shares with it. */
function agentSocket() {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .find((descriptor) => descriptor > 2 && linkOf(descriptor).startsWith("socket:"));
}

function linkOf(name) {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return ""; // The descriptor that the listing itself was.
  }
}

/** u32 length | u32 id | u8 type | payload, with any length that the caller wants to claim. */
function frame(type, payload, claimed = payload.length + 5) {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(claimed >>> 0, 0);
  head[8] = type;
  return Buffer.concat([head, payload]);
}

function record(atMs, bytes) {
  const payload = Buffer.alloc(8 + bytes, "x");
  payload.writeDoubleBE(atMs, 0);
  return frame(21, payload);
}

function children(command, words, most) {
  const untilMs = Date.now() + LASTS_MS;
  const started = [];
  const failed = [];
  while (started.length < most && failed.length === 0 && Date.now() < untilMs) {
    try {
      const child = spawn(command, words, { stdio: "ignore" });
      child.on("error", (error) => failed.push(error.code));
      started.push(child);
    } catch (error) {
      failed.push(error.code);
    }
  }
  return { started, failed };
}

async function childrenFor(command, words, most) {
  const { started, failed } = children(command, words, most);
  await sleep(LASTS_MS);
  for (const child of started) child.kill("SIGKILL");
  return `${started.length} started, ${failed[0] ?? "none failed"}`;
}

const attacks = {
  nothing: () => "nothing",
  "no newline": () => pour(1, Buffer.alloc(64 * 1024, "x"), 80 * MIB),
  "long lines": () => pour(1, Buffer.concat([Buffer.alloc(64 * 1024 - 1, "x"), Buffer.from("\n")])),
  "short lines": () => pour(1, Buffer.from("a short line\n".repeat(5_000))),
  console: async () => {
    const untilMs = Date.now() + LASTS_MS;
    let lines = 0;
    for (; Date.now() < untilMs; lines++) {
      console.log(lines, "a line of the console");
      if (lines % 1_000 === 0) await sleep(0);
    }
    return lines;
  },
  "unknown frame": () => pour(agentSocket(), frame(99, Buffer.alloc(5)), 1),
  "endless frame": () => pour(agentSocket(), frame(19, Buffer.alloc(MIB), 0xffff_fff0), MIB),
  "short frame": () => {
    pour(agentSocket(), frame(21, Buffer.alloc(0), 2), 9);
    return pour(agentSocket(), Buffer.alloc(64 * 1024), 200 * MIB);
  },
  "open frame": async () => {
    pour(agentSocket(), frame(19, Buffer.alloc(5 * MIB), 6 * MIB), 5 * MIB);
    await sleep(LASTS_MS);
    return "held";
  },
  "log frames": () => pour(agentSocket(), record(Date.now(), 60_000)),
  "short log frames": () =>
    pour(agentSocket(), Buffer.concat(Array.from({ length: 4_000 }, () => record(Date.now(), 1)))),
  "answers to nobody": () =>
    pour(agentSocket(), Buffer.concat(Array.from({ length: 5_000 }, () => frame(19, Buffer.alloc(5))))),
  "times that are none": () =>
    pour(agentSocket(), Buffer.concat([record(NaN, 20), record(1e300, 20), record(-1, 20)]), 111),
  "three caches": () => {
    for (let count = 0; count < 3; count++) pour(agentSocket(), frame(22, Buffer.alloc(15 * MIB)), 15 * MIB + 9);
    return "sent";
  },
  memory: () => {
    const held = [];
    for (;;) held.push(Buffer.alloc(MIB, 1));
  },
  children: () => childrenFor("/bin/sleep", ["60"], 5_000),
  "busy shells": () => childrenFor("/bin/sh", ["-c", "while :; do :; done"], 16),
  "full folder": () => {
    for (let count = 0; count < 4_096; count++) writeFileSync(`/tmp/f${count}`, Buffer.alloc(MIB, 1));
    return "filled";
  },
  "many files": () => {
    const untilMs = Date.now() + LASTS_MS;
    let count = 0;
    for (; Date.now() < untilMs; count++) {
      if (count % 1_000 === 0) mkdirSync(`/tmp/d${count / 1_000}`);
      writeFileSync(`/tmp/d${Math.floor(count / 1_000)}/f${count}`, "");
    }
    return count;
  },
  "7 MB": () => "x".repeat(7_000_000),
  "60 MB": () => "x".repeat(60_000_000),
  signals: async () => {
    for (const signal of ["SIGTERM", "SIGKILL", "SIGSTOP"]) {
      try {
        process.kill(1, signal);
      } catch {
        // That it may not is as good.
      }
    }
    await sleep(200);
    return "alive";
  },
};

export const handler = async ({ attack }) => attacks[attack]();
