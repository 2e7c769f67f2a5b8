/** Identities and the rights that come of them, over what a test gives, for tests of the AWS door. */
import { silent } from "#base/log.ts";
import type { Objects } from "#deck/objects.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { Identities } from "#managed/identity/identities.ts";
import type { IamMode } from "./authorize.ts";
import type { RootKey } from "./credentials.ts";
import { type Rights, rightsOf } from "./rights.ts";
import type { Memory } from "./sample-door.ts";

export const SAMPLE_ROOT: RootKey = { accessKeyId: "AKIATEST", secretAccessKey: "secret", accountId: "000000000000" };

export interface SampleIdentities {
  readonly identities: Identities;
  readonly rights: Rights;
}

/** Functions are alive. */
export async function sampleIdentities(
  { database, ...memory }: Pick<Memory, "database"> & (Pick<Memory, "journal"> | { readonly objects: Objects }),
  mode: IamMode = "enforce",
): Promise<SampleIdentities> {
  const objects = "objects" in memory ? memory.objects : (await openSampleDeck(memory.journal)).deck.objects("aws");
  const { accountId } = SAMPLE_ROOT;
  const identities = await Identities.open({ objects, database, accountId });
  const isLiving = async (): Promise<boolean> => true;
  const rights = rightsOf({ identities, root: SAMPLE_ROOT, region: "us-east-1", mode, isLiving, log: silent });
  return { identities, rights };
}
