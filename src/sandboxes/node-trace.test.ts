/** The X-Ray header of the invocation, as every kind of reader of process.env sees it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const module = join(import.meta.dirname, "runtimes", "node-trace.cjs");
const readers = [
  { title: "by name", read: "process.env._X_AMZN_TRACE_ID", seen: "Root=2" },
  { title: "by spreading", read: "({ ...process.env })._X_AMZN_TRACE_ID", seen: "Root=2" },
  { title: "as a key", read: "'_X_AMZN_TRACE_ID' in process.env", seen: true },
  {
    title: "in a child process",
    read: "require('node:child_process').execFileSync('/bin/sh', ['-c', 'echo $_X_AMZN_TRACE_ID']).toString().trim()",
    seen: "Root=2",
  },
  { title: "other variables", read: "process.env.OTHER", seen: "here" },
  { title: "variables set later", read: "(process.env.LATER = 1, process.env.LATER)", seen: "1" },
  { title: "deleted variables", read: "(delete process.env.OTHER, process.env.OTHER ?? 'gone')", seen: "gone" },
  {
    title: "a value of the function's own",
    read: "(process.env._X_AMZN_TRACE_ID = 'own', process.env._X_AMZN_TRACE_ID)",
    seen: "own",
  },
];

for (const { title, read, seen } of readers)
  test(`the trace id is read from the environment: ${title}`, () => {
    const script = `const { trace, showTrace } = require(${JSON.stringify(module)});
      showTrace(); trace.id = "Root=1"; trace.id = "Root=2"; console.log(JSON.stringify(${read}));`;
    const out = execFileSync(process.execPath, ["-e", script], { encoding: "utf8", env: { OTHER: "here" } });
    assert.equal(JSON.parse(out), seen);
  });
