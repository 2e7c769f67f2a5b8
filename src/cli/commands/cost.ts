/** `catamaran cost`: what ran in a window of time, on both hulls, at the list prices of one book. */
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption, priceOptions } from "../options.ts";
import { renderRows } from "../rows.ts";

export const cost: Command = command({
  name: "cost",
  about: "what ran and what it costs at list prices",
  options: {
    window: { type: "string", default: "24h", value: "TIME", about: "how far back: 30m, 24h, 7d" },
    ...priceOptions,
    ...outputOption,
  },
  examples: ["catamaran cost --window 30m", "catamaran cost -o json"],
  run: async ({ values, place, print, say }) => {
    const format = formatOf(values.output);
    const { costQuestion, costRows, costSheet } = await import("../cost.ts");
    const question = costQuestion({ window: values.window, priceBook: values["price-book"], node: values.node });
    print(await renderRows(await costRows(await instanceOf(place), question), costSheet, format));
    const { book, node } = question;
    say(
      `the last ${values.window} at ${book.title} of ${book.asOf}, each node as one ${node.name}; list prices, not a bill\n`,
    );
    return EXIT.ok;
  },
});
