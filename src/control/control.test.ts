/** The private API from end to end: what the client is told is what the control process said, also when it refuses, restarts or is away. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Fault, type FaultCode } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { ControlClient, TooSlow } from "./client.ts";
import type { Control, UrlRequest } from "./contract.ts";
import { listenControl } from "./server.ts";

const folder = await mkdtemp(join(tmpdir(), "ctm-control-"));
const socketPath = join(folder, "control.sock");
after(() => rm(folder, { recursive: true }));
const clock = new FakeClock();

/** Nothing is answered that a test does not say. */
const unasked: Control = {
  invoke: () => Promise.reject(new Error("not asked for")),
  invokeStreaming: () => Promise.reject(new Error("not asked for")),
  authorizeUrl: () => Promise.reject(new Error("not asked for")),
  rotateSecretKey: async () => 7,
  keepUsage: () => Promise.reject(new Error("not asked for")),
  keepLoad: () => Promise.reject(new Error("not asked for")),
  keepKeyUsage: () => Promise.reject(new Error("not asked for")),
  readKeyUsage: () => listed([]),
  writeLogs: () => Promise.reject(new Error("not asked for")),
  readUsage: () => listed([]),
  readLogs: () => listed([]),
  readFunctions: () => listed([]),
};

async function* listed<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function served(control: Partial<Control>, work: (client: ControlClient) => Promise<void>): Promise<void> {
  await using _server = await listenControl({ control: { ...unasked, ...control }, socketPath, clock, log: silent });
  using client = new ControlClient({ socketPath, clock, patienceMs: 0 });
  await work(client);
}

const invocation = {
  namespace: "a b",
  name: "hello/1",
  qualifier: "live",
  payload: Buffer.from("{}"),
  traceId: "Root=1",
};

test("an invocation arrives as it was sent, and so does its result", async () => {
  const asked: unknown[] = [];
  const invoke: Control["invoke"] = async (sent) => {
    asked.push({ ...sent, payload: Buffer.from(sent.payload).toString() });
    return { payload: Buffer.from('{"é":1}'), requestId: "r-1", functionError: "Unhandled", isCold: true };
  };
  await served({ invoke }, async (client) => {
    const { payload, ...rest } = await client.invoke(invocation);
    assert.equal(Buffer.from(payload).toString(), '{"é":1}');
    assert.deepEqual(rest, { requestId: "r-1", functionError: "Unhandled", isCold: true });
    assert.deepEqual(asked, [{ ...invocation, payload: "{}" }]);
  });
});

for (const code of ["NotFound", "RequestTooLarge", "TooManyRequests", "Unavailable", "Timeout"] satisfies FaultCode[])
  test(`a function that did not run because of ${code} is told so`, () =>
    served({ invoke: () => Promise.reject(new Fault(code, "because")) }, (client) =>
      assert.rejects(client.invoke(invocation), { code, message: "because" }),
    ));

test("the load of Services arrives, and whoever told it learns which of them can be woken", () =>
  served({ keepLoad: async (loads) => loads.map(({ namespace, name }) => `${namespace}/${name}`) }, async (client) =>
    assert.deepEqual(await client.keepLoad([{ namespace: "a", name: "web", arrived: 1, open: 1 }]), ["a/web"]),
  ));

test("what went wrong inside is an internal error", () =>
  served({}, (client) =>
    assert.rejects(client.invoke(invocation), { code: "InternalError", message: "not asked for" }),
  ));

test("a payload beyond twelve megabytes is refused, not received", () =>
  served({}, (client) =>
    assert.rejects(client.invoke({ ...invocation, payload: Buffer.alloc(12 * 1024 * 1024 + 1) }), {
      code: "RequestTooLarge",
    }),
  ));

test("who waits too long is told so, whatever the function does", () =>
  served({ invoke: () => new Promise(() => {}) }, async (client) => {
    const answer = client.invoke(invocation, 1_000);
    clock.advance(1_000);
    await assert.rejects(answer, TooSlow);
  }));

test("a signed request and the verdict on it cross as they are", async () => {
  const asked: UrlRequest = {
    method: "GET",
    path: "/a%20b",
    query: "x=1",
    headers: { authorization: "AWS4" },
    bodySha256: "00",
    namespace: "default",
    name: "hello",
  };
  const verdict = { is: "refused", status: 403, code: "AccessDenied", message: "no" } as const;
  await served(
    {
      authorizeUrl: async (request) => {
        assert.deepEqual(request, asked);
        return verdict;
      },
    },
    async (client) => assert.deepEqual(await client.authorizeUrl(asked), verdict),
  );
});

const usage = {
  is: "request",
  atMs: 1,
  backend: "Service/a/b",
  status: 200,
  latencyMicros: 5,
  bytesIn: 0,
  bytesOut: 9,
} as const;

test("usage is kept, and read in a window and of a kind", async () => {
  const kept: unknown[] = [];
  const asked: unknown[] = [];
  await served(
    {
      keepUsage: async (sent) => void kept.push(...sent),
      readUsage: (window, is) => {
        asked.push({ ...window, is });
        return listed([usage, usage]);
      },
    },
    async (client) => {
      await client.keepUsage([usage]);
      assert.deepEqual(kept, [usage]);
      assert.deepEqual(await Array.fromAsync(client.readUsage({ fromMs: 1, toMs: 9 }, "request")), [usage, usage]);
      assert.deepEqual(asked, [{ fromMs: 1, toMs: 9, is: "request" }]);
    },
  );
});

test("lines of a log come as they are, and no more than were asked for", () =>
  served({ readLogs: (group, limit) => listed([{ atMs: limit, stream: group, text: "a\nb" }]) }, async (client) =>
    assert.deepEqual(await Array.fromAsync(client.readLogs("/aws/lambda/x", 5)), [
      { atMs: 5, stream: "/aws/lambda/x", text: "a\nb" },
    ]),
  ));

test("another version of this API, and a window that is no number, are refused", () =>
  served({}, async (client) => {
    const status = await new Promise((resolve) =>
      request({ socketPath, path: "/v0/usage" }, (response) => resolve(response.resume().statusCode)).end(),
    );
    assert.equal(status, 404);
    await assert.rejects(Array.fromAsync(client.readUsage({ fromMs: Number.NaN, toMs: 1 })), { code: "BadRequest" });
  }));

test("a control process that is away is waited for with patience, and told of without", async () => {
  using hasty = new ControlClient({ socketPath, clock, patienceMs: 0 });
  await assert.rejects(hasty.invoke(invocation), { code: "Unavailable", message: /is the platform up/ });
  // Its own clock stands still until the server is there: only then it tries again.
  const there = Promise.withResolvers<void>();
  const waiting = { monotonicMs: () => 0, sleep: () => there.promise, after: clock.after.bind(clock), now: () => 0 };
  using patient = new ControlClient({ socketPath, clock: waiting, patienceMs: 1_000 });
  const answer = patient.invoke(invocation);
  await served({ invoke: async ({ payload }) => ({ payload, requestId: "r", isCold: false }) }, async () => {
    there.resolve();
    assert.equal((await answer).requestId, "r");
  });
});

test("a response that is streamed is read while it is written, and one that breaks off is not taken for whole", async () => {
  const invocation = { namespace: "n", name: "f", qualifier: "", payload: Buffer.from("{}"), traceId: "" };
  const go = Promise.withResolvers<void>();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("one");
    await go.promise;
    yield Buffer.from("two");
    throw new Error("broken");
  }
  const streamed = { contentType: "text/plain", requestId: "r", isCold: true, pieces: pieces() };
  await served({ invokeStreaming: async () => streamed }, async (client) => {
    const { pieces: read, ...head } = await client.invokeStreaming(invocation);
    assert.deepEqual(head, { contentType: "text/plain", requestId: "r", isCold: true });
    const said: string[] = [];
    await assert.rejects(async () => {
      for await (const piece of read) {
        said.push(Buffer.from(piece).toString());
        go.resolve();
      }
    });
    assert.equal(said.join(""), "onetwo");
  });
});

test("a response that does not come as a stream has no content type of one, and says that it failed", async () => {
  const invocation = { namespace: "n", name: "f", qualifier: "1", payload: Buffer.from("{}"), traceId: "t" };
  const failed = {
    contentType: null,
    requestId: "r",
    isCold: false,
    functionError: "Unhandled",
    pieces: listed([Buffer.from("x")]),
  };
  await served({ invokeStreaming: async () => failed }, async (client) => {
    const { contentType, functionError, pieces } = await client.invokeStreaming(invocation);
    assert.deepEqual([contentType, functionError], [null, "Unhandled"]);
    assert.equal(Buffer.concat(await Array.fromAsync(pieces)).toString(), "x");
  });
  await served({ invokeStreaming: () => Promise.reject(new Fault("TooManyRequests", "no")) }, (client) =>
    assert.rejects(client.invokeStreaming(invocation), { code: "TooManyRequests" }),
  );
});
