/** What a node's agent shows of its logs: a folder of files, and the ways out of it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Fault } from "#base/fault.ts";
import { folderPage, rangeOf, serveLogFolder } from "./log-folder.ts";

let folder = "";
let origin = "";
const server = createServer((request, response) => {
  const url = new URL(request.url ?? "", "http://node");
  const { range } = request.headers;
  const shown = { "agent.log": join(folder, "a.log"), "gone.log": join(folder, "gone"), "pods/": join(folder, "pods") };
  serveLogFolder(shown, { path: url.pathname.slice("/logs".length), query: url.searchParams, range }, response).catch(
    (thrown: unknown) => response.writeHead(400).end(thrown instanceof Fault ? thrown.code : String(thrown)),
  );
});
const socket = createSocket();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ctm-logs-"));
  await mkdir(join(folder, "pods", "p&q"), { recursive: true });
  await writeFile(join(folder, "a.log"), "0123456789");
  await writeFile(join(folder, "empty"), "");
  await writeFile(join(folder, "pods", "p&q", "0.log"), "hello\n");
  await writeFile(join(folder, "secret"), "secret");
  await symlink(join(folder, "secret"), join(folder, "pods", "link"));
  await symlink(folder, join(folder, "pods", "up"));
  await new Promise<void>((resolve) => socket.listen(join(folder, "pods", "socket"), resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  socket.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** "<status> <Location or body>". */
async function get(path: string, range?: string): Promise<string> {
  const headers = range === undefined ? {} : { range };
  const response = await fetch(origin + path, { redirect: "manual", headers });
  const text = await response.text();
  return `${response.status} ${response.headers.get("location") ?? response.headers.get("content-range") ?? ""}|${text}`;
}

const page = (...names: readonly string[]): string => `200 |${folderPage(names)}`;

for (const [path, answer] of [
  ["/logs", "301 logs/|"],
  ["/logs/", page("agent.log", "gone.log", "pods/")],
  ["/logs/agent.log", "200 |0123456789"],
  ["/logs/agent.log/", "301 ../agent.log|"],
  ["/logs/gone.log", "400 |NotFound"],
  ["/logs/pods", "301 pods/|"],
  ["/logs/pods/", page("p&q/")],
  ["/logs/pods/p&q/0.log", "200 |hello\n"],
  ["/logs/pods/p%26q/0.log", "200 |hello\n"],
  ["/logs/pods/none", "400 |NotFound"],
  ["/logs/pods/link", "400 |NotFound"],
  ["/logs/pods/up/", "400 |NotFound"],
  ["/logs/pods/up/secret", "400 |NotFound"],
  ["/logs/pods/socket", "400 |NotFound"],
  ["/logs/pods/..%2fsecret", "400 |BadRequest"],
  ["/logs/pods/%00", "400 |BadRequest"],
  ["/logs/secret", "400 |NotFound"],
  ["/logs/__proto__", "400 |NotFound"],
  ["/logs/?query=kubelet", "400 |Unsupported"],
] as const)
  test(`GET ${path}`, async () => assert.equal(await get(path), answer));

test("a range of a file comes alone, one that it does not have is refused", async () => {
  assert.equal(await get("/logs/agent.log", "bytes=2-4"), "206 bytes 2-4/10|234");
  assert.equal(await get("/logs/agent.log", "bytes=-3"), "206 bytes 7-9/10|789");
  assert.equal(await get("/logs/agent.log", "bytes=10-"), "416 bytes */10|");
});

for (const [text, size, range] of [
  [undefined, 10, null],
  ["bytes=0-", 10, { from: 0, to: 9 }],
  ["bytes=3-99", 10, { from: 3, to: 9 }],
  ["bytes=-99", 10, { from: 0, to: 9 }],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=4-2", 10, null],
  ["bytes=-", 10, null],
  ["bytes=0-1,3-4", 10, null],
  ["lines=0-1", 10, null],
  ["bytes=0-9999999999999999999", 10, null],
] as const)
  test(`the range ${String(text)} of ${size} bytes`, () => assert.deepEqual(rangeOf(text, size), range));
