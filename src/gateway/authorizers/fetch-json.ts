/** Reads a small JSON document over HTTP, within limits of bytes and time; redirects are not followed. */
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";

const MAX_BYTES = 256 * 1024;
const TIMEOUT_MS = 5_000;

export async function fetchJson(url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.startsWith("https:") ? httpsGet : httpGet;
    get(url, { signal, headers: { accept: "application/json" } }, resolve).on("error", reject);
  });
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw new Error(`${url} answered ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`${url} answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
