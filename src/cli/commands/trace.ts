/** `catamaran trace`: traffic as a file, made from a shape and a seed or from what others have recorded. */
import { basename } from "node:path";
import { Fault } from "#base/fault.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";

const USAGE = "synth | record WORKLOAD | import FILE | info FILE";

export const trace: Command = command({
  name: "trace",
  about: "make, record, import and describe traces of traffic, for whatif",
  operands: { usage: USAGE, most: 2, complete: ["synth", "record", "import", "info"] },
  options: {
    preset: { type: "string", default: "office", value: "NAME", about: "synth: the shape of the traffic" },
    seed: { type: "string", default: "1", value: "N", about: "the same seed gives the same trace" },
    length: { type: "string", default: "24h", value: "TIME", about: "synth: how much time it covers" },
    times: { type: "string", default: "1", value: "N", about: "synth: so many times the rate of the shape" },
    window: { type: "string", default: "24h", value: "TIME", about: "record: how far back" },
    namespace: {
      type: "string",
      short: "n",
      default: "default",
      value: "NAME",
      about: "record: where the workload is",
    },
    cpu: {
      type: "string",
      default: "20ms",
      value: "TIME",
      about: "CPU of a request on average, where nothing measured it",
    },
    wait: {
      type: "string",
      default: "80ms",
      value: "TIME",
      about: "import: what it waits, where the file does not say",
    },
    out: { type: "string", value: "FILE", about: "where the trace goes" },
    ...outputOption,
  },
  examples: [
    "catamaran trace synth --preset bursts --seed 7 --out bursts.trace",
    "catamaran trace record function/hello --window 1h --out hello.trace",
    "catamaran trace import access.log --cpu 5ms --wait 40ms --out log.trace",
    "catamaran trace info bursts.trace",
  ],
  run: async ({ values, operands: [verb, file], place, print, say }) => {
    const format = formatOf(values.output);
    const { importFile, made, readTrace, recorded, traceRows, traceSheet, writeTrace } = await import("../traces.ts");
    const { renderRows } = await import("../rows.ts");
    const take = async () => {
      if (verb === "synth" && file === undefined) return made(values);
      if (verb === "import" && file !== undefined) return importFile(file, values);
      if (verb === "record" && file !== undefined) return (await recorded(await instanceOf(place), file, values)).trace;
      if (verb === "info" && file !== undefined) return readTrace(file);
      throw new Fault("BadRequest", `catamaran trace ${USAGE}`);
    };
    const taken = await take();
    if (values.out !== undefined) {
      if (verb === "info") throw new Fault("BadRequest", "--out: trace info writes nothing");
      await writeTrace(values.out, taken);
      say(`written to ${basename(values.out)}: catamaran whatif --trace ${values.out}\n`);
    }
    print(await renderRows(traceRows(taken), traceSheet, format));
    return EXIT.ok;
  },
});
