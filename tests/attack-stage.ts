/** The platform that is attacked: two functions that answer, one that attacks, a route with a prefix; and the attacks on it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { zipSync } from "fflate";
import type { Outcome } from "./attacker.ts";
import { Stage } from "./platform-stage.ts";

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

interface Made {
  readonly code: Uint8Array;
  readonly words?: readonly string[];
  /** Of its URL; none without. */
  readonly auth?: "NONE" | "AWS_IAM";
}

/** A platform with everything that the attacks are aimed at. */
export async function openAttackStage(name: string): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const stage = opening.use(await Stage.open(name));
  await stage.up();
  const probe = Buffer.from(PROBE);
  await make(stage, "probe", { code: probe, auth: "NONE" });
  await make(stage, "guarded", { code: probe, auth: "AWS_IAM" });
  const hostile = await readFile(join(import.meta.dirname, "hostile.mjs"));
  await make(stage, "hostile", { code: hostile, words: ["--memory-size", "256", "--timeout", "10"] });
  const manifest = join(stage.folder, "ingress.json");
  await writeFile(manifest, JSON.stringify(INGRESS));
  await stage.kubectlOk("apply", "-f", manifest);
  opening.move();
  return stage;
}

async function make(stage: Stage, name: string, { code, words = [], auth }: Made): Promise<void> {
  const zip = join(stage.folder, `${name}.zip`);
  await writeFile(zip, zipSync({ "index.mjs": code }));
  const of = ["--function-name", name];
  const role = ["--role", "arn:aws:iam::000000000000:role/any"];
  const runs = ["--runtime", "nodejs24.x", "--handler", "index.handler", "--zip-file", `fileb://${zip}`];
  await lambda(stage, "create-function", ...of, ...role, ...runs, ...words);
  if (auth === undefined) return;
  await lambda(stage, "create-function-url-config", ...of, "--auth-type", auth, "--cors", CORS);
  const open = ["--statement-id", "url", "--action", "lambda:InvokeFunctionUrl", "--principal", "*"];
  if (auth === "NONE") await lambda(stage, "add-permission", ...of, ...open, "--function-url-auth-type", "NONE");
}

async function lambda(stage: Stage, ...words: readonly string[]): Promise<void> {
  const ran = await stage.aws("lambda", ...words);
  if (ran.code !== 0) throw new Error(`${words[0]}: ${ran.error}`);
}

/** What became of each attack, as they end. */
export async function* attack(stage: Stage, extent: "cheap" | "all"): AsyncGenerator<Outcome> {
  const [control = 0] = await stage.pidsOf("control");
  const script = join(import.meta.dirname, "attacker.ts");
  const words = [`--net=/run/netns/${stage.name}`, process.execPath, script, String(control), extent];
  const attacker = spawn("nsenter", words, {
    env: { ...process.env, ...stage.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(attacker, "close");
  for await (const line of createInterface({ input: attacker.stdout })) yield JSON.parse(line) as Outcome;
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the attacker ended with ${code}`);
}
