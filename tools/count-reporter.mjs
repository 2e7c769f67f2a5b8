/** A reporter for node:test that writes one JSON line per test, for tools/test.mjs to count; what people read comes from another reporter. */

export default async function* countTests(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A suite is a heading; its tests are counted themselves. Marked "todo" is as good as skipped.
    if (data.details?.type === "suite" && type === "test:pass") continue;
    const skip = data.skip ?? data.todo;
    yield `${JSON.stringify({ name: data.name, file: data.file, outcome: skip !== undefined && skip !== false ? "skipped" : type === "test:pass" ? "passed" : "failed", ...(typeof skip === "string" && skip !== "" && { reason: skip }) })}\n`;
  }
}
