/** What a pod gets whose service account names a role, and that what it says itself stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { podKind } from "#kinds/core/pod.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, pod } from "./sample-deck.ts";

const me = { manager: "test" };
const ROLE = "arn:aws:iam::000000000000:role/app";
const aws = { endpoint: "http://10.0.0.1:4566", region: "us-east-1" };
const TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

type Words = Readonly<Record<string, string>>;

async function admitted(annotations: Words, spec: object = {}, own: Words = {}, place = { aws }): Promise<Pod> {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)), place);
  await deck.create(serviceAccountKind, object("app", {}, { annotations }), me);
  const wanted = pod("p", { annotations: own }, { serviceAccountName: "app", ...spec });
  const { stored } = await deck.create(podKind, wanted, me);
  return stored.object as Pod;
}

function variables({ spec }: Pod, at = 0): Words {
  return Object.fromEntries((spec.containers[at]?.env ?? []).map(({ name, value = "" }) => [name, value]));
}

const named = { "eks.amazonaws.com/role-arn": ROLE };

test("a token for STS, mounted, and the variables that SDKs look at", async () => {
  const made = await admitted(named);
  assert.deepEqual(variables(made), {
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: `${TOKEN}/token`,
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: "http://10.0.0.1:4566",
  });
  const [mount] = made.spec.containers[0]?.volumeMounts ?? [];
  assert.deepEqual(mount, { name: "aws-iam-token", mountPath: TOKEN, readOnly: true });
  const [source] = made.spec.volumes?.[0]?.projected?.sources ?? [];
  assert.deepEqual(source?.serviceAccountToken, {
    audience: "sts.amazonaws.com",
    expirationSeconds: 86_400,
    path: "token",
  });
});

test("the account's annotations say for whom the token is, and for how long", async () => {
  const said = { "eks.amazonaws.com/audience": "vault", "eks.amazonaws.com/token-expiration": "3600" };
  const [source] = (await admitted({ ...named, ...said })).spec.volumes?.[0]?.projected?.sources ?? [];
  assert.deepEqual(source?.serviceAccountToken, { audience: "vault", expirationSeconds: 3_600, path: "token" });
});

test("what a container says itself stays, and one that is skipped gets nothing", async () => {
  const containers = [
    { name: "main", image: "a", env: [{ name: "AWS_ROLE_ARN", value: "other" }] },
    { name: "side", image: "b" },
  ];
  const made = await admitted(named, { containers }, { "eks.amazonaws.com/skip-containers": "x, side" });
  assert.equal(variables(made)["AWS_ROLE_ARN"], "other");
  assert.equal(variables(made)["AWS_REGION"], "us-east-1");
  assert.deepEqual(variables(made, 1), {});
});

test("an account without a role gives nothing", async () => {
  const made = await admitted({});
  assert.deepEqual([made.spec.containers[0]?.env, made.spec.volumes], [undefined, undefined]);
});
