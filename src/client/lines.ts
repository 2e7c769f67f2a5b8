/** The lines of a stream of bytes, as they are complete: watches and control answers are JSON, one value a line. */
import { Fault } from "#base/fault.ts";

// An object is 3 MiB at most (kube/exchange.ts), and a change is one object.
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Empty lines are left out, and so is what an end cuts off. Throws RequestTooLarge instead of keeping a line without end. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString("utf8");
      [parts, start, held] = [[], end + 1, 0];
      if (line !== "") yield line;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > MAX_LINE_BYTES) throw new Fault("RequestTooLarge", `a line is longer than ${MAX_LINE_BYTES} bytes`);
  }
}
