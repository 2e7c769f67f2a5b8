/** A process's answer to its supervisor's probes, from its event loop: one that hangs is silent. Imported for its effect. */

/** What the supervisor sends. */
export interface Probe {
  readonly probe: number;
}

process.on("message", ({ probe }: Probe) => process.send?.({ alive: probe }));
// Answering keeps nobody alive.
process.channel?.unref();
