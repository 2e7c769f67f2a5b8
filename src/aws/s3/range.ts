/** The header Range, of which S3 serves one range of bytes (RFC 9110 14.1.2, 14.2). Pure. */
import type { Range } from "#managed/bucket/object-bytes.ts";

/** Null: the whole, since what is no range of bytes is passed over. */
export function parseRange(text: string, size: number): Range | "unsatisfiable" | null {
  const [, first = "", last = ""] = /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/.exec(text.trim()) ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { from: size - length, to: size };
  }
  const from = Number(first);
  if (last !== "" && Number(last) < from) return null;
  if (from >= size) return "unsatisfiable";
  return { from, to: last === "" ? size : Math.min(Number(last) + 1, size) };
}
