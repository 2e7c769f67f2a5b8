/** What ECR says where there is no repository. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ecrService } from "./service.ts";
import { AwsError } from "../aws-error.ts";
import type { Members } from "../action.ts";

const { actions } = ecrService({ region: "us-east-1", accountId: "000000000000" });
const call = {
  caller: { accessKeyId: "AKIA", arn: "arn:aws:iam::000000000000:root", secretAccessKey: "" },
  requestId: "r",
  region: "us-east-1",
  now: 0,
  headers: {},
};

async function describe(input: Members): Promise<unknown> {
  return actions[0]?.run(input, call);
}

test("there are no repositories", async () => {
  assert.deepEqual(await describe({}), { repositories: [] });
});

test("one that is asked for by name does not exist, in the words that tools look for", async () => {
  await assert.rejects(
    describe({ repositoryNames: ["serverless-demo-dev"] }),
    (thrown) =>
      thrown instanceof AwsError &&
      thrown.code === "RepositoryNotFoundException" &&
      thrown.message.includes("'serverless-demo-dev' does not exist in the registry with id '000000000000'"),
  );
});
