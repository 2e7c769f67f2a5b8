/** The audit log of an instance: the policy that `up --audit-policy` names is kept with its data, and read by the control process. */
import { readFile, rm } from "node:fs/promises";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { files } from "#instance/files.ts";
import type { Instance } from "#instance/instance.ts";
import { AuditFile } from "#kube/audit-file.ts";
import { readAuditPolicy } from "#kube/audit-policy.ts";
import type { KubeOptions } from "#kube/listen.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { parseYaml } from "#wire/yaml.ts";

const NONE = "none";

/** The text of a sound policy; "" for none. Throws BadRequest for one that is not. */
export async function auditPolicyText(file: string): Promise<string> {
  if (file === NONE) return "";
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    throw new Fault("BadRequest", `--audit-policy ${file}: ${reasonOf(thrown)}`);
  });
  readAuditPolicy(parseYaml(text));
  return text;
}

export async function keepAuditPolicy(instance: Instance, text: string): Promise<void> {
  const file = files.auditPolicy(instance);
  if (text === "") await rm(file, { force: true });
  else await replaceFile(file, text);
}

/** Null where nothing is audited. */
export async function openAudit(
  instance: Instance,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<KubeOptions["audit"] | null> {
  const text = await readFile(files.auditPolicy(instance), "utf8").catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT") return "";
    throw thrown;
  });
  if (text === "") return null;
  const policy = readAuditPolicy(parseYaml(text));
  const file = stack.use(await AuditFile.open(files.auditLog(instance), log));
  return { policy, keep: (line) => file.keep(line) };
}
