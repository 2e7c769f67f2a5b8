/** What runtimes do besides answering: state between invocations, wrappers, streamed answers that break off, starts that fail, a Go program that panics. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { bootstrap, type StoryOptions } from "./functions-stories.ts";
import type { Bench } from "./functions-support.ts";

export async function runtimeStories(t: TestContext, bench: Bench, options: StoryOptions): Promise<void> {
  const python = options.runtimes.find((runtime) => runtime.startsWith("python"));
  const noPython = python === undefined ? "no system python3" : false;
  const notIsolated = options.isIsolated ? false : "its code lies elsewhere in this driver";
  await t.test("a counter outside of the handler goes on", () => counterStory(bench, python));
  await t.test("lines have the time at which they were written", () => timesStory(bench));
  await t.test("awslambda.InvokeStore of nodejs24.x", () => invokeStoreStory(bench));
  await t.test("python under a wrapper script", { skip: noPython || notIsolated }, () =>
    pythonWrapperStory(bench, python ?? ""),
  );
  await t.test("python finds modules where Lambda's does", { skip: noPython || notIsolated }, () =>
    pythonPathStory(bench, python ?? ""),
  );
  await t.test("a wrapper script that cannot be run", { skip: noPython }, () => badWrapperStory(bench, python ?? ""));
  await t.test("provided: a streamed answer, whole and broken off", () => streamStory(bench));
  for (const bad of badBootstraps) await t.test(`provided: ${bad.title}`, () => badBootstrapStory(bench, bad));
  const go = await goProgram();
  await t.test("aws-lambda-go: after a panic the next invocation is answered", { skip: go.skip }, () =>
    goStory(bench, go.program),
  );
}

async function counterStory(bench: Bench, python: string | undefined): Promise<void> {
  await bench.create("counts", { "index.mjs": "let n = 0; export const handler = async () => ++n;" });
  const counted = ["counts"];
  if (python !== undefined) {
    const files = { "main.py": "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n" };
    await bench.create("py-counts", files, { runtime: python, handler: "main.handler", timeoutSeconds: 10 });
    counted.push("py-counts");
  }
  for (const name of counted)
    for (let turn = 1; turn <= 5; turn++) assert.equal(await bench.ask(name), turn, `${name}, invocation ${turn}`);
}

async function timesStory(bench: Bench): Promise<void> {
  await bench.create("waits", {
    "index.mjs":
      'export const handler = async () => { console.log("before"); await new Promise((r) => setTimeout(r, 400)); console.log("after"); return Date.now(); };',
  });
  const endedMs = (await bench.ask("waits")) as number;
  const lines = await bench.log("waits");
  const atMs = (text: string): number => lines.find((line) => line.text.endsWith(text))?.atMs ?? 0;
  assert.ok(atMs("after") - atMs("before") >= 390, "the first line has its own time, not that of the answer");
  assert.ok(Math.abs(endedMs - atMs("after")) < 1_000);
}

async function invokeStoreStory(bench: Bench): Promise<void> {
  await bench.create(
    "store",
    {
      "index.mjs": `const store = awslambda.InvokeStore;
        export const handler = async (event, context) => {
          const before = store.get("mine") ?? null;
          store.set("mine", 1);
          let refused = null;
          try { store.set(store.constructor.PROTECTED_KEYS.REQUEST_ID, "forged"); } catch (error) { refused = error.message; }
          return [store.getRequestId() === context.awsRequestId, before, store.get("mine"), refused];
        };`,
    },
    { runtime: "nodejs24.x" },
  );
  const refused = "Cannot modify protected Lambda context field: Symbol(_AWS_LAMBDA_REQUEST_ID)";
  for (let turn = 0; turn < 2; turn++) assert.deepEqual(await bench.ask("store"), [true, null, 1, refused]);
}

async function pythonWrapperStory(bench: Bench, runtime: string): Promise<void> {
  await bench.create(
    "py-wrapped",
    {
      "main.py":
        "import os\ndef handler(event, context):\n    return [os.environ['FROM_WRAPPER'], os.environ['MINE'], os.environ['PWD'], 'HOME' in os.environ]\n",
      wrap: '#!/bin/sh\nexport FROM_WRAPPER="$(basename "$1")"\nexec "$@"\n',
    },
    {
      runtime,
      handler: "main.handler",
      timeoutSeconds: 10,
      environment: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/wrap", MINE: "x" },
    },
  );
  for (let turn = 0; turn < 2; turn++) {
    const [command, ...rest] = (await bench.ask("py-wrapped")) as readonly [string, ...unknown[]];
    assert.match(command, /^python3/);
    assert.deepEqual(rest, ["x", "/var/task", false]);
  }
}

async function pythonPathStory(bench: Bench, runtime: string): Promise<void> {
  const main =
    "import os, sys\nimport mine\ndef handler(event, context):\n    return [mine.fruit, sorted(n for n in os.environ if n.startswith('PYTHON')), sys.path.index('/opt/python') < sys.path.index('/var/task/vendor')]\n";
  const spec = { runtime, handler: "main.handler", timeoutSeconds: 10 };
  const files = { "main.py": main, "vendor/mine.py": "fruit = 'pear'\n" };
  const own = { PYTHONPATH: "/var/task/vendor" };
  await bench.create("py-path", files, { ...spec, environment: own });
  await bench.create("py-path-anew", files, { ...spec, environment: { ...own, PYTHONHASHSEED: "1" } });
  assert.deepEqual(await bench.ask("py-path"), ["pear", ["PYTHONPATH"], true]);
  assert.deepEqual(await bench.ask("py-path-anew"), ["pear", ["PYTHONHASHSEED", "PYTHONPATH"], true]);
}

async function badWrapperStory(bench: Bench, runtime: string): Promise<void> {
  await bench.create(
    "py-unwrapped",
    { "main.py": "def handler(event, context):\n    return 1\n" },
    { runtime, handler: "main.handler", environment: { AWS_LAMBDA_EXEC_WRAPPER: "/opt/nowhere" } },
  );
  const { payload, logTail } = await bench.invoke("py-unwrapped", {}, { logTail: true });
  assert.match(Buffer.from(payload).toString(), /Runtime\.ExitError.*exit status 127/);
  assert.match(logTail ?? "", /\/opt\/nowhere: does not exist/);
}

/** The bootstrap in bash, but its answer comes in chunks: with an error in the trailers when it is asked for one. */
const streaming = bootstrap.replace(
  /^ {2}printf 'POST .*$/m,
  () => `  END=$'0\\r\\n\\r\\n'
  case "$EVENT" in *break*)
    TYPE='Lambda-Runtime-Function-Error-Type: Runtime.StreamError'
    TEXT="Lambda-Runtime-Function-Error-Body: $(printf '{"errorType":"Runtime.StreamError","errorMessage":"bad fig"}' | base64 -w 0)"
    END=$'0\\r\\n'"$TYPE"$'\\r\\n'"$TEXT"$'\\r\\n\\r\\n'
  esac
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: %s\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\nConnection: close\\r\\n\\r\\n%x\\r\\n%s\\r\\n%s' "$ID" "$HOST" "\${#BODY}" "$BODY" "$END" >&3`,
);

async function streamStory(bench: Bench): Promise<void> {
  assert.notEqual(streaming, bootstrap);
  await bench.create("streams", { bootstrap: streaming }, { runtime: "provided.al2023", handler: "x" });
  for (let turn = 0; turn < 2; turn++) {
    assert.deepEqual(await bench.ask("streams", { a: turn }), { echo: { a: turn } });
    const broken = await bench.invoke("streams", { break: turn });
    assert.equal(broken.functionError, "Unhandled");
    assert.deepEqual(JSON.parse(Buffer.from(broken.payload).toString()), {
      errorType: "Runtime.StreamError",
      errorMessage: "bad fig",
    });
  }
}

interface BadBootstrap {
  readonly title: string;
  readonly text: string;
  readonly says: string;
}

// As Go's os/exec says it, which starts bootstraps on Lambda.
const badBootstraps: readonly BadBootstrap[] = [
  { title: "an interpreter that is not there", text: "#!/no/such/shell\n", says: "no such file or directory" },
  { title: "a script that names no interpreter", text: "echo hello\n", says: "exec format error" },
  { title: "neither program nor script", text: "\u0001\u0002\u0003\u0004", says: "exec format error" },
];

async function badBootstrapStory(bench: Bench, { title, text, says }: BadBootstrap): Promise<void> {
  const name = title.replaceAll(" ", "-");
  await bench.create(name, { bootstrap: text }, { runtime: "provided.al2023", handler: "x" });
  const { errorType, errorMessage } = (await bench.ask(name)) as Readonly<Record<string, string>>;
  assert.equal(errorType, "Runtime.InvalidEntrypoint");
  assert.match(errorMessage ?? "", new RegExp(`^RequestId: \\S+ Error: fork/exec \\S+/bootstrap: ${says}$`));
}

const GO_MODULE = "module example.com/panics\n\ngo 1.21\n\nrequire github.com/aws/aws-lambda-go v1.55.1\n";
const GO_PROGRAM = `package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

type event struct {
	Panic bool \`json:"panic"\`
}

func main() {
	lambda.Start(func(_ context.Context, asked event) (string, error) {
		if asked.Panic {
			panic("bad plum")
		}
		return "well", nil
	})
}
`;

interface GoProgram {
  readonly program: Uint8Array;
  readonly skip: string | false;
}

/** Built by the machine's own Go, if there is one and it can get the module. */
async function goProgram(): Promise<GoProgram> {
  const folder = await mkdtemp(path.join(tmpdir(), "ctm-go-"));
  try {
    await writeFile(path.join(folder, "go.mod"), GO_MODULE);
    await writeFile(path.join(folder, "main.go"), GO_PROGRAM);
    const options = { cwd: folder, timeout: 120_000, env: { ...process.env, CGO_ENABLED: "0" } };
    await promisify(execFile)("go", ["build", "-mod=mod", "-tags", "lambda.norpc", "-o", "bootstrap", "."], options);
    return { program: await readFile(path.join(folder, "bootstrap")), skip: false };
  } catch (thrown) {
    return { program: new Uint8Array(), skip: `no Go program: ${(thrown as Error).message.split("\n")[0] ?? ""}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function goStory(bench: Bench, program: Uint8Array): Promise<void> {
  const spec = { runtime: "provided.al2023", handler: "bootstrap", timeoutSeconds: 10 };
  await bench.create("goes", { bootstrap: program }, spec);
  for (let turn = 0; turn < 10; turn++) {
    const { functionError, payload } = await bench.invoke("goes", { panic: true });
    assert.equal(functionError, "Unhandled");
    assert.match(Buffer.from(payload).toString(), /"errorMessage":"bad plum"/);
    assert.equal(await bench.ask("goes"), "well", `turn ${turn}`);
  }
}
