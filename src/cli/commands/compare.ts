/** `catamaran compare`: the last comparison once more. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import type { Comparison } from "#compare/result.ts";
import { files } from "#instance/files.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, wantsJson } from "../options.ts";

export const compare: Command = command({
  name: "compare",
  about: "show the last comparison again",
  options: jsonOption,
  examples: ["catamaran compare", "catamaran compare -o json"],
  run: async ({ values, place, print }) => {
    const isJson = wantsJson(values.output);
    const file = join(files.reports(await instanceOf(place)), "latest.json");
    if (!existsSync(file)) throw new Fault("NotFound", "there is no comparison yet; make one with: catamaran demo");
    const text = await readFile(file, "utf8");
    if (isJson) print(text);
    else print(`${(await import("#compare/summary.ts")).summaryTable(JSON.parse(text) as Comparison)}\n`);
    return EXIT.ok;
  },
});
