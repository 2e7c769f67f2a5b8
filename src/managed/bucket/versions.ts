/** What becomes of the versions of one key when another is added or one is removed. Pure: rows in, rows out. */
import type { Write } from "../database.ts";
import { erase, nullRow, objectRow, put, versionRow } from "./rows.ts";
import { NULL_VERSION, type StoredObject, type Version, type Versioning } from "./stored-object.ts";

/** A key as it stands. */
export interface History {
  /** The newest version, where that is an object. */
  readonly current: StoredObject | null;
  /** The newest of the others. */
  readonly older: readonly Version[];
  /** The null version among the others. */
  readonly nullVersion: Version | null;
}

export interface Outcome {
  readonly writes: readonly Write[];
  /** What there is no more. */
  readonly gone: readonly Version[];
}

/** The newest, be it an object or a marker. */
export function newestOf({ current, older }: History): Version | null {
  return current ?? older[0] ?? null;
}

/** `version` becomes the newest. While versions are not kept it takes the place of the null version. */
export function added(history: History, version: Version, versioning: Versioning): Outcome {
  const { current, nullVersion } = history;
  const isKept = versioning === "all";
  const gone = isKept
    ? []
    : [current, nullVersion].filter((one) => one !== null).filter((one) => one.version === NULL_VERSION);
  const writes = [
    ...(current === null || gone.includes(current) ? [] : behind(current)),
    ...(nullVersion !== null && gone.includes(nullVersion) ? unlisted(nullVersion) : []),
    ...(version.is === "object" ? [put(objectRow(version.key), version)] : [erase(objectRow(version.key))]),
    ...(version.is === "marker" ? behind(version) : []),
  ];
  return { writes, gone };
}

/** One of them goes for good; when it was the newest, the next one is. */
export function removed({ current, older }: History, target: Version): Outcome {
  const isCurrent = current?.version === target.version;
  const [next] = older.filter(({ version }) => version !== target.version);
  const isNewest = isCurrent || (current === null && older[0]?.version === target.version);
  const writes = [
    ...(isCurrent ? [erase(objectRow(target.key))] : unlisted(target)),
    ...(isNewest && next?.is === "object" ? [...unlisted(next), put(objectRow(next.key), next)] : []),
  ];
  return { writes, gone: [target] };
}

/** Its row among the older ones, where the null version is looked up by a row of its own. */
function behind(version: Version): readonly Write[] {
  const row = put(versionRow(version.key, version.order), version);
  return version.version === NULL_VERSION ? [row, put(nullRow(version.key), version.order)] : [row];
}

function unlisted({ key, version, order }: Version): readonly Write[] {
  const row = erase(versionRow(key, order));
  return version === NULL_VERSION ? [row, erase(nullRow(key))] : [row];
}
