/** `catamaran down`: ends the platform; with --purge it forgets its data, too. */
import { type Command, command } from "#cli/command.ts";

export const down: Command = command({
  name: "down",
  about: "end it",
  options: { purge: { type: "boolean", default: false, about: "forget its data too" } },
  examples: ["catamaran down", "catamaran down --name other --purge"],
  run: async ({ values, place }) => (await import("../up.ts")).down(place, { purge: values.purge }),
});
