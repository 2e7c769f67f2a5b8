/** The gateway over objects in memory, with functions that answer as a test says and a clock that stands still. For tests only. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { ApiLogLine, Invocation, Invoked, ServiceLoad, UrlRequest, UrlVerdict } from "#control/contract.ts";
import type { FakeClock } from "#deck/fake-clock.ts";
import type { Journal } from "#deck/journal.ts";
import type { Objects } from "#deck/objects.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { listenGateway } from "./listen.ts";

export interface EdgeScript {
  /** The event, and what the function of that name returns; a thrown Fault is one of the engine's. */
  readonly invoke: (name: string, event: unknown) => unknown;
  readonly keepLoad?: (loads: readonly ServiceLoad[]) => readonly string[];
  readonly authorize?: (asked: UrlRequest) => Promise<UrlVerdict>;
}

export interface EdgeAnswerText {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface SampleEdge extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly objects: Objects;
  readonly port: number;
  /** Access logs, as far as they were handed over. */
  readonly lines: readonly ApiLogLine[];
  /** Names of functions, in the order in which they ran. */
  readonly ran: readonly string[];
  readonly ask: (
    target: string,
    headers?: Readonly<Record<string, string | readonly string[]>>,
    body?: string,
  ) => Promise<EdgeAnswerText>;
}

/** `ask("GET host/path")` sends to that host. */
export async function openSampleEdge(
  journal: Journal,
  { invoke, authorize, keepLoad }: EdgeScript,
): Promise<SampleEdge> {
  const stack = new AsyncDisposableStack();
  const { deck, clock } = await openSampleDeck(stack.use(journal));
  stack.use(deck);
  const objects = deck.objects("test");
  const lines: ApiLogLine[] = [];
  const ran: string[] = [];
  const gateway = await listenGateway({
    objects,
    // In one process a view has what was written by the next turn of the loop.
    askServer: () => new Promise((resolve) => setImmediate(resolve)),
    control: {
      invoke: async ({ name, payload }: Invocation): Promise<Invoked> => {
        ran.push(name);
        const result = await invoke(name, JSON.parse(Buffer.from(payload).toString()));
        return { payload: Buffer.from(JSON.stringify(result) ?? ""), requestId: "r", isCold: false };
      },
      invokeStreaming: () => Promise.reject(new Error("nothing is streamed here")),
      authorizeUrl: authorize ?? (() => Promise.reject(new Error("nobody signs here"))),
      keepUsage: async () => {},
      keepLoad: async (loads) => keepLoad?.(loads) ?? [],
      keepKeyUsage: async () => {},
      async *readKeyUsage() {},
      writeLogs: async (written) => void lines.push(...written),
    },
    host: "127.0.0.1",
    port: 0,
    accountId: "000000000000",
    region: "us-east-1",
    clock,
    random: seededRandom(3),
    log: silent,
  });
  stack.use(gateway);
  const { port } = gateway;
  return {
    clock,
    objects,
    port,
    lines,
    ran,
    ask: (target, headers = {}, body = "") => ask(port, target, { headers, body }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function ask(
  port: number,
  target: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string | readonly string[]>>; readonly body: string },
): Promise<EdgeAnswerText> {
  const [, method = "GET", host = "", path = "/"] = /^(\w+) ([^/]*)(\/.*)$/.exec(target) ?? [];
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, method, path, headers: { host, ...headers }, agent: false },
      (answer) => {
        void textOf(answer).then(
          (text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
          reject,
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
