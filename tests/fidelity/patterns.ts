/**
 * Runs event patterns with the answers that EventBridge itself gave: npm run fidelity -- patterns --from FOLDER, where FOLDER is
 * LocalStack's tests/aws/services/events (github.com/localstack/localstack): its templates were recorded against AWS. A name that
 * ends in _NEG matches nothing, one in _EXC is refused, in the words that the recorded answers hold.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { reasonOf } from "#base/fault.ts";
import { readPattern } from "#base/pattern/pattern.ts";

/** Templates that say nothing of ours. */
const NOT_APPLICABLE: ReadonlyMap<string, string> = new Map([
  ["content_wildcard_complex_EXC", "wildcards that are slow for EventBridge's machine are not for ours"],
]);

const { values } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
if (values.from === undefined) throw new RangeError("--from FOLDER: LocalStack's tests/aws/services/events");
const folder = join(values.from, "event_pattern_templates");
const recorded = readFileSync(join(values.from, "test_events_patterns.snapshot.json"), "utf8");

let passed = 0;
let failed = 0;
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json5"))) {
  const name = basename(file, ".json5");
  if (NOT_APPLICABLE.has(name)) continue;
  const outcome = outcomeOf(readFileSync(join(folder, file), "utf8"));
  const isRight = name.endsWith("_EXC")
    ? recorded.includes(JSON.stringify(`Event pattern is not valid. Reason: ${outcome}`))
    : outcome === String(!name.endsWith("_NEG"));
  if (isRight) passed++;
  else {
    failed++;
    process.stdout.write(`failed: ${name}: ${outcome}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed, ${NOT_APPLICABLE.size} not applicable\n`);
process.exitCode = failed > 0 ? 1 : 0;

/** "true", "false", or why the pattern was refused. */
function outcomeOf(text: string): string {
  // JSON5 without its comments and last commas is YAML.
  const plain = text
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s\/\/ .*$/gm, "")
    .replace(/,(\s*[}\]])/g, "$1");
  const template = parse(plain) as {
    readonly Event: Readonly<Record<string, unknown>>;
    readonly EventPattern: unknown;
  };
  try {
    return String(readPattern(JSON.stringify(template.EventPattern)).matches(template.Event));
  } catch (thrown) {
    return reasonOf(thrown);
  }
}
