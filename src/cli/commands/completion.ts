/** `catamaran completion`: has a shell ask this program what may come next. */
import { type Command, command } from "../command.ts";
import { completionScript } from "../completion.ts";
import { EXIT } from "../exit-codes.ts";

export const completion: Command = command({
  name: "completion",
  about: "teach a shell the commands, their options and the names of what is there",
  operands: { usage: "bash|zsh|fish", most: 1, complete: ["bash", "zsh", "fish"] },
  options: {},
  isOfInstance: false,
  examples: ["source <(catamaran completion bash)"],
  run: async ({ operands, print }) => {
    print(completionScript(operands[0]));
    return EXIT.ok;
  },
});
