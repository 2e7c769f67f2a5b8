#!/usr/bin/env node
/** The `catamaran` command of a checkout or a release: runs the program on the right Node, whatever Node the shell has. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findNode, nodeEnvironment, nodeWords, root } from "./node.mjs";

// A release holds the bundle where a checkout has the source.
const [source, bundle] = ["catamaran.ts", "catamaran.mjs"].map((name) => join(root, "src", "main", name));
const node = findNode();

if (node === null) {
  process.stderr.write(
    `catamaran: Node 24 is not installed (this is Node ${process.versions.node}). Run once in ${root}: npm start -- --no-demo\n`,
  );
  process.exit(1);
}

const entry = existsSync(source) ? source : bundle;
const words = nodeWords(entry, process.argv.slice(2));

// Where Node can become another program (22.15 and newer), no second process stays behind.
if (typeof process.execve === "function") process.execve(node, [node, ...words], nodeEnvironment());

const child = spawn(node, words, { stdio: "inherit", env: nodeEnvironment() });
// The child decides what a signal means; this process only waits for its answer.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`catamaran: ${node} could not be started: ${error.message}\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode =
    signal === null ? (code ?? 1) : 128 + ({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGKILL: 9 }[signal] ?? 0);
});
