/** Bodies are counted before they are parsed, and a package's text is never copied. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { parseCutting, parseJsonBody } from "./json-body.ts";

const PADDING = `"padding":"${"x".repeat(40_000)}"`;

const refusals: readonly (readonly [title: string, body: Uint8Array, message: RegExp])[] = [
  ["no JSON", Buffer.from("{"), /Could not parse request body into json/],
  ["an open text", Buffer.from(`{${PADDING},"a":"b`), /Could not parse/],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
  ["too many values", Buffer.from(`[${"1,".repeat(300_000)}1]`), /more than 250000 values/],
  ["too many members", Buffer.from(`[${'{"a":1},'.repeat(50_000)}1]`), /40000 members/],
  ["too many levels", Buffer.from("[".repeat(100_000)), /nests deeper than 256/],
  ["too many levels in little", Buffer.from("[".repeat(300) + "]".repeat(300)), /nests deeper than 256/],
  ["much besides texts", Buffer.alloc(17 * 1024 * 1024, " "), /more than 16777216 bytes beside long texts/],
  ["a long text with escapes", Buffer.from(`["${"\\/".repeat(9_000_000)}"]`), /more than 16777216 bytes beside/],
];
for (const [title, body, message] of refusals) {
  test(`a body is refused: ${title}`, () => {
    assert.throws(
      () => parseJsonBody(body),
      (thrown) =>
        thrown instanceof AwsError && thrown.code === "SerializationException" && message.test(thrown.message),
    );
  });
}

test("quotes, escapes and brackets within texts do not count", () => {
  const value = { padding: "x".repeat(40_000), tricky: '\\"[[{,:', more: "\\\\", last: "\\" };
  assert.deepEqual(parseJsonBody(Buffer.from(JSON.stringify(value))), value);
});

test("a long plain text stays the bytes of the body, everything else is as it was", () => {
  const zip = "QUJD".repeat(100_000);
  const body = Buffer.from(JSON.stringify({ before: "\0cut:7", Code: { ZipFile: zip }, after: [1, "ä"] }));
  const value = parseCutting(body) as { readonly Code: { readonly ZipFile: Uint8Array }; readonly after: unknown };
  assert.equal(Buffer.from(value.Code.ZipFile).toString(), zip);
  assert.equal(value.Code.ZipFile.buffer, body.buffer);
  assert.deepEqual(value.after, [1, "ä"]);
});

test("texts are counted in little time, however many there are and whatever is in them", () => {
  const texts = Array.from({ length: 200 }, () => `"${"x".repeat(300_000)}"`).join();
  const escapes = `"${'\\"'.repeat(8_000_000)}"`;
  for (const body of [Buffer.from(`[${texts}]`), Buffer.from(`[${escapes}]`)]) {
    const before = process.cpuUsage();
    parseCutting(body);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 250_000, `it took ${user} microseconds`);
  }
});

test("a short text stays text", () => {
  assert.deepEqual(parseCutting(Buffer.from('{"ZipFile":"QUJD"}')), { ZipFile: "QUJD" });
});
