/** `catamaran top`: what nodes, pods and functions use now, in one list. */
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows } from "../rows.ts";

export const top: Command = command({
  name: "top",
  about: "use of pods, nodes and functions",
  options: outputOption,
  examples: ["catamaran top", "catamaran top -o json"],
  run: async ({ values, place, print }) => {
    const format = formatOf(values.output);
    const { usesOf, useSheet } = await import("../top.ts");
    print(await renderRows(await usesOf(await instanceOf(place)), useSheet, format));
    return EXIT.ok;
  },
});
