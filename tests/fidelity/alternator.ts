/**
 * Runs Scylla's tests of its own DynamoDB, as they are run against AWS: npm run fidelity -- alternator --from FOLDER, where FOLDER is
 * test/alternator of github.com/scylladb/scylladb. It needs python3 with pytest, pytest-timeout, boto3, requests and packaging
 * (--python PROGRAM). The suite is copied, and beside it what it takes from Scylla's own tests is put.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDoor } from "../aws-door.ts";
import { report } from "../fidelity-report.ts";

/** Files about Scylla itself: its CQL, its metrics, its configuration. */
const SCYLLAS_OWN = [
  "audit",
  "cql_rbac",
  "cql_schema",
  "expression_caching",
  "https",
  "logs",
  "metrics",
  "scylla",
  "service_levels",
  "streams_tablets",
  "system_tables",
  "tablets",
  "tracing",
  "vector",
];

/** Tests that say nothing of ours, by their names. */
const NOT_APPLICABLE: readonly (readonly [name: RegExp, why: string])[] = [
  [/test_gsi_limit_partition_key_len$/, "another test of the file puts an item of the same key into the same table"],
  [/test_batch_write_item_with_true_values/, "it needs CQL to switch something of Scylla's on"],
  [
    /test_too_large_request_(headers|line)/,
    "Node's parser answers 431 to a head that is too large, before anybody is asked",
  ],
  [/test_gsi_composite_keys/, "keys of several attributes came to DynamoDB in November 2025 and are refused by name"],
];

const STUBS: Readonly<Record<string, string>> = {
  "__init__.py": "",
  "conftest.py": "def dynamic_scope():\n    return 'session'\n",
  "cqlpy/__init__.py": "",
  "cqlpy/conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef host():\n    return None\n",
  "cqlpy/util.py": "def config_value_context(*args, **kwargs):\n    raise NotImplementedError\n",
  "pylib/__init__.py": "",
  "pylib/skip_types.py":
    "import pytest\ndef skip_env(reason): pytest.skip(reason)\ndef skip_bug(reason): pytest.skip(reason)\n",
  "pylib/driver_utils.py": "def safe_driver_shutdown(*args): pass\n",
  // What became of each test, as a line of JSON.
  "outcomes.py": `import json, os
def pytest_runtest_logreport(report):
    said = str(report.longrepr.reprcrash.message) if hasattr(report.longrepr, 'reprcrash') else str(report.longrepr or '')
    with open(os.environ['OUTCOMES'], 'a') as out:
        out.write(json.dumps({'name': report.nodeid.split('alternator/')[-1], 'outcome': report.outcome, 'said': said[-300:] if report.outcome == 'skipped' else said[:300]}) + '\\n')
`,
  "pylib/connect_options.py": "def add_host_option(parser): pass\n",
};

const { values } = parseArgs({
  options: { from: { type: "string" }, at: { type: "string" }, python: { type: "string", default: "python3" } },
  allowPositionals: true,
});
if (values.from === undefined) throw new RangeError("--from FOLDER: scylladb's test/alternator");
await using door = await openDoor();
const tests = join(door.folder, "suite/test");
prepare(values.from, tests);
const output = join(door.folder, "alternator.jsonl");
const ignored = [...SCYLLAS_OWN, "gsi_composite_keys"].map(
  (name) => `--ignore=${join(tests, `alternator/test_${name}.py`)}`,
);
const options = [
  "-m",
  "pytest",
  "-q",
  "--runxfail",
  "--url",
  door.endpoint,
  "--timeout",
  "90",
  "-p",
  "no:cacheprovider",
];
const child = spawn(values.python, [...options, "-p", "test.outcomes", ...ignored, join(tests, "alternator")], {
  cwd: join(door.folder, "suite"),
  env: { ...process.env, ...door.environment, PYTHONPATH: join(door.folder, "suite"), OUTCOMES: output },
  stdio: ["ignore", "ignore", "inherit"],
});
await once(child, "exit");

let passed = 0;
const failed = new Map<string, string>();
const notApplicable = new Map<string, string>(
  SCYLLAS_OWN.map((name) => [`test_${name}.py`, "files about Scylla itself"]),
);
for (const { name, outcome, said } of outcomesOf(readFileSync(output, "utf8"))) {
  const why = NOT_APPLICABLE.find(([pattern]) => pattern.test(name))?.[1];
  if (why !== undefined) notApplicable.set(name, why);
  else if (outcome === "skipped") notApplicable.set(name, "the suite itself skips it against AWS");
  else if (outcome === "passed") passed++;
  else failed.set(name, said);
}
report({
  name: "alternator",
  source: `github.com/scylladb/scylladb, test/alternator${values.at === undefined ? "" : ` at ${values.at}`}, with AWS's expectations`,
  passed,
  failed,
  notApplicable,
});

/** The suite with our key pair, and with what holds for AWS; expiry is waited for as here, not for AWS's twenty minutes. */
function prepare(from: string, to: string): void {
  cpSync(from, join(to, "alternator"), { recursive: true });
  for (const [name, text] of Object.entries(STUBS)) {
    mkdirSync(join(to, name, ".."), { recursive: true });
    writeFileSync(join(to, name), text);
  }
  change(join(to, "alternator/util.py"), (text) =>
    text.replace(/(def is_aws\(dynamodb\):\n)[^\n]*\n/, "$1    return True\n"),
  );
  change(join(to, "alternator/test_ttl.py"), (text) => text.replaceAll("1200 if is_aws(dynamodb) else 10", "30"));
  change(join(to, "alternator/conftest.py"), (text) =>
    text.replace(
      /(def get_valid_alternator_role\(\):\n)[\s\S]*?(\n# "dynamodb" fixture)/,
      "$1    import os\n    return lambda url, role='': (os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'])\n$2",
    ),
  );
}

function change(file: string, edit: (text: string) => string): void {
  const before = readFileSync(file, "utf8");
  const after = edit(before);
  if (after === before) throw new Error(`${file} is not what it was: the suite has another form now`);
  writeFileSync(file, after);
}

interface Outcome {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly said: string;
}

/** Of each test the worst of what its set-up, its body and its end came to. */
function outcomesOf(lines: string): readonly Outcome[] {
  const rank = { passed: 0, skipped: 1, failed: 2 } as const;
  const found = new Map<string, Outcome>();
  for (const line of lines.trim().split("\n")) {
    const one = JSON.parse(line) as Outcome;
    const before = found.get(one.name);
    if (before === undefined || rank[one.outcome] > rank[before.outcome]) found.set(one.name, one);
  }
  return [...found.values()];
}
