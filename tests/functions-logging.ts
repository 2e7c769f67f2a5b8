/** Logs as JSON, in real sandboxes: what programs log, filtered by level, and what the platform says of itself. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { FunctionSpec } from "#kinds/catamaran/function.ts";
import type { Bench } from "./functions-support.ts";
import type { StoryOptions } from "./functions-stories.ts";

type Record = Readonly<{ [name: string]: unknown }>;

const NODE = `
console.trace("left out"); console.debug("left out"); console.info("of INIT");
exports.handler = async () => {
  console.log("one", { two: 2 }); console.warn({ a: 1 }); console.error("bad", new RangeError("far")); console.error(new TypeError("alone"));
  console.debug("left out"); process.stdout.write("raw\\n");
};`;

const PYTHON = `
import logging
logger = logging.getLogger("mine")
def handler(event, context):
    logger.info("left out"); logger.warning("kept %d", 1, extra={"order": 7})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("caught")
    print("raw")
    raise ValueError("thrown")
`;

export async function loggingStories(t: TestContext, bench: Bench, { runtimes }: StoryOptions): Promise<void> {
  /** Lines that are objects, and the others. */
  const logged = async (
    name: string,
  ): Promise<{ readonly records: readonly Record[]; readonly raw: readonly string[] }> => {
    const texts = (await bench.log(name)).map(({ text }) => text);
    const records = texts.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text) as Record);
    return { records, raw: texts.filter((text) => !text.startsWith("{")) };
  };
  const json = (applicationLevel: "INFO" | "WARN"): Partial<FunctionSpec> => ({
    logging: { format: "JSON", applicationLevel },
  });

  await t.test("console methods write records, and the platform events", async () => {
    await bench.create("json-node", { "index.js": NODE }, json("INFO"));
    const { requestId } = await bench.invoke("json-node");
    const { records, raw } = await logged("json-node");
    assert.deepEqual(raw, ["raw"]);
    assert.deepEqual(
      records.map(({ type, level, message }) => type ?? [level, message]),
      [
        "platform.initStart",
        ["INFO", "of INIT"],
        "platform.start",
        ["INFO", "one { two: 2 }"],
        ["WARN", { a: 1 }],
        ["ERROR", "bad RangeError: far"],
        ["ERROR", undefined],
        "platform.report",
      ].map((expected, at) => (at >= 5 && at <= 6 ? [(expected as unknown[])[0], records[at]?.["message"]] : expected)),
    );
    const [several, alone] = [records[5], records[6]];
    assert.deepEqual([several?.["errorType"], several?.["errorMessage"]], ["RangeError", "far"]);
    assert.match(String(several?.["message"]), /^bad RangeError: far/);
    assert.match(JSON.stringify(alone?.["message"]), /"errorType":"TypeError"/);
    assert.ok(records.slice(3, 7).every((record) => record["requestId"] === requestId));
    assert.match(String(records[3]?.["timestamp"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
  for (const [at, applicationLevel] of LEVELS.entries())
    await t.test(`applicationLevel ${applicationLevel} leaves out what is below it`, async () => {
      const name = `json-${applicationLevel}`;
      const body = "for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[level]('said');";
      const files = { "index.js": `exports.handler = async () => { ${body} };` };
      await bench.create(name, files, { logging: { format: "JSON", applicationLevel } });
      await bench.invoke(name);
      const { records } = await logged(name);
      assert.deepEqual(
        records.filter(({ message }) => message === "said").map(({ level }) => level),
        LEVELS.slice(at),
      );
    });

  const python = runtimes.find((name) => name.startsWith("python"));
  await t.test("python's logging writes records", { skip: python === undefined ? "no python" : false }, async () => {
    const spec = { ...json("WARN"), runtime: python ?? "", handler: "app.handler" };
    await bench.create("json-python", { "app.py": PYTHON }, spec);
    await bench.invoke("json-python");
    const { records, raw } = await logged("json-python");
    assert.deepEqual(raw, ["raw"]);
    const own = records.filter(({ type }) => type === undefined);
    assert.deepEqual(
      own.map(({ level, log_level, message, errorMessage, logger, order }) => [
        level ?? log_level,
        message ?? errorMessage,
        logger,
        order,
      ]),
      [
        ["WARNING", "kept 1", "mine", 7],
        ["ERROR", "caught", "mine", undefined],
        ["ERROR", "thrown", undefined, undefined],
      ],
    );
    assert.deepEqual([own[1]?.["errorType"], own[2]?.["errorType"]], ["ZeroDivisionError", "ValueError"]);
  });
}
