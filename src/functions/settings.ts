/** What the engine needs to know of a function or a version of it, with Lambda's defaults filled in. Pure. */
import { sameJson } from "#base/json.ts";
import { type Configured, publishedAs } from "#kinds/catamaran/function-version.ts";

/** What is not published: the version of the function itself. */
export const LATEST = "$LATEST";

export interface Logging {
  readonly format: "JSON" | "Text";
  readonly systemLevel: "DEBUG" | "INFO" | "WARN";
  /** Null: what the function logs is not filtered. */
  readonly applicationLevel: string | null;
}

export interface Settings {
  readonly namespace: string;
  readonly name: string;
  /** LATEST, or a number. */
  readonly version: string;
  /** Of the stored object: its credentials end with it. */
  readonly uid: string | null;
  readonly logGroup: string;
  readonly logging: Logging;
  readonly runtime: string;
  readonly handler: string;
  readonly codeSha256: string;
  /** Digests of its layers, in the order in which they are laid over each other. */
  readonly layers: readonly string[];
  readonly memoryMib: number;
  readonly timeoutMs: number;
  readonly ephemeralStorageMib: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly role: string;
  /** Null: takes from the account's unreserved pool. */
  readonly reservedConcurrency: number | null;
  /** A chain of invocations may come back to it for ever. */
  readonly allowsLoops: boolean;
}

// Lambda's own defaults (GetFunctionConfiguration of a function created with nothing but the required members).
const DEFAULT_MEMORY_MIB = 128;
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_EPHEMERAL_MIB = 512;

export function settingsOf(object: Configured): Settings {
  const { metadata, spec } = object;
  const published = publishedAs(object);
  const named = { namespace: metadata.namespace ?? "default", name: published?.function ?? metadata.name };
  return {
    ...named,
    version: published === null ? LATEST : String(published.version),
    uid: metadata.uid ?? null,
    logGroup: spec.logGroup ?? logGroupOf(named),
    logging: loggingOf(spec),
    runtime: spec.runtime,
    handler: spec.handler,
    codeSha256: spec.code.sha256,
    layers: (spec.layers ?? []).map(({ code }) => code.sha256),
    memoryMib: spec.memoryMib ?? DEFAULT_MEMORY_MIB,
    timeoutMs: (spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    ephemeralStorageMib: spec.ephemeralStorageMib ?? DEFAULT_EPHEMERAL_MIB,
    environment: spec.environment ?? {},
    role: spec.role ?? "",
    reservedConcurrency: "reservedConcurrency" in spec ? (spec.reservedConcurrency ?? null) : null,
    allowsLoops: "recursiveLoop" in spec && spec.recursiveLoop === "Allow",
  };
}

/** Lambda's defaults: INFO of both with JSON, everything with text. */
function loggingOf({ logging }: Configured["spec"]): Logging {
  const { format = "Text", systemLevel = "INFO", applicationLevel = "INFO" } = logging ?? {};
  return { format, systemLevel, applicationLevel: format === "JSON" ? applicationLevel : null };
}

/** Environments of one may not serve the other: something that is fixed at INIT differs. */
export function needsNewEnvironments(a: Settings, b: Settings): boolean {
  return (
    a.runtime !== b.runtime ||
    a.handler !== b.handler ||
    a.codeSha256 !== b.codeSha256 ||
    !sameJson(a.layers, b.layers) ||
    a.memoryMib !== b.memoryMib ||
    a.ephemeralStorageMib !== b.ephemeralStorageMib ||
    a.role !== b.role ||
    a.logGroup !== b.logGroup ||
    !sameJson(a.logging, b.logging) ||
    !sameJson(a.environment, b.environment)
  );
}

/** Lambda has one namespace; ours beyond "default" are visible in the group's name. */
export function logGroupOf(named: { readonly namespace: string; readonly name: string }): string {
  return named.namespace === "default" ? `/aws/lambda/${named.name}` : `/aws/lambda/${named.namespace}/${named.name}`;
}
