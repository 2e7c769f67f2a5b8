/** Who supervises an instance, and which processes are its roles: by number and start time, since numbers are used again. */
import { readFileSync, writeFileSync, renameSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { ownerFile, type Place } from "./place.ts";

interface Running {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: string;
}

interface Lock extends Running {
  readonly roles?: Readonly<Record<string, Running>>;
}

/** Null when nobody supervises the instance. */
export async function supervisorOf(place: Place): Promise<number | null> {
  const lock = await Promise.resolve(readLock(place));
  return lock !== null && isRunning(lock) ? lock.pid : null;
}

/** The recorded processes that still run: the supervisor first. */
export function processesOf(place: Place): readonly number[] {
  const lock = readLock(place);
  if (lock === null) return [];
  return [lock, ...Object.values(lock.roles ?? {})].filter(isRunning).map(({ pid }) => pid);
}

/** Throws Conflict when this instance is up already, or its name belongs to an instance elsewhere that is. */
export async function takeLock(place: Place): Promise<void> {
  await refuseSecond(place);
  try {
    await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
    await mkdir(place.runRoot, { recursive: true, mode: 0o711 });
    recordRoles(place, {});
    await replaceFile(ownerFile(place), JSON.stringify({ dataDir: place.dataDir }), { mode: 0o644 });
  } catch (thrown) {
    throw unwritable(place, thrown);
  }
}

/** Whoever ends the instance by force must find its processes without their supervisor's help. */
export function recordRoles(place: Place, pids: Readonly<Record<string, number>>): void {
  const roles = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, running(pid)]));
  const lock: Lock = { ...running(process.pid), roles };
  // Not synced: no process outlives a power cut, and the supervisor's loop does not wait for a disk.
  const temporary = `${lockFile(place)}.new`;
  writeFileSync(temporary, JSON.stringify(lock), { mode: 0o600 });
  renameSync(temporary, lockFile(place));
}

export async function refuseSecond(place: Place): Promise<void> {
  const pid = await supervisorOf(place);
  if (pid !== null)
    throw new Fault(
      "Conflict",
      `instance "${place.name}" is up already (process ${pid}); end it with: catamaran down --name ${place.name}`,
    );
  const text = await readFile(ownerFile(place), "utf8").catch(() => null); // Nobody has the name.
  const dataDir = ownedBy(text) ?? place.dataDir;
  const other = dataDir === place.dataDir ? null : await supervisorOf({ ...place, dataDir });
  if (other !== null)
    throw new Fault(
      "Conflict",
      `the name "${place.name}" belongs to the instance in ${dataDir} (process ${other}); choose another one with --name`,
    );
}

/** A data folder that cannot be written, or a disk that is full, is a sentence, not a stack trace. */
export function unwritable({ dataDir, runRoot }: Place, thrown: unknown): unknown {
  const { code, path } = thrown as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new Fault(
      "Unavailable",
      `the disk is full (${code}): the platform keeps its state in ${dataDir} and its sockets in ${runRoot}; free some room there and start it again, nothing stored is lost`,
    );
  if (code === undefined || path === undefined) return thrown;
  return new Fault(
    "Unavailable",
    `${path} cannot be written (${code}): the platform keeps its state in ${dataDir} and its sockets in ${runRoot}; make both writable, or choose another folder with --data-dir`,
  );
}

function ownedBy(text: string | null): string | null {
  try {
    return text === null ? null : (JSON.parse(text) as { readonly dataDir: string }).dataDir;
  } catch {
    return null; // Half written by a start that was killed: then it says nothing.
  }
}

function readLock(place: Place): Lock | null {
  try {
    return JSON.parse(readFileSync(lockFile(place), "utf8")) as Lock;
  } catch {
    return null; // No lock, or not one of ours any more: then nobody is known.
  }
}

function lockFile(place: Place): string {
  return join(place.dataDir, "supervisor.json");
}

function running(pid: number): Running {
  return { pid, startedAt: startTime(pid) ?? "gone" };
}

function isRunning({ pid, startedAt }: Running): boolean {
  return startTime(pid) === startedAt;
}

/** Null when it is gone, or only its parent has not noticed. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The third and the 22nd field; the second is in parentheses and may hold spaces.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
