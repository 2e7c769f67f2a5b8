/** `catamaran demo`: the same workload on both hulls, measured, priced and drawn. */
import { Fault } from "#base/fault.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, wantsJson } from "../options.ts";

export const demo: Command = command({
  name: "demo",
  about: "the same workload on both hulls, measured and priced",
  options: {
    "requests-per-day": { type: "string", value: "N", about: "of the day that is replayed" },
    seconds: { type: "string", value: "N", about: "the day is replayed in this time" },
    requests: { type: "string", value: "N", about: "at most so many of the day's requests go to each hull" },
    seed: { type: "string", value: "N", about: "the same number is the same traffic" },
    "price-book": { type: "string", value: "ID", about: "whose list prices" },
    ...jsonOption,
  },
  examples: ["catamaran demo", "catamaran demo --requests-per-day 1000000 --seconds 120"],
  run: async ({ values, place, print }) => {
    const isJson = wantsJson(values.output);
    const [{ demoDefaults }, { bookId, runOn }] = await Promise.all([import("#compare/demo.ts"), import("../demo.ts")]);
    const { requestsPerDay, replayMs, requests, seed, priceBook } = demoDefaults;
    const options = {
      requestsPerDay: positive("--requests-per-day", values["requests-per-day"], requestsPerDay),
      replayMs: positive("--seconds", values.seconds, replayMs / 1000) * 1000,
      requests: positive("--requests", values.requests, requests),
      seed: positive("--seed", values.seed, seed),
      priceBook: bookId(values["price-book"] ?? priceBook),
    };
    const stopping = new AbortController();
    process.on("SIGINT", () => stopping.abort());
    const comparison = await runOn(place, options, stopping.signal);
    if (isJson) print(`${JSON.stringify(comparison, null, 2)}\n`);
    return comparison.hulls.every(({ failed }) => failed === 0) ? EXIT.ok : EXIT.failed;
  },
});

function positive(name: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Fault("BadRequest", `${name} ${text}: a number above 0`);
  return value;
}
