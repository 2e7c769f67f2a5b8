/** Where an instance keeps its files and sockets, and the key that is derived from its own. Pure. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { Instance } from "./instance.ts";

/** Paths below the data folder hold state; those below the run folder are sockets, gone with the instance. */
export const files = {
  /** Apart from what they protect: whoever copies the data for safe keeping leaves this folder out, or keeps it elsewhere. */
  secretKeys: (instance: Instance): string => join(instance.dataDir, "keys", "secrets.keys"),
  pki: (instance: Instance): string => join(instance.dataDir, "pki"),
  kubeconfig: (instance: Instance): string => join(instance.dataDir, "kubeconfig"),
  journal: (instance: Instance): string => join(instance.dataDir, "journal.db"),
  tables: (instance: Instance): string => join(instance.dataDir, "tables.db"),
  usage: (instance: Instance): string => join(instance.dataDir, "usage.db"),
  logs: (instance: Instance): string => join(instance.dataDir, "function-logs.db"),
  events: (instance: Instance): string => join(instance.dataDir, "events.db"),
  reserve: (instance: Instance): string => join(instance.dataDir, "reserve"),
  /** The Nodes of function runtimes that are not the platform's. */
  nodes: (instance: Instance): string => join(instance.dataDir, "nodes"),
  code: (instance: Instance): string => join(instance.dataDir, "code"),
  objects: (instance: Instance): string => join(instance.dataDir, "objects"),
  images: (instance: Instance): string => join(instance.dataDir, "images"),
  reports: (instance: Instance): string => join(instance.dataDir, "reports"),
  auditPolicy: (instance: Instance): string => join(instance.dataDir, "audit-policy.yaml"),
  auditLog: (instance: Instance): string => join(instance.dataDir, "log", "audit.log"),
  roleLogs: (instance: Instance): string => join(instance.dataDir, "log"),
  roleLog: (instance: Instance, role: string): string => join(instance.dataDir, "log", `${role}.log`),
  roster: (instance: Instance): string => join(instance.runDir, "supervisor.sock"),
  controlSocket: (instance: Instance): string => join(instance.runDir, "control.sock"),
  launcher: (instance: Instance): string => join(instance.runDir, "launcher"),
} as const;

/** Signs the dashboard's links and sessions; derived, so that a restart keeps sessions. */
export function dashboardKey({ rootKey }: Pick<Instance, "rootKey">): string {
  return createHmac("sha256", rootKey.secretAccessKey).update("dashboard").digest("base64url");
}
