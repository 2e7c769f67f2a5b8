/**
 * What a request asks for, in one form before any route is looked at: RFC 9112 section 3 (target, Host) and
 * RFC 3986 section 6.2.2.3 (dot segments). Whatever two servers could read in two ways is refused. Pure.
 */

export interface RequestTarget {
  /** Lower case, without port; "" for an HTTP/1.0 request that names none. */
  readonly host: string;
  /** Still percent-encoded, without dot segments; this is what backends get, too. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
}

export interface BadTarget {
  readonly refused: string;
}

// RFC 3986 3.2.2, without user information, which no HTTP request may carry (RFC 9110 4.2.4).
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/** `target` and `rawHeaders` are as Node gives them: names and values in turn. */
export function targetOf(target: string, rawHeaders: readonly string[]): RequestTarget | BadTarget {
  const hosts = rawHeaders.filter((_text, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "host");
  if (hosts.length > 1) return { refused: "more than one Host header" };
  if (target.includes("#")) return { refused: "a fragment in the request target" };
  // A proxy is asked with the whole address; it then stands for the Host header (RFC 9112 3.2.2).
  const absolute = /^https?:\/\/([^/?]*)([^?]*)(.*)$/is.exec(target);
  const authority = AUTHORITY.exec(absolute?.[1] ?? hosts[0] ?? "");
  if (authority === null || authority[1] === undefined) return { refused: "a Host that is none" };
  const local = absolute === null ? target : `${absolute[2] === "" ? "/" : absolute[2]}${absolute[3]}`;
  const question = local.indexOf("?");
  const path = normalPath(question < 0 ? local : local.slice(0, question));
  if (path === null) return { refused: "a path that can be read in two ways" };
  return { host: authority[1].toLowerCase(), path, query: question < 0 ? "" : local.slice(question + 1) };
}

/**
 * Without "." and ".." segments, plain or encoded. Null when it does not begin with a slash, or when a server that decodes slashes,
 * takes backslashes for them or cuts path parameters would see such a segment where others see none.
 */
function normalPath(path: string): string | null {
  if (!path.startsWith("/")) return null;
  // Nearly every path: nothing that could hide a segment.
  if (!/[.%\\]/.test(path)) return path;
  const kept: string[] = [];
  const segments = path.slice(1).split("/");
  for (const [i, segment] of segments.entries()) {
    const plain = segment.replace(/%2e/gi, ".");
    const isLast = i === segments.length - 1;
    if (plain === "..") kept.pop();
    if (plain === "." || plain === "..") {
      // "/a/.." is the folder above, which ends with a slash.
      if (isLast) kept.push("");
    } else if (isAmbiguous(plain)) {
      return null;
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join("/")}`;
}

function isAmbiguous(segment: string): boolean {
  if (/%00/.test(segment)) return true;
  const pieces = segment
    .replace(/%2f|%5c/gi, "/")
    .replace(/%3b/gi, ";")
    .split(/[/\\]/);
  return pieces.some((piece) => /^\.{1,2}(;|$)/.test(piece));
}
