/** What every sandbox driver must do, told as stories about small functions. Run against each driver. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { FunctionSpec } from "#kinds/catamaran/function.ts";
import type { Bench } from "./functions-support.ts";

export interface StoryOptions {
  readonly isIsolated: boolean;
  readonly runtimes: readonly string[];
}

interface ErrorStory {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly spec?: Partial<FunctionSpec>;
  readonly errorType: string;
  readonly message: RegExp;
  /** Only where memory is limited from outside. */
  readonly isIsolatedOnly?: true;
}

const cjs = (body: string): Readonly<Record<string, string>> => ({
  "index.js": `exports.handler = async (event, context) => { ${body} };`,
});

const errors: readonly ErrorStory[] = [
  { title: "throws", files: cjs('throw new TypeError("bad apple")'), errorType: "TypeError", message: /^bad apple$/ },
  { title: "throws a text", files: cjs('throw "text"'), errorType: "string", message: /^text$/ },
  {
    title: "endless loop",
    files: cjs("for (;;);"),
    spec: { timeoutSeconds: 1 },
    errorType: "Sandbox.Timedout",
    message: /^RequestId: [-0-9a-f]+ Error: Task timed out after 1\.00 seconds$/,
  },
  {
    title: "waits for ever",
    files: cjs("await new Promise(() => setInterval(() => {}, 1000))"),
    spec: { timeoutSeconds: 1 },
    errorType: "Sandbox.Timedout",
    message: /Task timed out after 1\.00 seconds$/,
  },
  {
    title: "exits with 3",
    files: cjs("process.exit(3)"),
    errorType: "Runtime.ExitError",
    message: /^RequestId: [-0-9a-f]+ Error: Runtime exited with error: exit status 3$/,
  },
  {
    title: "exits with 0",
    files: cjs("process.exit(0)"),
    errorType: "Runtime.ExitError",
    message: /Runtime exited without providing a reason$/,
  },
  {
    title: "exits during init",
    files: { "index.js": "process.exit(4)" },
    errorType: "Runtime.ExitError",
    message: /exit status 4$/,
  },
  {
    title: "kills itself",
    files: cjs("process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 2000)); process.exit(9)"),
    errorType: "Runtime.ExitError",
    message: /signal: killed$/,
  },
  {
    title: "syntax error",
    files: { "index.js": "exports.handler = async () => {" },
    errorType: "Runtime.UserCodeSyntaxError",
    message: /^SyntaxError: /,
  },
  {
    title: "syntax error in a module",
    files: { "index.mjs": "export const handler = async () => {" },
    errorType: "Runtime.UserCodeSyntaxError",
    message: /^SyntaxError: /,
  },
  {
    title: "no such file",
    files: { "other.js": "" },
    errorType: "Runtime.ImportModuleError",
    message: /^Error: Cannot find module 'index'/,
  },
  {
    title: "a missing dependency",
    files: { "index.js": 'require("./nowhere")' },
    errorType: "Runtime.ImportModuleError",
    message: /Cannot find module '\.\/nowhere'/,
  },
  {
    title: "no such export",
    files: { "index.js": "exports.other = 1" },
    errorType: "Runtime.HandlerNotFound",
    message: /^index\.handler is undefined or not exported$/,
  },
  {
    title: "not a function",
    files: { "index.js": "exports.handler = 1" },
    errorType: "Runtime.HandlerNotFound",
    message: /^index\.handler is not a function$/,
  },
  {
    title: "a malformed handler name",
    files: { "index.js": "" },
    spec: { handler: "index" },
    errorType: "Runtime.MalformedHandlerName",
    message: /^Bad handler$/,
  },
  {
    title: "throws during init",
    files: { "index.js": 'throw new RangeError("early")' },
    errorType: "RangeError",
    message: /^early$/,
  },
  {
    title: "an unhandled rejection ends a nodejs24.x as it ends Node",
    files: cjs('Promise.reject(new Error("lost")); return 1'),
    errorType: "Runtime.ExitError",
    message: /exit status 1$/,
  },
  {
    title: "a promise that nothing can settle any more",
    files: cjs("await new Promise(() => {})"),
    errorType: "Runtime.ExitError",
    message: /Runtime exited without providing a reason$/,
  },
  {
    title: "a promise that nothing can settle any more, before nodejs24",
    files: cjs("await new Promise(() => {})"),
    spec: { runtime: "nodejs22.x" },
    errorType: "Runtime.NodeJsExit",
    message: /unexpected Node\.js exit code/,
  },
  {
    title: "a callback handler in nodejs24.x",
    files: { "index.js": "exports.handler = (event, context, callback) => callback(null, 1)" },
    errorType: "Runtime.CallbackHandlerDeprecated",
    message: /^ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node\.js 24\./,
  },
  {
    title: "an answer that is no JSON",
    files: cjs("return 1n"),
    errorType: "Runtime.JSONStringifyError",
    message: /^Unable to stringify response body$/,
  },
  {
    title: "an answer that is no JSON, before nodejs24",
    files: cjs("return 1n"),
    spec: { runtime: "nodejs22.x" },
    errorType: "Error",
    message: /^Unable to stringify response body$/,
  },
  {
    title: "a callback with an error",
    files: { "index.js": "exports.handler = (event, context, callback) => callback(new RangeError('early'))" },
    spec: { runtime: "nodejs22.x" },
    errorType: "RangeError",
    message: /^early$/,
  },
  {
    title: "context.fail with nothing",
    files: { "index.js": "exports.handler = (event, context) => context.fail()" },
    spec: { runtime: "nodejs20.x" },
    errorType: "string",
    message: /^handled$/,
  },
  {
    title: "an unhandled rejection",
    spec: { runtime: "nodejs22.x" },
    files: cjs('Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 1000))'),
    errorType: "Runtime.UnhandledPromiseRejection",
    message: /^Error: lost$/,
  },
  {
    title: "an uncaught exception",
    spec: { runtime: "nodejs22.x" },
    files: cjs('setTimeout(() => { throw new Error("later") }, 1); await new Promise((r) => setTimeout(r, 1000))'),
    errorType: "Error",
    message: /^later$/,
  },
  {
    title: "too large an answer",
    files: cjs('return "x".repeat(6_291_555)'),
    spec: { memoryMib: 512, timeoutSeconds: 20 },
    errorType: "Function.ResponseSizeTooLarge",
    message: /^Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.$/,
  },
  {
    title: "allocates without end",
    files: cjs("const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))"),
    spec: { timeoutSeconds: 20 },
    errorType: "Runtime.ExitError",
    message: /signal: killed$/,
    isIsolatedOnly: true,
  },
];

interface AnswerStory {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly spec?: Partial<FunctionSpec>;
  readonly payload?: unknown;
  readonly answer: unknown;
  /** Only where the code lies at /var/task. */
  readonly isIsolatedOnly?: true;
}

const answers: readonly AnswerStory[] = [
  { title: "CommonJS", files: cjs("return { got: event.a }"), payload: { a: 1 }, answer: { got: 1 } },
  {
    title: "an ES module",
    files: { "index.mjs": "export const handler = async (event) => event.a + 1;" },
    payload: { a: 1 },
    answer: 2,
  },
  {
    title: "an ES module by package.json",
    files: {
      "package.json": '{"type":"module"}',
      "index.js": "export const handler = async () => import.meta.url.startsWith('file:');",
    },
    answer: true,
  },
  {
    title: "a folder and a nested export",
    files: { "a/b.js": "exports.x = { y: async () => 'deep' };" },
    spec: { handler: "a/b.x.y" },
    answer: "deep",
  },
  {
    title: "a callback",
    files: {
      "index.js": "exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'called'), 5);",
    },
    spec: { runtime: "nodejs22.x" },
    answer: "called",
  },
  ...[
    ["called before the handler returns", "(event, context, callback) => callback(null, 'early')", "early"],
    [
      "called before it returns, waiting for nothing",
      "(event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000); callback(null, 'at once'); }",
      "at once",
    ],
    [
      "called with a timer left, which is waited for",
      "(event, context, callback) => { const seen = []; setTimeout(() => seen.push('timer'), 20); callback(null, seen); }",
      ["timer"],
    ],
    ["of context.succeed", "(event, context) => context.succeed('ok')", "ok"],
    ["of context.done", "(event, context) => context.done(null, 'done')", "done"],
    ["that is never called", "(event, context, callback) => { setTimeout(() => {}, 5); }", null],
    ["called twice", "(event, context, callback) => { callback(null, 1); callback(null, 2); }", 1],
    ["beside a promise", "async (event, context, callback) => { callback(null, 'first'); return 'second'; }", "first"],
    ["left alone by a plain return value", "(event) => 'not an answer'", null],
    [
      "after what waits for the empty event loop",
      "(event, context, callback) => { const seen = []; process.once('beforeExit', () => process.nextTick(() => seen.push('tick'))); callback(null, seen); }",
      ["tick"],
    ],
  ].map(([title, handler, answer]) => ({
    title: `a callback ${title as string}`,
    files: { "index.js": `exports.handler = ${handler as string};` },
    spec: { runtime: "nodejs22.x" },
    answer,
  })),
  {
    title: "the longest answer that Lambda takes",
    files: cjs("return 'x'.repeat(6_291_554)"),
    spec: { memoryMib: 512, timeoutSeconds: 20 },
    answer: "x".repeat(6_291_554),
  },
  {
    title: "members of a default export in nodejs24.x",
    files: { "index.mjs": "export default { handler: () => 42 };" },
    answer: 42,
  },
  {
    title: "a module that awaits at its top",
    files: {
      "index.mjs":
        "const ready = await new Promise((r) => setTimeout(r, 20, true)); export const handler = async () => ready;",
    },
    answer: true,
  },
  {
    title: "module syntax without a package.json",
    files: { "index.js": `export const handler = async () => 'told by its syntax'; // ${"x".repeat(20_000)}` },
    answer: "told by its syntax",
  },
  {
    title: "a package of node_modules as handler",
    files: { "node_modules/mine/index.js": "exports.handler = async () => 'mine'" },
    spec: { handler: "mine.handler" },
    answer: "mine",
  },
  {
    title: "NODE_OPTIONS that load something first",
    files: {
      ...cjs("return globalThis.early"),
      "early.js": "globalThis.early = [process.env.MINE, __filename.length > 0]",
    },
    spec: { environment: { NODE_OPTIONS: "--require ./early.js", MINE: "x" }, timeoutSeconds: 10, memoryMib: 256 },
    answer: ["x", true],
  },
  {
    title: "NODE_OPTIONS that import something first",
    files: { ...cjs("return globalThis.early"), "early.mjs": "globalThis.early = import.meta.url.slice(-9)" },
    spec: { environment: { NODE_OPTIONS: "--import ./early.mjs" }, timeoutSeconds: 10, memoryMib: 256 },
    answer: "early.mjs",
  },
  {
    title: "a wrapper script",
    files: {
      ...cjs("return [process.env.FROM_WRAPPER, process.env.MINE, process.argv0.length > 0]"),
      wrap: '#!/bin/sh\nexport FROM_WRAPPER="$(basename "$1")"\nexec "$@"\n',
    },
    spec: { environment: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/wrap", MINE: "x" }, timeoutSeconds: 10, memoryMib: 256 },
    answer: ["node", "x", true],
    isIsolatedOnly: true,
  },
  {
    title: "variables that are not reserved and may be replaced",
    files: cjs("return [process.env.AWS_XRAY_CONTEXT_MISSING, process.env.AWS_XRAY_DAEMON_ADDRESS, process.env.TZ]"),
    spec: { environment: { AWS_XRAY_CONTEXT_MISSING: "IGNORE_ERROR", TZ: "Europe/Berlin" } },
    answer: ["IGNORE_ERROR", "127.0.0.1:2000", "Europe/Berlin"],
  },
  {
    title: "context.succeed",
    files: {
      "index.js":
        "exports.handler = (event, context) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 100); context.succeed('ok'); };",
    },
    spec: { runtime: "nodejs20.x" },
    answer: "ok",
  },
  { title: "undefined is null", files: cjs(""), answer: null },
  { title: "a plain return value in nodejs24", files: { "index.js": "exports.handler = () => 5" }, answer: 5 },
  {
    title: "the environment that Lambda defines",
    files: cjs(
      "return [process.env.AWS_LAMBDA_FUNCTION_NAME, process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, process.env._HANDLER, process.env.MINE, process.env.AWS_REGION, context.functionName, context.memoryLimitInMB, context.getRemainingTimeInMillis() > 1000, process.cwd() === process.env.LAMBDA_TASK_ROOT]",
    ),
    spec: { environment: { MINE: "x" } },
    answer: [
      "the-environment-that-lambda-defines",
      "128",
      "index.handler",
      "x",
      "us-east-1",
      "the-environment-that-lambda-defines",
      "128",
      true,
      true,
    ],
  },
  {
    title: "the AWS SDK is there",
    files: cjs('return typeof require("@aws-sdk/client-dynamodb").DynamoDBClient'),
    spec: { memoryMib: 256, timeoutSeconds: 10 },
    answer: "function",
  },
  {
    title: "the AWS SDK is there for modules",
    files: {
      "index.mjs":
        'import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; export const handler = async () => typeof DynamoDBClient;',
    },
    spec: { memoryMib: 256, timeoutSeconds: 10 },
    answer: "function",
  },
  {
    title: "the temporary folder can be written",
    files: cjs(
      'const fs = require("fs"); const folder = require("os").tmpdir(); fs.writeFileSync(folder + "/x", "y"); return fs.readFileSync(folder + "/x", "utf8")',
    ),
    answer: "y",
  },
];

const python = {
  "main.py":
    "import os, json\ndef handler(event, context):\n    print('hello from python')\n    if event.get('fail'): raise ValueError('bad pear')\n    return {'got': event['a'], 'id': len(context.aws_request_id), 'name': os.environ['AWS_LAMBDA_FUNCTION_NAME']}\n",
};

// No more than a shell and what every distribution has: the Runtime API over bash's own sockets.
export const bootstrap = `#!/bin/bash
set -u
HOST="\${AWS_LAMBDA_RUNTIME_API%:*}"; PORT="\${AWS_LAMBDA_RUNTIME_API#*:}"
while true; do
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "$HOST" >&3
  ID=""; LENGTH=0
  while IFS=$'\\r' read -r LINE REST <&3; do
    [ -z "$LINE" ] && break
    case "\${LINE,,}" in
      lambda-runtime-aws-request-id:*) ID="\${LINE#*: }";;
      content-length:*) LENGTH="\${LINE#*: }";;
    esac
  done
  IFS= read -r -N "$LENGTH" EVENT <&3
  exec 3>&-
  echo "got $EVENT"
  BODY="{\\"echo\\":$EVENT}"
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: %s\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s' "$ID" "$HOST" "\${#BODY}" "$BODY" >&3
  cat <&3 >/dev/null
  exec 3>&-
done
`;

export async function sandboxStories(t: TestContext, bench: Bench, options: StoryOptions): Promise<void> {
  for (const story of answers) {
    const skip =
      story.isIsolatedOnly === true && !options.isIsolated ? "its code lies elsewhere in this driver" : false;
    await t.test(`answers: ${story.title}`, { skip }, () => answerStory(bench, story));
  }
  for (const story of errors) {
    const skip = story.isIsolatedOnly === true && !options.isIsolated ? "memory is not limited in this driver" : false;
    await t.test(`fails: ${story.title}`, { skip }, () => errorStory(bench, story));
  }
  await t.test("console lines carry time, request id and level", () => logStory(bench));
  await t.test("a payload of 5 MB goes both ways", () => bigStory(bench));
  await t.test("a large bundle's second environment uses the code cache", () => cacheStory(bench));
  await t.test("provided.al2023: a bootstrap in bash", () => providedStory(bench));
  await t.test("provided: no bootstrap, and one that exits", () => badBootstrapStory(bench));
  const version = options.runtimes.find((runtime) => runtime.startsWith("python"));
  await t.test("python", { skip: version === undefined ? "no system python3" : false }, () =>
    pythonStory(bench, version ?? ""),
  );
  const noPython = version === undefined ? "no system python3" : false;
  await t.test("python answers as awslambdaric does", { skip: noPython }, () => pythonRulesStory(bench, version ?? ""));
  await t.test("python: an answer is whole or refused", { skip: noPython }, () => limitStory(bench, version ?? ""));
  await t.test("after a crash the next invocation is answered", () => panicStory(bench));
  await t.test("100 MB of output without a newline; a line of 200 kB is one record", () => floodStory(bench));
  await t.test("an endless loop does not slow another function", () => neighbourStory(bench));
}

function nameOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 60);
}

async function answerStory(bench: Bench, story: AnswerStory): Promise<void> {
  const name = nameOf(story.title);
  await bench.create(name, story.files, story.spec);
  for (let turn = 0; turn < 2; turn++) {
    const result = await bench.invoke(name, story.payload ?? {});
    assert.deepEqual(
      [result.functionError, JSON.parse(Buffer.from(result.payload).toString("utf8")), result.isCold],
      [undefined, story.answer, turn === 0],
      Buffer.from(result.payload).toString("utf8", 0, 1_000),
    );
  }
}

async function errorStory(bench: Bench, story: ErrorStory): Promise<void> {
  const name = `e-${nameOf(story.title)}`;
  await bench.create(name, story.files, story.spec);
  const result = await bench.invoke(name);
  const body = JSON.parse(Buffer.from(result.payload).toString("utf8")) as {
    readonly errorType: string;
    readonly errorMessage: string;
  };
  assert.equal(result.functionError, "Unhandled");
  assert.equal(body.errorType, story.errorType, JSON.stringify(body));
  assert.match(body.errorMessage, story.message);
}

async function logStory(bench: Bench): Promise<void> {
  await bench.create(
    "talks",
    cjs('console.log("a", { b: 1 }); console.error("oh"); process.stdout.write("raw\\n"); return 1'),
  );
  const result = await bench.invoke("talks", {}, { logTail: true });
  const id = result.requestId;
  const lines = (result.logTail ?? "").trimEnd().split("\n");
  assert.equal(lines[0], `START RequestId: ${id} Version: $LATEST`);
  assert.match(lines[1] ?? "", new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\\t${id}\\tINFO\\ta \\{ b: 1 \\}$`));
  assert.match(lines[2] ?? "", new RegExp(`\\t${id}\\tERROR\\toh$`));
  assert.equal(lines[3], "raw");
  assert.equal(lines[4], `END RequestId: ${id}`);
  assert.match(
    lines[5] ?? "",
    new RegExp(
      `^REPORT RequestId: ${id}\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB\\tMax Memory Used: \\d+ MB\\tInit Duration: [\\d.]+ ms`,
    ),
  );
}

async function bigStory(bench: Bench): Promise<void> {
  await bench.create("big", cjs("return event"), { memoryMib: 512, timeoutSeconds: 20 });
  const text = "x".repeat(5 * 1024 * 1024);
  assert.equal(await bench.ask("big", text), text);
}

async function cacheStory(bench: Bench): Promise<void> {
  const filler = Array.from({ length: 3000 }, (_, i) => `exports.f${i} = (a) => a + ${i};`).join("\n");
  await bench.create(
    "bundle",
    { "index.js": `${filler}\nexports.handler = async () => exports.f2999(1);` },
    { timeoutSeconds: 10 },
  );
  assert.equal(await bench.ask("bundle"), 3000);
  await new Promise((resolve) => void setTimeout(resolve, 50));
  await bench.chill("bundle");
  assert.equal(await bench.ask("bundle"), 3000);
}

async function providedStory(bench: Bench): Promise<void> {
  await bench.create("shell", { bootstrap }, { runtime: "provided.al2023", handler: "x", timeoutSeconds: 10 });
  for (let i = 0; i < 3; i++) assert.deepEqual(await bench.ask("shell", { n: i }), { echo: { n: i } });
  const result = await bench.invoke("shell", { n: 9 }, { logTail: true });
  assert.match(result.logTail ?? "", /got \{"n":9\}/);
}

async function badBootstrapStory(bench: Bench): Promise<void> {
  await bench.create("empty", { "readme.txt": "" }, { runtime: "provided.al2023", handler: "x" });
  assert.equal(((await bench.ask("empty")) as { readonly errorType: string }).errorType, "Runtime.InvalidEntrypoint");
  await bench.create("quits", { bootstrap: "#!/bin/sh\nexit 7\n" }, { runtime: "provided.al2023", handler: "x" });
  assert.match(JSON.stringify(await bench.ask("quits")), /Runtime\.ExitError.*exit status 7/);
}

async function pythonStory(bench: Bench, runtime: string): Promise<void> {
  await bench.create("snake", python, { runtime, handler: "main.handler", timeoutSeconds: 10 });
  for (let i = 0; i < 2; i++) assert.deepEqual(await bench.ask("snake", { a: i }), { got: i, id: 36, name: "snake" });
  const failed = (await bench.ask("snake", { fail: true })) as {
    readonly errorType: string;
    readonly errorMessage: string;
    readonly stackTrace: readonly string[];
  };
  assert.deepEqual(
    [failed.errorType, failed.errorMessage, Array.isArray(failed.stackTrace)],
    ["ValueError", "bad pear", true],
  );
  const { logTail } = await bench.invoke("snake", { a: 1 }, { logTail: true });
  assert.match(logTail ?? "", /hello from python/);
  await bench.create("no-module", { "x.py": "" }, { runtime, handler: "main.handler", timeoutSeconds: 10 });
  assert.equal(
    ((await bench.ask("no-module")) as { readonly errorType: string }).errorType,
    "Runtime.ImportModuleError",
  );
}

/** What awslambdaric makes of it. */
const pythonAnswers: readonly (readonly [title: string, body: string, payload: string])[] = [
  [
    "Decimal",
    "import decimal; return {'a': [decimal.Decimal('1.10'), decimal.Decimal('-0.0')]}",
    '{"a": [1.10, -0.0]}',
  ],
  ["bytes", "return b'\\x00raw'", "\u0000raw"],
  ["bytes inside", "return {'a': b'text'}", '{"a": "text"}'],
  ["identity", "return [context.identity.cognito_identity_id, context.client_context]", "[null, null]"],
  [
    "a datetime",
    "import datetime; return datetime.datetime.now()",
    '{"errorMessage": "Unable to marshal response: Object of type datetime is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "ID", "stackTrace": []}',
  ],
];

async function pythonRulesStory(bench: Bench, runtime: string): Promise<void> {
  for (const [title, body, payload] of pythonAnswers) {
    const name = `py-${nameOf(title)}`;
    await bench.create(
      name,
      { "main.py": `def handler(event, context):\n    ${body}\n` },
      { runtime, handler: "main.handler", timeoutSeconds: 10 },
    );
    const result = await bench.invoke(name);
    const text = Buffer.from(result.payload).toString("utf8").replace(result.requestId, "ID");
    assert.equal(text, payload, title);
  }
  await bench.create("py-broken", { "main.py": "import nowhere" }, { runtime, handler: "main.handler" });
  assert.deepEqual(await bench.ask("py-broken"), {
    errorMessage: "Unable to import module 'main': No module named 'nowhere'",
    errorType: "Runtime.ImportModuleError",
    requestId: "",
    stackTrace: [],
  });
}

/** Neither cut nor delivered: an answer of a runtime that speaks the Runtime API, at the limit and over it. */
async function limitStory(bench: Bench, runtime: string): Promise<void> {
  await bench.create(
    "long-answers",
    { "main.py": "def handler(event, context):\n    return 'a' * (event['bytes'] - 2)\n" },
    { runtime, handler: "main.handler", timeoutSeconds: 20, memoryMib: 512 },
  );
  const whole = await bench.invoke("long-answers", { bytes: 6_291_556 });
  assert.deepEqual([whole.functionError, whole.payload.length], [undefined, 6_291_556]);
  for (const bytes of [6_291_557, 7_340_032, 30_000_000]) {
    const cut = await bench.ask("long-answers", { bytes });
    assert.deepEqual(cut, {
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
  }
  assert.equal(await bench.ask("long-answers", { bytes: 3 }), "a");
}

/** What aws-lambda-go does after a panic: the error, then exit 1. */
async function panicStory(bench: Bench): Promise<void> {
  await bench.create(
    "panics",
    {
      "index.js":
        "exports.handler = async (event) => { if (event.panic) setTimeout(() => { throw new Error('panic') }, 1); await new Promise((r) => setTimeout(r, event.panic ? 1000 : 0)); return 'well'; }",
    },
    { runtime: "nodejs22.x", timeoutSeconds: 10 },
  );
  for (let turn = 0; turn < 3; turn++) {
    const failed = (await bench.ask("panics", { panic: true })) as { readonly errorMessage: string };
    assert.equal(failed.errorMessage, "panic");
    assert.equal(await bench.ask("panics"), "well");
  }
}

/** A flood of raw output ends nothing and delays nobody. */
async function floodStory(bench: Bench): Promise<void> {
  // The pipe does not block: its reader is asked again until it has taken everything.
  const write =
    "const fs = require('fs'); const x = Buffer.alloc(65536, 120); for (let left = event.bytes; left > 0;) try { left -= fs.writeSync(1, x) } catch (e) { if (e.code !== 'EAGAIN') throw e }";
  await bench.create("floods", cjs(`${write}; return 1`), { timeoutSeconds: 30, memoryMib: 512 });
  await bench.create("talks-long", cjs("console.log('y'.repeat(200_000)); return 1"));
  assert.equal(await bench.ask("floods", { bytes: 100_000_000 }), 1);
  const { logTail } = await bench.invoke("talks-long", {}, { logTail: true });
  assert.match(logTail ?? "", /y{3000}\nEND/);
  const lines = await bench.log("talks-long");
  assert.equal(lines.filter(({ text }) => text.includes("y".repeat(200_000))).length, 1);
}

async function neighbourStory(bench: Bench): Promise<void> {
  await bench.create("spins", cjs("for (;;);"), { timeoutSeconds: 1 });
  await bench.create("quick", cjs("return 1"));
  await bench.ask("quick");
  const spinning = bench.invoke("spins");
  const took: number[] = [];
  for (let i = 0; i < 50; i++) {
    const before = performance.now();
    await bench.ask("quick");
    took.push(performance.now() - before);
  }
  await spinning;
  const median = took.toSorted((a, b) => a - b)[25] ?? 0;
  // An invocation takes well under a millisecond alone; waiting for the other's deadline would take a thousand.
  assert.ok(median < 50, `median ${median} ms`);
}
