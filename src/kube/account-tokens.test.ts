/** Token Secrets of service accounts: filled, believed as long as they are there, and gone with their account. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { View } from "#deck/objects.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { type Secret, secretKind } from "#kinds/core/secret.ts";
import { type ServiceAccount, serviceAccountKind } from "#kinds/core/service-account.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { AccountTokenKeeper } from "./account-tokens.ts";
import { tokenIdentity, Tokens } from "./authenticate.ts";

const clock = new FakeClock(Date.parse("2026-01-02T03:04:05Z"));
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const tokens = new Tokens(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
const metadata = { name: "robot", namespace: "default" };
const secret: Secret = {
  metadata: {
    name: "robot-token",
    namespace: "default",
    annotations: { "kubernetes.io/service-account.name": "robot" },
  },
  type: "kubernetes.io/service-account-token",
};

test("a token Secret is filled, its token ends with it, and it goes with its account", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(clock));
  const objects = deck.objects("test");
  const keeper = new AccountTokenKeeper({ objects, tokens, ca: "the ca", clock });
  const account = await objects.create(serviceAccountKind, { metadata });
  const keep = async (): Promise<Secret | null> => {
    await keeper.keep("default/robot-token", (await objects.get(secretKind, "default/robot-token")) ?? undefined);
    return objects.get(secretKind, "default/robot-token");
  };
  await objects.create(secretKind, secret);
  const filled = await keep();
  const text = (name: string): string => Buffer.from(filled?.data?.[name] ?? "", "base64").toString();
  assert.deepEqual([text("ca.crt"), text("namespace")], ["the ca", "default"]);
  assert.equal(filled?.metadata.annotations?.["kubernetes.io/service-account.uid"], account.metadata.uid);
  assert.equal((await keep())?.metadata.resourceVersion, filled.metadata.resourceVersion);

  // It has no end of its own.
  const claims = tokens.check(text("token"), clock.now() + 10 * 365 * 86_400_000);
  assert.ok(claims);
  const accounts = { get: () => account } as unknown as View<ServiceAccount>;
  const pods = { get: () => undefined } as unknown as View<Pod>;
  const believed = (uid: string | undefined): string | undefined =>
    tokenIdentity(claims, { accounts, pods, secretUid: () => uid })?.name;
  assert.equal(believed(filled.metadata.uid), "system:serviceaccount:default:robot");
  assert.equal(believed(undefined), undefined);

  await objects.remove(serviceAccountKind, "default/robot");
  await objects.create(serviceAccountKind, { metadata });
  assert.equal(await keep(), null, "it was of another account of that name");
});
