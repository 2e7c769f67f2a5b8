/** HTTP probes against a server of this process: redirects, headers and limits as kubelet's pkg/probe/http. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { HttpGet } from "#kinds/core/pod-spec.ts";
import { Cri } from "./cri.ts";
import { ask, notifyHttp, type Answer } from "./probes.ts";

let server: Server;
let seen: IncomingHttpHeaders = {};

before(async () => {
  server = createServer(({ url = "", headers }, response) => {
    seen = headers;
    const [, what = "", detail = ""] = url.split("?")[0]?.split("/") ?? [];
    if (what === "hang") return;
    if (what === "close") return void response.destroy();
    const moved = /^moved(30\d)$/.exec(what)?.[1];
    const location = decodeURIComponent(detail);
    if (moved !== undefined) response.writeHead(Number(moved), location === "" ? {} : { location });
    else response.writeHead(what === "" ? 200 : Number(what));
    response.end(what === "long" ? "x".repeat(100_000) : `said ${what}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => server.closeAllConnections());
after(() => server.close());

function portOf(): number {
  return (server.address() as AddressInfo).port;
}

async function probe(get: Partial<HttpGet>, asking = ask): Promise<Answer> {
  await using cri = new Cri("/nonexistent");
  const container = { name: "web", ports: [{ name: "http", containerPort: portOf() }] };
  return await asking(
    { httpGet: { port: portOf(), ...get } },
    { cri, container, id: "", podIp: "127.0.0.1", timeoutMs: 2_000 },
  );
}

const to = (place: string): string => encodeURIComponent(place);

const answers: readonly { readonly title: string; readonly path: string; readonly answer: string }[] = [
  { title: "200 is well", path: "/", answer: "ok" },
  { title: "a path without its slash gets one", path: "204", answer: "ok" },
  { title: "400 is not", path: "/400", answer: "HTTP probe failed with statuscode: 400" },
  { title: "a local redirect is followed to a good page", path: `/moved302/${to("/204")}`, answer: "ok" },
  {
    title: "a local redirect is followed to a bad page",
    path: `/moved302/${to("/500")}`,
    answer: "HTTP probe failed with statuscode: 500",
  },
  {
    title: "307 and an absolute place on the same host are followed as well",
    path: `/moved307/${to("http://127.0.0.1:PORT/500")}`,
    answer: "HTTP probe failed with statuscode: 500",
  },
  {
    title: "a redirect to another host is well, with a warning",
    path: `/moved302/${to("http://other.example/")}`,
    answer: "ok, Probe terminated redirects, Response body: said moved302",
  },
  {
    title: "so is a status that leads nowhere",
    path: "/moved304",
    answer: "ok, Probe terminated redirects, Response body: ",
  },
  {
    title: "so is a redirect without a place",
    path: `/moved302/${to("")}`,
    answer: "ok, Probe terminated redirects, Response body: said moved302",
  },
  {
    title: "a place that is not HTTP",
    path: `/moved302/${to("ftp://127.0.0.1/")}`,
    answer: 'Get "ftp://127.0.0.1/": unsupported protocol scheme',
  },
  { title: "closed unanswered", path: "/close", answer: 'Get "http://127.0.0.1:PORT/close": EOF' },
];
for (const { title, path, answer } of answers)
  test(`HTTP probe: ${title}`, async () => {
    const port = String(portOf());
    const got = await probe({ path: path.replace("PORT", port) });
    const text = got.ok ? ["ok", ...(got.warning === undefined ? [] : [got.warning])].join(", ") : got.message;
    assert.equal(text, answer.replace("PORT", port));
  });

test("HTTP probe: a circle of redirects ends after ten", async () => {
  const circle = createServer((_request, response) => response.writeHead(302, { location: "/again" }).end());
  await new Promise<void>((resolve) => circle.listen(0, "127.0.0.1", resolve));
  const got = await probe({ port: (circle.address() as AddressInfo).port });
  circle.close();
  assert.deepEqual(got, { ok: false, message: 'Get "/again": stopped after 10 redirects' });
});

test("HTTP probe: headers of kubelet's, replaced, doubled and left out", async () => {
  await probe({ port: "http" });
  assert.deepEqual([seen["user-agent"], seen.accept, seen.host], ["kube-probe/1.34", "*/*", `127.0.0.1:${portOf()}`]);
  await probe({
    httpHeaders: [
      { name: "Host", value: "web.example" },
      { name: "accept", value: "" },
      { name: "User-Agent", value: "me" },
      { name: "X-A", value: "1" },
      { name: "X-A", value: "2" },
    ],
  });
  assert.deepEqual([seen["user-agent"], seen.accept, seen.host, seen["x-a"]], ["me", undefined, "web.example", "1, 2"]);
});

test("HTTP probe: no answer in time", async () => {
  await using cri = new Cri("/nonexistent");
  const got = await ask(
    { httpGet: { port: portOf(), path: "/hang" } },
    { cri, container: { name: "web" }, id: "", podIp: "127.0.0.1", timeoutMs: 50 },
  );
  assert.match(got.ok ? "" : got.message, /context deadline exceeded/);
});

test("a hook is content with any answer, but not with none", async () => {
  const asHook: typeof ask = ({ httpGet }, asked) => notifyHttp(httpGet ?? { port: 1 }, asked);
  assert.deepEqual(await probe({ path: "/500" }, asHook), { ok: true });
  assert.equal((await probe({ path: "/close" }, asHook)).ok, false);
});
