/** Objects of buckets, as packages are read from them: through the engine, not through its door. */
import { Fault } from "#base/fault.ts";
import type { Buckets } from "#managed/bucket/buckets.ts";

export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
  readonly version: string | undefined;
}

export interface ObjectFound {
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export type ReadObject = (at: ObjectPlace) => Promise<ObjectFound | "no bucket" | "no object">;

export function objectsIn(buckets: Pick<Buckets, "find" | "read">, namespace: string): ReadObject {
  return async ({ bucket, key, version }) => {
    if ((await buckets.find(namespace, bucket)) === null) return "no bucket";
    try {
      const { object, bytes } = await buckets.read({ namespace, bucket }, key, version);
      return { size: object.size, bytes };
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "NotFound") return "no object";
      throw thrown;
    }
  };
}
