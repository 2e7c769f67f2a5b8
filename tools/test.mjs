/** `npm test`: sets the machine up, then every check and every test that the machine allows; the last line counts them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { findNode, nodeEnvironment, root } from "./node.mjs";
import { setUp } from "./set-up.mjs";

// A hung file is killed and counted as failed; the rest still runs. All of it must end well before a CI job does: it takes
// about a quarter of an hour where nothing else runs, nearly all of it system tests, and twice that on a busy machine.
const FILE_TIMEOUT_MS = 10 * 60_000;
const PART_TIMEOUT_MS = 30 * 60_000;

const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];

if (!setUp({ forTests: true })) process.exit(1);
const node = findNode();
const scratch = mkdtempSync(join(tmpdir(), "catamaran-test-"));
try {
  check("types", "tsc", ["-b"]);
  check("lint", "oxlint", ["--type-aware", "--deny-warnings", "src", "tools", "tests", "bench"]);
  check("format", "oxfmt", ["--check"]);
  tests("tidy", ["--test-isolation=none", "tools/tidy.test.ts"]);
  tests("unit tests", ["--test-isolation=none", "src/**/*.test.ts"]);
  tests("system tests", ["--test-concurrency=1", "tests/**/*.test.ts"]);
  check("unused code", "knip", []);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const { name, reason } of skips) say(`skipped: ${name} (${reason})`);
for (const name of failures) say(`failed: ${name}`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** A program that says by its exit code whether all is well; it counts as one test. Its words are shown only when it is not. */
function check(title, program, words) {
  const startedAt = Date.now();
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules", ".bin", program), words, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: PART_TIMEOUT_MS,
    env: testEnvironment(),
  });
  if (status !== 0) process.stdout.write(`${stdout}${stderr}\n`);
  record(title, status === 0 ? "passed" : "failed");
  say(`${status === 0 ? "✓" : "✗"} ${title} (${seconds(startedAt)})`);
}

function tests(title, words) {
  const startedAt = Date.now();
  const counts = join(scratch, `${title.replaceAll(" ", "-")}.jsonl`);
  const before = total.failed;
  const reporters = [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "tools", "count-reporter.mjs")}`,
    `--test-reporter-destination=${counts}`,
  ];
  say(`… ${title}`);
  const { status } = spawnSync(
    node,
    ["--disable-warning=ExperimentalWarning", "--test", `--test-timeout=${FILE_TIMEOUT_MS}`, ...reporters, ...words],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      timeout: PART_TIMEOUT_MS,
      env: testEnvironment(),
    },
  );
  const lines = existsSync(counts) ? readFileSync(counts, "utf8").split("\n").filter(Boolean) : [];
  for (const line of lines) {
    const { name, file, outcome, reason } = JSON.parse(line);
    record(file === undefined ? name : `${relative(root, file)}: ${name}`, outcome, reason);
  }
  // A run that ends badly without a failed test (a crash, no test at all) must not look well.
  if ((status !== 0 && total.failed === before) || lines.length === 0)
    record(`${title} ended with exit code ${status} after ${lines.length} tests`, "failed");
  say(`${total.failed === before ? "✓" : "✗"} ${title} (${seconds(startedAt)})`);
}

function record(name, outcome, reason = "no reason given") {
  total[outcome]++;
  if (outcome === "skipped") skips.push({ name, reason });
  if (outcome === "failed") failures.push(name);
}

function testEnvironment() {
  // Tools that npm installed say `#!/usr/bin/env node`: they get the pinned one.
  return { ...nodeEnvironment(), PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}` };
}

function seconds(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
