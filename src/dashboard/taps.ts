/** Stores that also tell what goes into them, so that live pages need not ask the disk again and again. */
import type { Ledger, Usage, UsageWindow } from "#metering/usage.ts";

/** The same ledger; `onAppend` sees everything that is appended. */
export function tappedLedger(ledger: Ledger, onAppend: (usage: readonly Usage[]) => void): Ledger {
  return {
    append: (usage) => {
      ledger.append(usage);
      onAppend(usage);
    },
    read: (window: UsageWindow, is?: Usage["is"]) => ledger.read(window, is),
    trim: (beforeMs) => ledger.trim(beforeMs),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
