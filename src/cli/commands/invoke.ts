/** `catamaran invoke`: runs a function once, with an event of one's own or a sample of a service's. */
import { Fault } from "#base/fault.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

export const invoke: Command = command({
  name: "invoke",
  about: "run a function once and see its answer and its log",
  operands: { usage: "FUNCTION", most: 1 },
  options: {
    data: { type: "string", short: "d", value: "JSON", about: "the event" },
    event: { type: "string", value: "FILE", about: "a file with the event; - is standard input" },
    sample: {
      type: "string",
      value: "NAME",
      about: "an event as a service sends it",
      complete: ["http", "rest", "sqs", "sns", "s3", "event", "schedule", "dynamodb"],
    },
    qualifier: { type: "string", value: "NAME", about: "a version or an alias" },
    quiet: { type: "boolean", short: "q", default: false, about: "the answer alone" },
  },
  examples: [
    'catamaran invoke hello -d \'{"name":"world"}\'',
    "catamaran invoke worker --sample sqs",
    "catamaran invoke hello --event event.json --qualifier live -q | jq .",
  ],
  run: async ({ values, operands: [name], place, print, say }) => {
    if (name === undefined) throw new Fault("BadRequest", "invoke what? For example: catamaran invoke hello -d '{}'");
    const { invokeFunction, logWords } = await import("../invoke.ts");
    const { payload, functionError, logTail, version } = await invokeFunction(await instanceOf(place), name, values);
    print(`${payload}\n`);
    if (values.quiet !== true) say(logWords({ logTail, version }));
    if (functionError !== null) say(`the function failed (${functionError})\n`);
    return functionError === null ? EXIT.ok : EXIT.failed;
  },
});
