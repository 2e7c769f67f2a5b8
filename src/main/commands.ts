/** The list of commands, in the order of the help. Each is loaded when it is asked for. */
import type { CommandList } from "#cli/command.ts";

export const commands: CommandList = {
  up: async () => (await import("./commands/up.ts")).up,
  down: async () => (await import("./commands/down.ts")).down,
  env: async () => (await import("#cli/commands/env.ts")).env,
  status: async () => (await import("#cli/commands/status.ts")).status,
  doctor: async () => (await import("#cli/commands/doctor.ts")).doctor,
  demo: async () => (await import("#cli/commands/demo.ts")).demo,
  compare: async () => (await import("#cli/commands/compare.ts")).compare,
  cost: async () => (await import("#cli/commands/cost.ts")).cost,
  trace: async () => (await import("#cli/commands/trace.ts")).trace,
  whatif: async () => (await import("#cli/commands/whatif.ts")).whatif,
  image: async () => (await import("#cli/commands/image.ts")).image,
  invoke: async () => (await import("#cli/commands/invoke.ts")).invoke,
  logs: async () => (await import("#cli/commands/logs.ts")).logs,
  events: async () => (await import("#cli/commands/events.ts")).events,
  top: async () => (await import("#cli/commands/top.ts")).top,
  dashboard: async () => (await import("#cli/commands/dashboard.ts")).dashboard,
  secrets: async () => (await import("#cli/commands/secrets.ts")).secrets,
  store: async () => (await import("#cli/commands/store.ts")).store,
  completion: async () => (await import("#cli/commands/completion.ts")).completion,
  version: async () => (await import("#cli/commands/version.ts")).version,
};
