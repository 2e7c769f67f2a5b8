/**
 * Runs the DynamoDB conformance suite: npm run fidelity -- dynamodb-conformance --from FOLDER, where FOLDER is a checkout of
 * github.com/nubo-db/dynamodb-conformance with its packages installed (npm install).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDoor } from "../aws-door.ts";
import { report } from "../fidelity-report.ts";

/** Tests that say nothing of ours, by their titles. */
const NOT_APPLICABLE: ReadonlyMap<string, string> = new Map([
  [
    "rejects ListTagsOfResource with a non-existent ARN",
    "its ARN is of account 000000000000, which is foreign on AWS and ours here",
  ],
]);

interface Results {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const { values } = parseArgs({
  options: { from: { type: "string" }, at: { type: "string" } },
  allowPositionals: true,
});
if (values.from === undefined) throw new RangeError("--from FOLDER: a checkout of nubo-db/dynamodb-conformance");
await using door = await openDoor();
const output = join(door.folder, "conformance.json");
const child = spawn("npx", ["vitest", "run", "--reporter=json", `--outputFile=${output}`], {
  cwd: values.from,
  env: { ...process.env, ...door.environment, DYNAMODB_ENDPOINT: door.endpoint, AWS_REGION: "us-east-1" },
  stdio: ["ignore", "ignore", "ignore"],
});
await once(child, "exit");
const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Results;

let passed = 0;
const failed = new Map<string, string>();
const notApplicable = new Map<string, string>();
for (const { name, assertionResults } of testResults)
  for (const { title, status, failureMessages = [] } of assertionResults) {
    const id = `${name.split("/tests/")[1] ?? name} ${title}`;
    const why = NOT_APPLICABLE.get(title);
    if (why !== undefined) notApplicable.set(id, why);
    else if (status === "passed") passed++;
    else failed.set(id, failureMessages[0]?.split("\n")[0] ?? status);
  }
report({
  name: "dynamodb-conformance",
  source: `github.com/nubo-db/dynamodb-conformance${values.at === undefined ? "" : ` at ${values.at}`}`,
  passed,
  failed,
  notApplicable,
});
