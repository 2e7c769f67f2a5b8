/** What is remembered of schedules: their last runs, a row each, written in the same step as what a run leads to. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { KubeObject } from "#kinds/object.ts";
import { keyOfObject } from "#kinds/object.ts";
import type { Database, Place, Write } from "../database.ts";

const COLLECTION = "schedule runs";

interface Run {
  /** Of the object: one of the same name that is made anew begins anew. */
  readonly uid: string;
  readonly lastMs: number;
}

export function runRow(object: KubeObject, lastMs: number): Place & Pick<Write, "value"> {
  const run: Run = { uid: object.metadata.uid ?? "", lastMs };
  return { collection: COLLECTION, key: keyFor(object), value: encodeUtf8(JSON.stringify(run)) };
}

export async function lastRunMs(database: Database, object: KubeObject): Promise<number | undefined> {
  const value = await database.get(COLLECTION, keyFor(object));
  if (value === null) return undefined;
  const run = JSON.parse(decodeUtf8(value)) as Run;
  return run.uid === object.metadata.uid ? run.lastMs : undefined;
}

export function forgetRun(database: Database, kind: string, key: string): Promise<void> {
  const writes = [{ key: encodeUtf8(`${kind} ${key}`), value: null }];
  return database.change(COLLECTION, [], () => ({ writes, result: undefined }));
}

function keyFor(object: KubeObject): Uint8Array {
  return encodeUtf8(`${object.kind ?? ""} ${keyOfObject(object)}`);
}
