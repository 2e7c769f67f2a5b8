/** `catamaran version`: of the program, of the API that it speaks, of the Node that runs it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

export const version: Command = command({
  name: "version",
  about: "print the version",
  options: {},
  isOfInstance: false,
  examples: ["catamaran version"],
  run: async ({ print }) => {
    const text = await readFile(join(import.meta.dirname, "..", "..", "..", "package.json"), "utf8");
    const own = JSON.parse(text) as { readonly version: string };
    print(`catamaran ${own.version} (Kubernetes API v1.34, node ${process.versions.node})\n`);
    return EXIT.ok;
  },
});
