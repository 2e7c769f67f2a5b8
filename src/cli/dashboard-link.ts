/** Links that open the dashboard: once, and within minutes. */
import { linkToken } from "#dashboard/entry.ts";
import { dashboardKey } from "#instance/files.ts";
import type { Instance } from "#instance/instance.ts";

export function dashboardLink(instance: Instance, nowMs: number): string {
  return `http://127.0.0.1:${instance.ports.dashboard}/#${linkToken(dashboardKey(instance), nowMs)}`;
}
