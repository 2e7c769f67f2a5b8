/** Failing connections in the words of Go's net package, by which people and their alerts know a failing probe. */

const DIAL_WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connect: connection refused"],
  ["EHOSTUNREACH", "connect: no route to host"],
  ["ENETUNREACH", "connect: network is unreachable"],
]);

/** "dial tcp 10.64.1.7:80: connect: connection refused", or "EOF" when it is closed unanswered. */
export function dialText(cause: Error & { readonly code?: string }, host: string, port: number): string {
  const words = DIAL_WORDS.get(cause.code ?? "");
  if (words !== undefined) return `dial tcp ${host}:${port}: ${words}`;
  if (cause.message === "socket hang up") return "EOF";
  return cause.code === "ECONNRESET" ? "read: connection reset by peer" : cause.message;
}
