/** Attacks on the doors of a whole platform: each gets its answer, and nobody else notices. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import type { Outcome } from "./attacker.ts";
import { cannotRun, Stage } from "./platform-stage.ts";

const skip = cannotRun("aws");

const PROBE = `
const answers = {
  cookie: { statusCode: 200, cookies: ["ctm-x=stolen"], body: "" },
  chunked: { statusCode: 200, headers: { "Transfer-Encoding": "chunked", Connection: "x-hop", "X-Hop": "1" }, body: "a" },
  101: { statusCode: 101, body: "" },
  crlf: { statusCode: 200, headers: { "x-a": "b\\r\\nset-cookie: c=1" }, body: "" },
};
export const handler = async (event) =>
  answers[event.queryStringParameters?.answer] ?? { statusCode: 200, body: JSON.stringify(event) };
`;
const INGRESS = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "shop" },
  spec: {
    rules: [
      {
        host: "shop.test",
        http: {
          paths: [
            {
              path: "/public",
              pathType: "Prefix",
              backend: { resource: { apiGroup: "catamaran.dev", kind: "Function", name: "probe" } },
            },
          ],
        },
      },
    ],
  },
};

const CORS = JSON.stringify({ AllowOrigins: ["http://a.test", "http://b.test"], AllowMethods: ["GET"] });

let stage: Stage;
let outcomes: readonly Outcome[] = [];

before(
  async () => {
    if (skip !== false) return;
    stage = await Stage.open("attacks");
    await stage.up();
    const zip = join(stage.folder, "probe.zip");
    await writeFile(zip, zipSync({ "index.mjs": Buffer.from(PROBE) }));
    for (const [name, auth] of [
      ["probe", "NONE"],
      ["guarded", "AWS_IAM"],
    ] as const) {
      const of = ["--function-name", name];
      const role = "arn:aws:iam::000000000000:role/any";
      const code = [
        "--runtime",
        "nodejs24.x",
        "--handler",
        "index.handler",
        "--role",
        role,
        "--zip-file",
        `fileb://${zip}`,
      ];
      for (const words of [
        ["create-function", ...of, ...code],
        ["create-function-url-config", ...of, "--auth-type", auth, "--cors", CORS],
      ]) {
        const ran = await stage.aws("lambda", ...words);
        assert.equal(ran.code, 0, ran.error);
      }
    }
    const manifest = join(stage.folder, "ingress.json");
    await writeFile(manifest, JSON.stringify(INGRESS));
    await stage.kubectlOk("apply", "-f", manifest);
    const ran = await stage.run(process.execPath, join(import.meta.dirname, "attacker.ts"));
    assert.equal(ran.code, 0, ran.error);
    outcomes = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Outcome);
  },
  { timeout: 300_000 },
);
after(() => stage?.[Symbol.asyncDispose]());

test("every attack gets the answer that it should get", { skip }, (t) => {
  for (const { title, tookMs, othersMaxMs } of outcomes)
    t.diagnostic(`${title}: ${tookMs} ms, everybody else at most ${othersMaxMs} ms`);
  const wrong = outcomes.filter(({ isRight }) => !isRight);
  assert.ok(outcomes.length > 30);
  assert.deepEqual(wrong, []);
});

test("nobody else's questions failed meanwhile", { skip }, () => {
  assert.deepEqual(
    outcomes.filter(({ othersFailed }) => othersFailed > 0),
    [],
  );
});

test("no process of the platform was restarted", { skip }, async () => {
  const { out } = await stage.catamaran("status");
  assert.doesNotMatch(out, /restart/i, out);
});
