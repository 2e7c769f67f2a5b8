/** The real Random, from the machine's secure source. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "#base/random.ts";

export const realRandom: Random = {
  number: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  uuid: () => randomUUID(),
};
