/** Guides as steps: which blocks are run, which are not and why, and whose output is whose. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { outputsOf, scriptOf, stepsOf } from "./guide-steps.ts";

const GUIDE = `# Boats

\`\`\`sh
BOAT=cat
\`\`\`

\`\`\`yaml
kind: Boat
\`\`\`

<!-- no-run: needs the sea -->

\`\`\`sh
exit 1
\`\`\`

A comment <!-- no-run: that stands elsewhere --> marks nothing.

\`\`\`sh
echo $BOAT
echo amaran >&2
\`\`\`
`;

test("blocks of sh are steps in order; a comment before a block says why it is not run", () =>
  assert.deepEqual(stepsOf(GUIDE), [
    { text: "BOAT=cat\n", line: 3, noRun: null },
    { text: "exit 1\n", line: 13, noRun: "needs the sea" },
    { text: "echo $BOAT\necho amaran >&2\n", line: 19, noRun: null },
  ]));

test("variables live on from block to block, and each block has its own output", () => {
  const printed = execFileSync("bash", ["-c", scriptOf(stepsOf(GUIDE))], { encoding: "utf8" });
  assert.deepEqual(outputsOf(printed), ["", "", "cat\namaran\n"]);
});

test("nothing is run after a command that fails", () => {
  const steps = ["echo one\n", "false | cat\n", "echo three\n"].map((text) => ({ text, line: 1, noRun: null }));
  assert.throws(
    () => execFileSync("bash", ["-c", scriptOf(steps)], { encoding: "utf8" }),
    ({ stdout }: { readonly stdout: string }) => {
      assert.deepEqual(outputsOf(stdout), ["one\n", ""]);
      return true;
    },
  );
});
