/** What exec, attach and port-forward ask of the node, what they refuse before, and that nothing stays open. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Fault, reasonOf } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { never } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Answer, Headers, Upgrade } from "#relay/upgrade.ts";
import type { Ask, Door } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { StreamRoom } from "./stream-room.ts";
import { streamPod } from "./streams.ts";

const pods: readonly Pod[] = [
  { metadata: { name: "one", namespace: "n" }, spec: { nodeName: "node-1", containers: [{ name: "c" }] } },
  {
    metadata: { name: "two", namespace: "n" },
    spec: { nodeName: "node-1", containers: [{ name: "a" }, { name: "b" }], initContainers: [{ name: "i" }] },
  },
  {
    metadata: { name: "chosen", namespace: "n", annotations: { "kubectl.kubernetes.io/default-container": "b" } },
    spec: { nodeName: "node-1", containers: [{ name: "a" }, { name: "b" }] },
  },
  { metadata: { name: "homeless", namespace: "n" }, spec: { containers: [{ name: "c" }] } },
];

interface Played {
  readonly door: Door;
  readonly ask: Ask;
  /** "METHOD path" of what the node was asked, and the subprotocols. */
  readonly asked: string[];
  readonly sent: unknown[];
  /** The client's connection and the node's. */
  readonly sides: readonly [Duplex, Duplex];
}

interface Scene {
  readonly answer?: (near: Duplex) => Answer;
  readonly headers?: Headers;
  readonly isUpgrade?: boolean;
  readonly mayCreate?: boolean;
  readonly maxStreams?: number;
}

/** `what` is "pod/subresource?query". */
function played(what: string, scene: Scene = {}): Played {
  const [path = "", query = ""] = what.split("?");
  const [name = "", subresource = ""] = path.split("/");
  const [asked, sent]: [string[], unknown[]] = [[], []];
  const [[near], [node]] = [duplexPair(), duplexPair()];
  const upgrade: Upgrade = { headers: scene.headers ?? {}, accept: () => near };
  const door = {
    authorizer: {
      check: () => {
        if (scene.mayCreate === false) throw new Fault("Forbidden", "may not create");
      },
    },
    deck: {
      read: (_kind: unknown, key: string) => {
        const object = pods.find((pod) => `n/${pod.metadata.name}` === key);
        return object === undefined ? null : { object };
      },
    },
    nodes: {
      upgrade: (nodeName: string, to: { path: string; method: string; headers: Headers }) => {
        const protocol = to.headers["sec-websocket-protocol"];
        asked.push(`${nodeName} ${to.method} ${to.path}${protocol === undefined ? "" : ` ${String(protocol)}`}`);
        return Promise.resolve(scene.answer?.(node) ?? { is: "switched", headers: {}, socket: node });
      },
    },
    streamRoom: new StreamRoom({ total: scene.maxStreams ?? 1, perUser: 1 }),
    clock: new FakeClock(0),
    log: silent,
  } as unknown as Door;
  const exchange = {
    method: "POST",
    query: new URLSearchParams(query),
    closed: never,
    send: (...words: readonly unknown[]) => void sent.push(words),
    ...(scene.isUpgrade !== false && { upgrade }),
  } as unknown as Exchange;
  const ask = {
    exchange,
    identity: { name: "jane", groups: [] },
    path: { kind: podKind, namespace: "n", name, subresource, rest: "" },
  } as unknown as Ask;
  return { door, ask, asked, sent, sides: [near, node] };
}

const all = "stdin=true&stdout=true&stderr=true&tty=true";
const questions: readonly (readonly [what: string, path: string, headers?: Headers])[] = [
  ["one/exec?command=ls&stdout=true", "/exec/n/one/c?output=1&command=ls"],
  [
    "one/exec?command=sh&command=-c&command=a+%26b&stdout=1&stderr=1",
    "/exec/n/one/c?output=1&error=1&command=sh&command=-c&command=a%20%26b",
  ],
  [`one/exec?command=x&${all}`, "/exec/n/one/c?input=1&output=1&error=1&tty=1&command=x"],
  ["one/exec?command=x&stdout=1&stdin=false&tty=0", "/exec/n/one/c?output=1&command=x"],
  ["two/exec?container=i&command=x&stdout=1", "/exec/n/two/i?output=1&command=x"],
  ["chosen/exec?command=x&stdout=1", "/exec/n/chosen/b?output=1&command=x"],
  ["one/attach?stdin=1&command=x", "/attach/n/one/c?input=1"],
  ["one/portforward?", "/portForward/n/one?"],
  ["one/portforward?ports=80,81&ports=82", "/portForward/n/one?port=80&port=81&port=82"],
  [
    "one/attach?stdout=1",
    "/attach/n/one/c?output=1 v4.channel.k8s.io",
    { "sec-websocket-protocol": ["v5.channel.k8s.io, v4.channel.k8s.io"] },
  ],
];
for (const [what, path, headers] of questions)
  test(`asks the node: ${what}`, async () => {
    const { door, ask, asked, sides } = played(what, headers && { headers });
    const over = streamPod(door, ask);
    for (const side of sides) side.destroy();
    await over;
    assert.deepEqual(asked, [`node-1 POST ${path}`]);
    assert.equal(door.streamRoom.size, 0);
  });

const refusals: readonly (readonly [what: string, fault: string, scene?: Scene])[] = [
  ["none/exec?command=x&stdout=1", 'NotFound pods "none" not found'],
  ["one/exec?command=x&stdout=1", "Forbidden may not create", { mayCreate: false }],
  ["one/exec?command=x&stdout=1", "BadRequest Upgrade request required", { isUpgrade: false }],
  ["one/exec?stdout=1", "BadRequest you must specify at least one command for the container"],
  ["one/exec?command=x&tty=1", "BadRequest you must specify at least 1 of stdin, stdout, stderr"],
  ["one/attach?", "BadRequest you must specify at least 1 of stdin, stdout, stderr"],
  ["one/attach?stdout=1&container=z", "BadRequest container z is not valid for pod one"],
  [
    "two/attach?stdout=1",
    "BadRequest a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]",
  ],
  ["homeless/attach?stdout=1", "BadRequest pod homeless does not have a host assigned"],
  ["one/attach?stdout=1", "TooManyRequests 0 streams are open already; try again later", { maxStreams: 0 }],
  [
    "one/attach?stdout=1",
    "BadRequest none of the subprotocols is spoken here: v5.channel.k8s.io",
    { headers: { "sec-websocket-protocol": ["v5.channel.k8s.io"] } },
  ],
];
for (const [what, fault, scene] of refusals)
  test(`refuses: ${what} (${fault})`, async () => {
    const { door, ask, asked } = played(what, scene);
    const said = await streamPod(door, ask).then(
      () => "nothing",
      (thrown: unknown) => `${thrown instanceof Fault ? thrown.code : "?"} ${reasonOf(thrown)}`,
    );
    assert.deepEqual([said, asked, door.streamRoom.size], [fault, [], 0]);
  });

test("the node's refusal is passed on as it is", async () => {
  const answer = (): Answer => {
    const response = new IncomingMessage(new Socket());
    response.statusCode = 404;
    response.push('container not found ("c")');
    response.push(null);
    return { is: "refused", response };
  };
  const { door, ask, sent } = played("one/attach?stdout=1", { answer });
  await streamPod(door, ask);
  assert.deepEqual(sent, [[404, { "content-type": "text/plain" }, Buffer.from('container not found ("c")')]]);
  assert.equal(door.streamRoom.size, 0);
});

test("a door that closes cuts its streams", async () => {
  const { door, ask, sides } = played("one/attach?stdout=1");
  const over = streamPod(door, ask);
  await turn();
  door.streamRoom.cutAll();
  await over;
  assert.deepEqual([door.streamRoom.size, ...sides.map(({ destroyed }) => destroyed)], [0, true, true]);
});
