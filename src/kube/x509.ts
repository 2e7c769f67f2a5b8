/** The library that reads and makes certificates, loaded when first needed: that costs a tenth of a second. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import type * as x509Types from "@peculiar/x509";

export type X509 = typeof x509Types;

let loaded: X509 | undefined;

export async function x509Library(): Promise<X509> {
  if (loaded === undefined) {
    loaded = await import("@peculiar/x509");
    loaded.cryptoProvider.set(webcrypto as unknown as Parameters<X509["cryptoProvider"]["set"]>[0]);
  }
  return loaded;
}

/** What all keys and signatures of an instance are. */
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
