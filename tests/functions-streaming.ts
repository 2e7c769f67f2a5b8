/** Responses that are streamed, in real sandboxes: piece by piece, slowed by a slow reader, broken off in the middle, and whole for who wants them whole. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { CallerSink, ResponseHead } from "#functions/invocation.ts";
import type { Bench } from "./functions-support.ts";

/** Keeps what it is told, and when. */
class Listener implements CallerSink {
  head: ResponseHead | null = null;
  readonly pieces: { readonly text: string; readonly atMs: number }[] = [];
  readonly #takes: () => Promise<void>;

  constructor(takes: () => Promise<void> = () => Promise.resolve()) {
    this.#takes = takes;
  }

  begin(head: ResponseHead): void {
    this.head = head;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.pieces.push({ text: Buffer.from(piece).toString("latin1"), atMs: performance.now() });
    await this.#takes();
  }

  get text(): string {
    return this.pieces.map(({ text }) => text).join("");
  }
}

const streamed = (body: string): Readonly<Record<string, string>> => ({
  "index.mjs": `export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`,
});

const BOOTSTRAP = `#!/bin/bash
set -e
HOST="\${AWS_LAMBDA_RUNTIME_API%%:*}"; PORT="\${AWS_LAMBDA_RUNTIME_API##*:}"
while true; do
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "$HOST" >&3
  ID=""
  while IFS= read -r line <&3; do
    line="\${line%$'\\r'}"
    case "\${line,,}" in lambda-runtime-aws-request-id:*) ID="\${line#*: }";; esac
    [ -z "$line" ] && break
  done
  cat <&3 >/dev/null; exec 3>&-
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: %s\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\nContent-Type: text/plain\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: Lambda-Runtime-Function-Error-Type\\r\\nConnection: close\\r\\n\\r\\n3\\r\\none\\r\\n' "$ID" "$HOST" >&3
  sleep 0.2
  printf '3\\r\\ntwo\\r\\n0\\r\\nLambda-Runtime-Function-Error-Type: My.Error\\r\\n\\r\\n' >&3
  cat <&3 >/dev/null; exec 3>&-
done
`;

export async function streamingStories(t: TestContext, bench: Bench): Promise<void> {
  await t.test("pieces arrive while the handler still writes, with the content type of the prelude", async () => {
    const body = `
      const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" } });
      http.write("one"); await new Promise((r) => setTimeout(r, 300)); http.write({ two: 2 }); http.end();`;
    await bench.create("streams", streamed(body), { handler: "index.handler" });
    const listener = new Listener();
    const result = await bench.invoke("streams", {}, { sink: listener });
    assert.equal(listener.head?.contentType, "application/vnd.awslambda.http-integration-response");
    assert.equal(listener.text, '{"statusCode":201,"headers":{"a":"b"}}\0\0\0\0\0\0\0\0one{"two":2}');
    assert.deepEqual([result.payload.length, result.functionError], [0, undefined]);
    const gapMs = (listener.pieces.at(-1)?.atMs ?? 0) - (listener.pieces[0]?.atMs ?? 0);
    assert.ok(gapMs > 200, `the last piece came ${gapMs} ms after the first`);
    const whole = await bench.invoke("streams");
    assert.match(Buffer.from(whole.payload).toString("latin1"), /^\{"statusCode":201.*one\{"two":2\}$/s);
  });

  await t.test("pipeline works, and a slow reader slows the function", async () => {
    const body = `
      const { pipeline } = await import("node:stream/promises"); const { Readable } = await import("node:stream");
      let made = 0; async function* source() { for (; made < 40; made++) yield Buffer.alloc(65536, 97); }
      globalThis.made = () => made; stream.setContentType("text/plain"); await pipeline(Readable.from(source()), stream);`;
    await bench.create("piped", streamed(body));
    let isFree = false;
    const waiting: (() => void)[] = [];
    const listener = new Listener(() => (isFree ? Promise.resolve() : new Promise((go) => waiting.push(go))));
    const running = bench.invoke("piped", {}, { sink: listener });
    await new Promise((resolve) => void setTimeout(resolve, 500));
    const before = listener.pieces.length;
    assert.ok(before < 20, `${before} pieces were read of a reader that took none`);
    isFree = true;
    for (const go of waiting) go();
    assert.equal((await running).functionError, undefined);
    assert.equal(listener.text.length, 40 * 65_536);
  });

  await t.test("an error in the middle ends the stream with an error, and the next invocation is well", async () => {
    const body = 'if (!event.breaks) return stream.end("well"); stream.write("half"); throw new RangeError("broken");';
    await bench.create("breaks", streamed(body));
    const listener = new Listener();
    const { functionError, payload } = await bench.invoke("breaks", { breaks: true }, { sink: listener });
    assert.deepEqual([listener.text, functionError], ["half", "Unhandled"]);
    assert.match(Buffer.from(payload).toString(), /"errorType":"RangeError","errorMessage":"broken"/);
    const next = new Listener();
    await bench.invoke("breaks", {}, { sink: next });
    assert.equal(next.text, "well");
  });

  await t.test("a stream that nobody ends fails, and one that is too slow times out", async () => {
    await bench.create("unended", streamed('stream.write("a")'));
    const { functionError, payload } = await bench.invoke("unended", {}, { sink: new Listener() });
    assert.equal(functionError, "Unhandled");
    assert.match(Buffer.from(payload).toString(), /Response stream is not finished/);
    await bench.create("slow-stream", streamed('stream.write("a"); await new Promise((r) => setTimeout(r, 5000))'), {
      timeoutSeconds: 1,
    });
    const late = await bench.invoke("slow-stream", {}, { sink: new Listener() });
    assert.match(Buffer.from(late.payload).toString(), /Task timed out after 1\.00 seconds/);
  });

  await t.test("a custom runtime streams by the Runtime API, and tells in a trailer that it broke off", async () => {
    await bench.create("streaming-bash", { bootstrap: BOOTSTRAP }, { runtime: "provided.al2023", handler: "x" });
    const listener = new Listener();
    const { functionError } = await bench.invoke("streaming-bash", {}, { sink: listener });
    assert.deepEqual(
      [listener.head?.contentType, listener.text, listener.pieces.length, functionError],
      ["text/plain", "onetwo", 2, "Unhandled"],
    );
  });
}
