/** /logs/ of a node's agent, where kubelet shows /var/log: folders as pages of links, files whole or a range of them. Nothing but what it is given, and no links. */
import { constants } from "node:fs";
import { type FileHandle, open, opendir, realpath } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Fault, unsupported } from "#base/fault.ts";

/** Where they are, by the name that they are shown under; that of a folder ends with a slash. */
export type ShownLogs = Readonly<Record<string, string>>;

export interface LogAsked {
  /** Below /logs, still encoded: "", "/", "/pods/a/0.log". */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly range: string | undefined;
}

// Entries of one folder; a page of more is nothing that a person reads.
const MAX_ENTRIES = 10_000;

/** Answers as Go's http.FileServer, which kubelet gives /var/log to. Faults: NotFound, BadRequest, Unsupported. */
export async function serveLogFolder(shown: ShownLogs, asked: LogAsked, response: ServerResponse): Promise<void> {
  // Behind NodeLogQuery, which is off in kubelet unless an administrator wants it.
  if (asked.query.has("query")) throw unsupported("the query of a node's services' logs");
  const words = wordsOf(asked.path);
  if (asked.path === "") return redirect(response, "logs/");
  if (words.length === 0) return sendFolder(response, Object.keys(shown));
  const place = await placeOf(shown, words);
  const [last = ""] = words.slice(-1);
  const isSlashed = asked.path.endsWith("/");
  if (place.names !== undefined)
    return isSlashed ? sendFolder(response, place.names) : redirect(response, `${encodeURIComponent(last)}/`);
  await using file = place.file;
  if (isSlashed) return redirect(response, `../${encodeURIComponent(last)}`);
  await sendFile(response, file, asked.range);
}

/** Every word is one name of a folder. */
export function wordsOf(path: string): readonly string[] {
  const words = path.split("/").filter(Boolean).map(decodeURIComponent);
  if (words.some((word) => word === "." || word === ".." || /[/\0]/.test(word)))
    throw new Fault("BadRequest", "invalid URL path");
  return words;
}

type Found = { readonly names: readonly string[] } | { readonly names?: undefined; readonly file: FileHandle };

/** Containerd writes these folders, and no pod does: what is no link when it is looked at is none when it is opened. */
async function placeOf(shown: ShownLogs, [first = "", ...rest]: readonly string[]): Promise<Found> {
  const missing = new Fault("NotFound", "404 page not found");
  const named = Object.entries(shown).find(([name]) => name === first || name === `${first}/`);
  const root = named === undefined ? null : await realpath(named[1]).catch(() => null); // Nothing was logged yet.
  if (root === null) throw missing;
  const path = join(root, ...rest);
  if ((await realpath(path).catch(() => null)) !== path) throw missing; // Gone, or a link.
  // A pipe that nobody writes to would never open.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => null); // A socket, or gone since.
  if (file === null) throw missing;
  const stats = await file.stat();
  if (stats.isFile()) return { file };
  await file.close();
  if (!stats.isDirectory()) throw missing;
  return { names: await namesIn(path) };
}

/** Folders end with a slash. */
async function namesIn(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(path)) {
    if (names.length === MAX_ENTRIES) break;
    if (entry.isDirectory()) names.push(`${entry.name}/`);
    else if (entry.isFile()) names.push(entry.name);
  }
  return names.toSorted();
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(301, { location: to }).end();
}

function sendFolder(response: ServerResponse, names: readonly string[]): void {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(folderPage(names));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Pure. In the form of Go's dirList. */
export function folderPage(names: readonly string[]): string {
  const link = (name: string): string => {
    const isFolder = name.endsWith("/");
    const address = encodeURIComponent(isFolder ? name.slice(0, -1) : name) + (isFolder ? "/" : "");
    return `<a href="${address}">${name.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? "")}</a>\n`;
  };
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${names.map(link).join("")}</pre>\n`;
}

/** As long as it is when it is opened: what is written meanwhile is for who asks again. */
async function sendFile(response: ServerResponse, file: FileHandle, range: string | undefined): Promise<void> {
  const { size, mtime } = await file.stat();
  const part = rangeOf(range, size);
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "accept-ranges": "bytes",
    "last-modified": mtime.toUTCString(),
  };
  if (part === "unsatisfiable") return void response.writeHead(416, { "content-range": `bytes */${size}` }).end();
  const { from, to } = part ?? { from: 0, to: size - 1 };
  response.writeHead(part === null ? 200 : 206, {
    ...headers,
    "content-length": to - from + 1,
    ...(part !== null && { "content-range": `bytes ${from}-${to}/${size}` }),
  });
  if (to < from) return void response.end();
  const bytes = file.createReadStream({ start: from, end: to, autoClose: false });
  await pipeline(bytes, response).catch(() => {}); // The reader went away.
}

export interface Range {
  readonly from: number;
  /** The last byte. */
  readonly to: number;
}

/** Pure. RFC 9110, 14.2: a range that is not understood, or several of them, may be answered with the whole: null. */
export function rangeOf(text: string | undefined, size: number): Range | "unsatisfiable" | null {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "")
    return Number(last) === 0 || size === 0
      ? "unsatisfiable"
      : { from: Math.max(0, size - Number(last)), to: size - 1 };
  const from = Number(first);
  if (last !== "" && Number(last) < from) return null;
  if (from >= size) return "unsatisfiable";
  return { from, to: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}
