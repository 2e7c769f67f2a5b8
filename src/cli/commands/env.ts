/** `catamaran env`: everything that kubectl, aws and programs need to find an instance. */
import { environmentOf } from "#instance/environment.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, wantsJson } from "../options.ts";

export const env: Command = command({
  name: "env",
  about: 'print what shells need: eval "$(catamaran env)"',
  options: jsonOption,
  examples: ['eval "$(catamaran env)"', "catamaran env -o json"],
  run: async ({ values, place, print }) => {
    const isJson = wantsJson(values.output);
    const environment = environmentOf(await instanceOf(place));
    print(isJson ? `${JSON.stringify(environment, null, 2)}\n` : Object.entries(environment).map(shellLine).join(""));
    return EXIT.ok;
  },
});

function shellLine([name, value]: readonly [string, string]): string {
  return `export ${name}='${value.replaceAll("'", "'\\''")}'\n`;
}
