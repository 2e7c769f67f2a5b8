/** Which instance a command or a role is about, and where its folders are: from the options, the environment and what is on disk. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Fault } from "#base/fault.ts";
import { type Instance, readInstance } from "./instance.ts";

export interface Place {
  readonly name: string;
  /** What must outlive the instance's processes. */
  readonly dataDir: string;
  /** Sockets and pins of this instance, below `runRoot`. */
  readonly runDir: string;
  /** Shared by all instances of this user: who owns which name and which address plan. */
  readonly runRoot: string;
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** Throws BadRequest for a name that cannot be one. */
export function placeOf(values: {
  readonly name?: string | undefined;
  readonly "data-dir"?: string | undefined;
}): Place {
  const { env } = process;
  const runRoot =
    process.getuid?.() === 0
      ? "/run/catamaran"
      : join(env["XDG_RUNTIME_DIR"] ?? "/tmp", `catamaran-${process.getuid?.() ?? 0}`);
  const askedDir = values["data-dir"] ?? env["CATAMARAN_DATA_DIR"];
  const asked = values.name ?? env["CATAMARAN_NAME"];
  // Either of the two finds an instance: the directory knows its name, and a name that is up knows its directory.
  const name =
    asked ?? (askedDir === undefined ? undefined : jsonMember(join(askedDir, "instance.json"), "name")) ?? "default";
  if (!NAME.test(name))
    throw new Fault("BadRequest", `--name ${name}: 1 to 20 lower-case letters, digits and dashes, for example "dev-1"`);
  const owner = ownerFile({ runRoot, name });
  const dataRoot = join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "catamaran");
  const dataDir = askedDir ?? jsonMember(owner, "dataDir") ?? join(dataRoot, name);
  return { name, dataDir: resolve(dataDir), runDir: join(runRoot, name), runRoot };
}

/** Says which data directory a name that is up belongs to. */
export function ownerFile({ runRoot, name }: Pick<Place, "runRoot" | "name">): string {
  return join(runRoot, `${name}.owner`);
}

/** One member of a small file of ours. */
export function jsonMember(file: string, member: string): string | undefined {
  try {
    const value = (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>)[member];
    return typeof value === "string" ? value : undefined;
  } catch {
    // Not there, or half written by a start that was killed: then it says nothing.
    return undefined;
  }
}

/** The facts of an instance that was started before, whether it is up or not. */
export async function instanceOf(place: Place): Promise<Instance> {
  const instance = await readInstance(place.dataDir);
  if (instance !== null) return instance;
  throw new Fault(
    "NotFound",
    `there is no instance "${place.name}"; start it with: catamaran up --detach${place.name === "default" ? "" : ` --name ${place.name}`}`,
  );
}
