/** The Journal in memory: for tests, simulations and ephemeral kinds. Nothing survives. */
import type { Clock } from "#base/clock.ts";
import { type Engine, emptyPast, JournalFront } from "../journal-front.ts";

const nowhere: Engine = { commit: () => {}, forget: () => {}, probe: () => {}, close: () => {} };

export class MemoryJournal extends JournalFront {
  constructor(clock: Clock) {
    super({ engine: nowhere, past: emptyPast(), clock, soon: queueMicrotask });
  }
}
