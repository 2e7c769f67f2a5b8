/** Stacks on a whole platform by the aws CLI, through a kill of control; and the stock Serverless Framework (osls), where it is installed. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("aws");
// 96 MB of packages that nothing else needs: whoever wants this test says where they are (npm i osls@4 in any folder).
const OSLS = process.env["OSLS"] ?? "";
const withoutOsls = skip !== false ? skip : existsSync(OSLS) ? false : "OSLS does not name the program of osls 4";

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("deploy");
  await stage.up();
});
after(() => stage?.[Symbol.asyncDispose]());

async function aws(...words: string[]): Promise<string> {
  const { code, out, error } = await stage.aws(...words);
  assert.equal(code, 0, `${words.join(" ")}: ${error}`);
  return out.trim();
}

function template(count: number, last: object): string {
  const queues = Array.from({ length: count }, (_, i) => [`Queue${i}`, { Type: "AWS::SQS::Queue" }] as const);
  const needs = { DependsOn: queues.map(([name]) => name) };
  return JSON.stringify({
    Resources: { ...Object.fromEntries(queues), Last: { ...needs, Type: "AWS::SNS::Topic", Properties: last } },
    Outputs: { Topic: { Value: { Ref: "Last" } } },
  });
}

async function atRest(name: string): Promise<string> {
  const asked = ["cloudformation", "describe-stacks", "--stack-name", name];
  const { out } = await until(
    `the stack ${name} is at rest`,
    () => stage.aws(...asked, "--query", "Stacks[0].StackStatus", "--output", "text"),
    ({ code, out: status }) => code === 0 && !status.includes("IN_PROGRESS"),
  );
  return out.trim();
}

const COMPLETE = "length(StackResourceSummaries[?ResourceStatus=='CREATE_COMPLETE'])";

function resources(name: string): Promise<string> {
  return aws("cloudformation", "list-stack-resources", "--stack-name", name, "--query", COMPLETE, "--output", "text");
}

test("a stack is made through a kill of control, each of its resources once", { skip }, async () => {
  await aws("cloudformation", "create-stack", "--stack-name", "many", "--template-body", template(60, {}));
  for (const pid of await stage.pidsOf("control")) process.kill(pid, "SIGKILL");
  assert.equal(await atRest("many"), "CREATE_COMPLETE");
  assert.equal(await resources("many"), "61");
  const urls = await aws("sqs", "list-queues", "--queue-name-prefix", "many-", "--query", "length(QueueUrls)");
  assert.equal(urls, "60");
});

test("an update that fails goes back to what was there", { skip }, async () => {
  const wrong = template(59, { TopicName: "not a name" });
  await aws("cloudformation", "update-stack", "--stack-name", "many", "--template-body", wrong);
  assert.equal(await atRest("many"), "UPDATE_ROLLBACK_COMPLETE");
  assert.equal(await aws("sqs", "list-queues", "--queue-name-prefix", "many-", "--query", "length(QueueUrls)"), "60");
});

test("a removed stack leaves nothing", { skip }, async () => {
  await aws("cloudformation", "delete-stack", "--stack-name", "many");
  await until(
    "the stack is gone",
    () => stage.aws("cloudformation", "describe-stacks", "--stack-name", "many"),
    ({ code }) => code !== 0,
  );
  assert.equal(await aws("sqs", "list-queues", "--query", "QueueUrls || `[]`", "--output", "text"), "");
});

const SERVICE = `service: demo
provider: { name: aws, runtime: nodejs24.x, region: us-east-1 }
functions:
  hello: { handler: handler.hello, events: [{ httpApi: "GET /hello/{name}" }, { http: { method: get, path: "rest/{name}" } }] }
  worker: { handler: handler.worker, events: [{ sqs: { arn: !GetAtt Jobs.Arn } }] }
resources: { Resources: { Jobs: { Type: "AWS::SQS::Queue" } } }
`;
const HANDLER = `exports.hello = async (event) => ({ statusCode: 200, body: "hello " + event.pathParameters.name });
exports.worker = async (event) => console.log("got", event.Records.length);
`;

test("osls deploys, calls, reads logs and removes, without an edit", { skip: withoutOsls }, async () => {
  const folder = join(stage.folder, "service");
  await mkdir(folder);
  await writeFile(join(folder, "serverless.yml"), SERVICE);
  await writeFile(join(folder, "handler.js"), HANDLER);
  const osls = async (...words: string[]): Promise<string> => {
    const { code, out, error } = await stage.run("env", "-C", folder, process.execPath, OSLS, ...words);
    assert.equal(code, 0, `osls ${words.join(" ")}: ${out}${error}`);
    return out + error;
  };
  assert.match(await osls("deploy"), /Service deployed to stack demo-dev/);
  assert.match(await osls("invoke", "-f", "hello", "-d", '{"pathParameters":{"name":"osls"}}'), /hello osls/);
  assert.match(await osls("info"), /hello: demo-dev-hello/);
  assert.match(await osls("remove"), /successfully removed/);
  assert.equal(await aws("lambda", "list-functions", "--query", "length(Functions)"), "0");
});
