/** Puts an instance's context into the user's own kubeconfig, and takes it out again; only when asked. */
import { mkdir, open, readFile, realpath, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parse, stringify } from "yaml";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";

interface Named {
  readonly name: string;
}

interface Kubeconfig {
  readonly clusters?: readonly Named[] | null;
  readonly users?: readonly Named[] | null;
  readonly contexts?: readonly Named[] | null;
  readonly "current-context"?: string;
}

const PARTS = ["clusters", "users", "contexts"] as const;

/** Ours replace what has the same names; everything else stays as it is. Pure. */
export function mergedConfig(theirs: Kubeconfig, ours: Kubeconfig): Kubeconfig {
  const parts = PARTS.map((part) => {
    const names = new Set((ours[part] ?? []).map(({ name }) => name));
    return [part, [...(theirs[part] ?? []).filter(({ name }) => !names.has(name)), ...(ours[part] ?? [])]] as const;
  });
  return {
    apiVersion: "v1",
    kind: "Config",
    ...theirs,
    ...Object.fromEntries(parts),
    ...given("current-context", ours["current-context"]),
  } as Kubeconfig;
}

/** Takes out what `ours` names; a current context that is gone becomes empty. Pure. */
export function withoutConfig(theirs: Kubeconfig, ours: Kubeconfig): Kubeconfig {
  const parts = PARTS.map((part) => {
    const names = new Set((ours[part] ?? []).map(({ name }) => name));
    return [part, (theirs[part] ?? []).filter(({ name }) => !names.has(name))] as const;
  });
  const current = theirs["current-context"] === ours["current-context"] ? "" : theirs["current-context"];
  return { ...theirs, ...Object.fromEntries(parts), ...given("current-context", current) };
}

function given(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}

/** Rewrites `file` with `change` applied, under the lock file that client-go uses, in one step. */
export async function changeKubeconfig(file: string, change: (theirs: Kubeconfig) => Kubeconfig): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await using _lock = await lock(`${file}.lock`);
  const text = await readFile(file, "utf8").catch(() => ""); // There is none yet.
  const next = change((parse(text) ?? {}) as Kubeconfig);
  // A link to where somebody keeps such files stays one.
  const target = await realpath(file).catch(() => file);
  await replaceFile(target, stringify(next, { lineWidth: 0 }));
}

async function lock(file: string): Promise<AsyncDisposable> {
  try {
    await (await open(file, "wx")).close();
  } catch (cause) {
    throw new Fault("Conflict", `${file} is there: somebody else is writing the kubeconfig. If nobody is, remove it`, {
      cause,
    });
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}
