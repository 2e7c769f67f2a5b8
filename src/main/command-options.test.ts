/** Options as --help tells them and as shells complete them. */
import assert from "node:assert/strict";
import test from "node:test";
import { logsOptionTable, optionLines, optionWords } from "./command-options.ts";

test("help tells each option with its short form, its value and its default", () => {
  const lines = optionLines(logsOptionTable);
  assert.match(lines[0] ?? "", /^ {2}-f, --follow +go on as lines are written$/);
  assert.match(lines[3] ?? "", /^ {2}-n, --namespace NAME +where it is \(default\)$/);
});

test("shells complete the same options", () =>
  assert.deepEqual(optionWords({ tail: logsOptionTable.tail, follow: logsOptionTable.follow }), [
    "--tail",
    "-f",
    "--follow",
  ]));
