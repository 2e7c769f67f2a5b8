/** What crosses the edge, both ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toClient, toFunction, toPod } from "./forward-headers.ts";

const CLIENT = { address: "10.0.0.9", host: "shop.test:8080", port: "8080", proto: "http" } as const;

test("to a pod: nothing of the connection, nothing that the client says of itself", () => {
  const headers = toPod(
    {
      host: ["shop.test:8080"],
      connection: ["keep-alive, X-Secret"],
      "x-secret": ["1"],
      te: ["trailers"],
      "transfer-encoding": ["chunked"],
      "proxy-authorization": ["Basic x"],
      expect: ["100-continue"],
      forwarded: ["for=1.2.3.4"],
      "x-real-ip": ["1.2.3.4"],
      "x-forwarded-for": ["1.2.3.4"],
      "x-forwarded-proto": ["https"],
      "x-forwarded-host": ["evil.test"],
      accept: ["a", "b"],
    },
    CLIENT,
  );
  assert.deepEqual(Object.fromEntries(headers), {
    host: ["shop.test:8080"],
    accept: ["a", "b"],
    "x-forwarded-for": ["10.0.0.9"],
    "x-forwarded-host": ["shop.test:8080"],
    "x-forwarded-port": ["8080"],
    "x-forwarded-proto": ["http"],
    "x-real-ip": ["10.0.0.9"],
  });
});

test("to a function: the address is appended, as API Gateway does", () => {
  const headers = toFunction({ "x-forwarded-for": ["1.2.3.4"], connection: ["close"] }, CLIENT, "Root=1");
  assert.deepEqual(Object.fromEntries(headers), {
    "x-forwarded-for": ["1.2.3.4, 10.0.0.9"],
    "x-forwarded-port": ["8080"],
    "x-forwarded-proto": ["http"],
    "x-amzn-trace-id": ["Root=1"],
  });
});

const cookies: readonly (readonly [sent: readonly string[], passed: readonly string[] | undefined])[] = [
  [["a=1; ctm-mine=s; b=2"], ["a=1; b=2"]],
  [["ctm-mine=s"], undefined],
  [["a=1", "ctm-x=1"], ["a=1"]],
  [["actm-x=1"], ["actm-x=1"]],
];
for (const [sent, passed] of cookies)
  test(`the dashboard's session stays here: ${sent.join(" | ")}`, () => {
    assert.deepEqual(toPod({ cookie: sent }, CLIENT).get("cookie"), passed);
    assert.deepEqual(toFunction({ cookie: sent }, CLIENT, "").get("cookie"), passed);
  });

test("to the client: no framing of the backend's connection, no session of ours", () => {
  const headers = toClient({
    connection: ["x-hop"],
    "x-hop": ["1"],
    "transfer-encoding": ["chunked"],
    "keep-alive": ["timeout=5"],
    "set-cookie": ["a=1", "ctm-mine=stolen; Path=/"],
    etag: ["1"],
  });
  assert.deepEqual(Object.fromEntries(headers), { "set-cookie": ["a=1"], etag: ["1"] });
});
