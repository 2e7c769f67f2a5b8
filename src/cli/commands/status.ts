/** `catamaran status`: what of an instance is running. */
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows } from "../rows.ts";

export const status: Command = command({
  name: "status",
  about: "what is running",
  options: outputOption,
  examples: ["catamaran status", "catamaran status -o json"],
  run: async ({ values, place, print, say }) => {
    const format = formatOf(values.output);
    const instance = await instanceOf(place);
    const { partsOf, partSheet } = await import("../status.ts");
    const parts = await partsOf(instance, place);
    print(await renderRows(parts, partSheet, format));
    if (parts.every(({ state }) => state === "ready")) return EXIT.ok;
    say(`instance "${instance.name}" is not ready; logs are in ${instance.dataDir}/log\n`);
    return EXIT.notReady;
  },
});
