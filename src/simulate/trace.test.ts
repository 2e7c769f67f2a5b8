/** Traces: made from a seed, written and read, imported from what others write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { officeDay, shapes, synthesized } from "./synthesis.ts";
import { Recorder } from "./recorded.ts";
import { decodeTrace, encodeTrace } from "./trace-file.ts";
import { importedTrace } from "./trace-import.ts";
import { factsOf, ratesOf, squeezed, type Trace } from "./trace.ts";

const HOUR_MS = 3_600_000;
const SURE = { cpuMs: { mean: 2, sigma: 0 }, waitMs: { mean: 8, sigma: 0 } };

test("the same shape, seed and length give the same bytes; another seed does not", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = (seed: number): Uint8Array => encodeTrace(synthesized(name, shape, { seed, lengthMs: HOUR_MS }));
    assert.deepEqual(bytes(7), bytes(7), name);
    assert.notDeepEqual(bytes(7), bytes(8), name);
  }
});

test("a made trace has the rate and the work of its shape", () => {
  const facts = factsOf(synthesized("steady", shapes.steady, { seed: 1, lengthMs: HOUR_MS }));
  assert.ok(Math.abs(facts.meanPerSecond - 10) < 0.2, `${facts.meanPerSecond} a second`);
  assert.ok(Math.abs(facts.meanCpuMs - 10) < 0.1, `${facts.meanCpuMs} ms of CPU`);
  const hours = ratesOf(synthesized("office", shapes.office, { seed: 1 }), 24);
  assert.ok((hours[10] ?? 0) > 10 * (hours[3] ?? 0), "an office is busy in the morning and not at night");
});

test("a trace that is written is read again, whatever is in it", () => {
  const requests = fc.array(
    fc.record({ gap: fc.nat(10_000_000), cpu: fc.nat(2 ** 32 - 1), wait: fc.nat(2 ** 32 - 1) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(requests, fc.string(), (list, name) => {
      let micros = 0;
      const trace: Trace = {
        name,
        lengthMs: 1e9,
        arrivalsMs: Float64Array.from(list, ({ gap }) => (micros += gap) / 1000),
        cpuMicros: Uint32Array.from(list, ({ cpu }) => cpu),
        waitMicros: Uint32Array.from(list, ({ wait }) => wait),
      };
      assert.deepEqual(decodeTrace(encodeTrace(trace)), trace);
    }),
  );
});

const head = (more: object): string =>
  `${JSON.stringify({ kind: "catamaran-trace", version: 1, name: "a", lengthMs: 5, requests: 1, ...more })}\n`;

for (const { title, text, says } of [
  { title: "another file", text: "PK\u0003\u0004", says: "first line is missing" },
  { title: "another first line", text: "{}\n", says: "does not say so" },
  { title: "a later version", text: head({ version: 2 }), says: "of version 2" },
  {
    title: "a number of requests that is none",
    text: head({ requests: -1 }),
    says: "lacks name, lengthMs or requests",
  },
  { title: "more requests than memory", text: head({ requests: 1e12 }), says: "are read at most" },
  { title: "columns that break off", text: `${head({})}\u0001\u0001`, says: "breaks off" },
  { title: "more than was announced", text: `${head({})}\u0001\u0001\u0001\u0001`, says: "longer than its first line" },
])
  test(`a file that is no trace is refused: ${title}`, () => {
    assert.throws(() => decodeTrace(Buffer.from(text)), { code: "BadRequest", message: new RegExp(says) });
  });

for (const { title, text, arrivals, lengthMs, cpuMs = 2, waitMs = 8 } of [
  {
    title: "an access log",
    text: '::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1\n::1 - bob [10/Oct/2000:20:55:38 +0000] "GET /a HTTP/1.0" 200 1\n',
    arrivals: [0, 2000],
    lengthMs: 2000,
  },
  {
    title: "invocations with their durations",
    text: "app,func,end_timestamp,duration\na,f,10.5,0.5\na,g,12,0.001\n",
    arrivals: [0, 1999],
    lengthMs: 1999,
    cpuMs: 2,
    waitMs: 498,
  },
  {
    title: "arrivals in ms, not in order",
    text: "ms,duration_ms\n250,10\n100,10\n",
    arrivals: [0, 150],
    lengthMs: 150,
  },
  {
    title: "times of requests to a model",
    text: "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n",
    arrivals: [0, 52],
    lengthMs: 52,
  },
])
  test(`imported: ${title}`, () => {
    const trace = importedTrace(text, { name: "a", seed: 1, ...SURE });
    assert.deepEqual([...trace.arrivalsMs].map(Math.round), arrivals);
    assert.equal(trace.lengthMs, lengthMs);
    assert.deepEqual([trace.cpuMicros[0], trace.waitMicros[0]], [cpuMs * 1000, waitMs * 1000]);
  });

test("counts of intervals are spread over them, the last one is as long as the others", () => {
  const text = "timestamp,value\n2014-04-10 00:04:00,94.0\n2014-04-10 00:09:00,6\n";
  const trace = importedTrace(text, { name: "a", seed: 1, ...SURE });
  assert.equal(trace.lengthMs, 600_000);
  assert.deepEqual(
    [...ratesOf(trace, 2)].map((rate) => Math.round(rate * 300)),
    [94, 6],
  );
});

test("minutes of many functions are added up", () => {
  const minutes = Array.from({ length: 1440 }, (_, i) => i + 1);
  const row = (at: number, count: number): string => minutes.map((minute) => (minute === at ? count : 0)).join(",");
  const text = `HashOwner,HashApp,HashFunction,Trigger,${minutes.join(",")}\na,b,c,http,${row(1, 5)}\na,b,d,timer,${row(2, 3)}\n`;
  const trace = importedTrace(text, { name: "a", seed: 1, ...SURE });
  assert.equal(trace.arrivalsMs.length, 8);
  assert.equal([...trace.arrivalsMs].filter((at) => at < 60_000).length, 5);
});

for (const { title, text, says } of [
  { title: "no known format", text: "hello\n", says: "the first line is of no format .* access log" },
  { title: "nothing in it", text: "timestamp,value\n", says: "there is no request" },
  { title: "a number that is none", text: "ms,duration_ms\n1,2\n3,x\n", says: 'line 3 .*"x" is no number' },
  { title: "a negative number", text: "ms,duration_ms\n1,-2\n", says: 'line 2 .*"-2" is no number' },
  { title: "a time that is none", text: "timestamp,value\nyesterday,2\n", says: 'line 2 .*"yesterday" is no time' },
  {
    title: "more than a replay takes",
    text: "timestamp,value\n2014-04-10 00:04:00,1e9\n",
    says: "line 2 .* more than",
  },
])
  test(`an import that cannot be read says which line: ${title}`, () => {
    const options = { name: "a", seed: 1, ...SURE };
    assert.throws(() => importedTrace(text, options), { code: "BadRequest", message: new RegExp(says) });
  });

test("an office's day has exactly the requests that are asked for, and keeps its shape in less time with fewer of them", () => {
  const day = officeDay(100_000, 7);
  assert.equal(day.arrivalsMs.length, 100_000);
  const short = squeezed(day, 60_000, 6_000);
  assert.equal(short.arrivalsMs.length, 6_000);
  assert.ok(short.arrivalsMs.every((at, i, all) => at >= (all[i - 1] ?? 0) && at < 60_000));
  const hours = ratesOf(short, 24);
  assert.ok((hours[10] ?? 0) > 10 * (hours[3] ?? 0));
});

test("what was metered at its end is in the trace at its beginning; what a request took beyond its CPU, it waited", () => {
  const recorder = new Recorder();
  recorder.add(5_300, 200);
  recorder.add(5_150, 100);
  recorder.add(5_002, 2);
  const trace = recorder.trace({ name: "function/a", fromMs: 5_000, toMs: 6_000, cpuMs: 20 });
  assert.deepEqual([...trace.arrivalsMs], [0, 50, 100]);
  assert.deepEqual([...trace.cpuMicros], [2_000, 20_000, 20_000]);
  assert.deepEqual([...trace.waitMicros], [0, 80_000, 180_000]);
  assert.equal(trace.lengthMs, 1_000);
});
