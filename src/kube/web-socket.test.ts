/** WebSockets that only tell: the handshake, what is refused, and how messages are framed. */
import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { Headers } from "#relay/upgrade.ts";
import { frame, openWebSocket } from "./web-socket.ts";

// The key and what it is answered with are RFC 6455's own example (1.3).
const ASKED = { upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };

function opened(more: Headers) {
  const [near, far] = duplexPair();
  const answered: Headers[] = [];
  const headers = { ...ASKED, ...more };
  const outlet = openWebSocket({ headers, accept: (each) => (answered.push(each), near) }, () => {});
  return { outlet, far, answered: answered[0] ?? {} };
}

const protocols: readonly (readonly [asked: string | undefined, chosen: string | undefined, message: string])[] = [
  [undefined, undefined, "82026869"],
  ["binary.k8s.io", "binary.k8s.io", "82026869"],
  ["base64.binary.k8s.io", "base64.binary.k8s.io", `8104${Buffer.from("aGk=").toString("hex")}`],
  ["x, base64.binary.k8s.io", "base64.binary.k8s.io", `8104${Buffer.from("aGk=").toString("hex")}`],
];
for (const [asked, chosen, message] of protocols)
  test(`who asks for ${asked ?? "no subprotocol"} gets ${chosen ?? "none"}`, async () => {
    const { outlet, far, answered } = opened(asked === undefined ? {} : { "sec-websocket-protocol": asked });
    assert.equal(answered["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert.equal(answered["sec-websocket-protocol"], chosen);
    outlet.write("hi");
    outlet.end();
    assert.equal((await buffer(far)).toString("hex"), `${message}880203e8`);
  });

test("other subprotocols, versions and missing keys are refused", () => {
  const bad: readonly Headers[] = [
    { "sec-websocket-protocol": "v4.channel.k8s.io" },
    { "sec-websocket-version": "8" },
    { "sec-websocket-key": "" },
  ];
  for (const headers of bad)
    assert.throws(
      () => opened(headers),
      (thrown) => thrown instanceof Fault && thrown.code === "BadRequest",
    );
});

test("frames have the shortest length that holds theirs", () => {
  const heads = [0, 125, 126, 65_535, 65_536].map((length) => frame(2, Buffer.alloc(length)));
  assert.deepEqual(
    heads.map((each) => [...each.subarray(0, each.length > 65_539 ? 10 : 4)].slice(0, 10)),
    [
      [0x82, 0],
      [0x82, 125, 0, 0],
      [0x82, 126, 0, 126],
      [0x82, 126, 0xff, 0xff],
      [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0],
    ],
  );
});
