/**
 * Runs ministack's tests of topics, buses and schedules against a running instance: npm run fidelity -- ministack --from FOLDER, where
 * FOLDER is a checkout of github.com/ministackorg/ministack; in the environment of `catamaran env`, on an instance that is fresh, with
 * python3, pytest and boto3. Their client signs with the instance's keys, and events for TestEventPattern get the fields without which
 * EventBridge itself refuses them (LocalStack's recorded answers).
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const FILES = ["test_sns.py", "test_eventbridge.py", "test_scheduler.py"];

/** By name or by what they contain: tests that say nothing of what we serve. */
const NOT_APPLICABLE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\b(_eb|_sns|scheduler_mod|sns_mod|eb_mod)\.|import ministack|from ministack/, "looks into ministack itself"],
  [/region|us-west-2/, "there is one region"],
  [/platform|endpoint_attributes|set_endpoint|delete_endpoint/, "mobile push is refused by name"],
  [
    /Protocol="(email|sms)|subscribe_email|def test_sns_unsubscribe|test_sns_list_subscriptions/,
    "e-mail is refused by name",
  ],
  [/create_connection|api_destination|apidest|endpoints_and_partner/, "API destinations are refused by name"],
  [/cfn|cloudformation|stepfunctions|python3\./, "is about another service or a runtime"],
  [/_ministack\/|urllib\.request/, "asks an address of ministack's own"],
];

/** Nothing is reset: the instance is fresh. */
const RESET = "def reset_server():\n    return\n\ndef unused_reset(tmp_path_factory, worker_id):";

const COMPLETE = `
def _complete(eb, Event, EventPattern):
    try:
        event = json.loads(Event)
        if isinstance(event, dict):
            head = {"id": "1", "account": "1", "source": "s", "time": "2026-01-01T00:00:00Z", "region": "r", "detail-type": "t"}
            Event = json.dumps({**head, **event})
    except ValueError:
        pass
    return eb.test_event_pattern(Event=Event, EventPattern=EventPattern)
`;

const { values } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
if (values.from === undefined) throw new RangeError("--from FOLDER: a checkout of ministack");
const folder = mkdtempSync(join(tmpdir(), "fidelity-"));
try {
  process.exitCode = run(values.from, folder);
} finally {
  rmSync(folder, { recursive: true });
}

function run(from: string, into: string): number {
  cpSync(join(from, "ministack"), join(into, "ministack"), { recursive: true });
  const conftest = readFileSync(join(from, "tests", "conftest.py"), "utf8");
  writeFileSync(join(into, "conftest.py"), withKeys(conftest).replace(/def reset_server\([^)]*\):/, RESET));
  process.stdout.write("| tests | run | passed | not applicable | failed |\n| --- | --- | --- | --- | --- |\n");
  const failed = FILES.flatMap((file) => runFile(file, readFileSync(join(from, "tests", file), "utf8"), into));
  for (const name of failed) process.stdout.write(`failed: ${name}\n`);
  return failed.length > 0 ? 1 : 0;
}

/** The names of the tests that failed. */
function runFile(file: string, text: string, into: string): readonly string[] {
  const skipped = new Set(
    text
      .split(/\n(?=(?:@[^\n]*\n)*def test_)/)
      .filter((one) => NOT_APPLICABLE.some(([pattern]) => pattern.test(one)))
      .flatMap((one) => /def (test_\w+)/.exec(one)?.[1] ?? []),
  );
  const completed = withKeys(text).replaceAll("eb.test_event_pattern(", "_complete(eb, ");
  writeFileSync(join(into, file), completed.replace(/\n(?=(?:@[^\n]*\n)*def test_)/, `\n${COMPLETE}\n`));
  const asked = spawnSync("python3", ["-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", file], {
    cwd: into,
    encoding: "utf8",
    env: { ...process.env, MINISTACK_ENDPOINT: process.env["AWS_ENDPOINT_URL"], PYTHONPATH: into },
    maxBuffer: 64 * 1024 * 1024,
  });
  const outcomes = [...asked.stdout.matchAll(/^(PASSED|FAILED|ERROR) \S+::(\S+)/gm)].map(([, outcome, name = ""]) => ({
    isPassed: outcome === "PASSED",
    name,
  }));
  if (outcomes.length === 0) throw new Error(`${file} did not run: ${asked.stdout.slice(-2_000)} ${asked.stderr}`);
  const said = outcomes.filter(({ name }) => !skipped.has(name.replace(/\[.*/, "")));
  const passed = said.filter(({ isPassed }) => isPassed).length;
  const rest = outcomes.length - said.length;
  process.stdout.write(`| ${file} | ${said.length} | ${passed} | ${rest} | ${said.length - passed} |\n`);
  return said.filter(({ isPassed }) => !isPassed).map(({ name }) => name);
}

function withKeys(text: string): string {
  return text
    .replaceAll('aws_access_key_id="test"', 'aws_access_key_id=__import__("os").environ["AWS_ACCESS_KEY_ID"]')
    .replaceAll(
      'aws_secret_access_key="test"',
      'aws_secret_access_key=__import__("os").environ["AWS_SECRET_ACCESS_KEY"]',
    );
}
