/** `catamaran secrets rotate-key`: a new key for the Secrets in the journal, by which all of them are sealed anew. */
import { Fault } from "#base/fault.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

const USAGE = "rotate-key";

export const secrets: Command = command({
  name: "secrets",
  about: "the key by which Secrets are encrypted at rest",
  operands: { usage: USAGE, most: 1, complete: [USAGE] },
  options: {},
  examples: ["catamaran secrets rotate-key"],
  run: async ({ operands, place, say }) => {
    if (operands[0] !== USAGE) throw new Fault("BadRequest", `catamaran secrets ${USAGE}`);
    const { controlOf } = await import("../session.ts");
    using control = controlOf(await instanceOf(place));
    const count = await control.rotateSecretKey();
    say(`${count} records of Secrets are sealed by a new key; the old one is gone\n`);
    return EXIT.ok;
  },
});
