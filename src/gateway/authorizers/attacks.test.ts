/** What is tried against the authorizers of an API, over HTTP, and what each try is told: nobody gets to the function who should not. */
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { urlAccess } from "#aws/lambda/url-access.ts";
import { callers } from "#aws/credentials.ts";
import { signedHeaders } from "#aws/sign.ts";
import { Fault } from "#base/fault.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { type HttpApi, httpApiKind } from "#kinds/catamaran/http-api.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openSampleEdge, type SampleEdge } from "../sample-edge.ts";

const HOST = "shop.execute-api.localhost";
const NOW_SECONDS = Date.parse("2026-01-02T03:04:05Z") / 1_000;
const ROOT = { accessKeyId: "AKIATEST", secretAccessKey: "test-secret", accountId: "000000000000" };
const rsa = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync("rsa", { modulusLength: 2048 });
const [ours, sealing, stranger] = [rsa(), rsa(), rsa()];

let edge: SampleEdge;
let issuerServer: Server;
let issuer: string;
let asked = 0;

before(async () => {
  issuerServer = createServer((request, response) => {
    asked++;
    const jwk = { ...ours.publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" };
    const enc = { ...sealing.publicKey.export({ format: "jwk" }), kid: "sealing", use: "enc" };
    const secret = { kty: "oct", kid: "secret", k: Buffer.from("secret").toString("base64url") };
    const isKeys = request.url === "/keys";
    response.end(JSON.stringify(isKeys ? { keys: [jwk, enc, secret] } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>((resolve) => issuerServer.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
  const access = (): ReturnType<typeof urlAccess> =>
    urlAccess({
      findCaller: callers(ROOT),
      authorize: async () => {},
      region: "us-east-1",
      accountId: ROOT.accountId,
      clock: edge.clock,
    });
  edge = await openSampleEdge(new MemoryJournal(new FakeClock()), {
    invoke: run,
    authorize: (one) => access()(one as never),
  });
  await edge.objects.create(httpApiKind, api());
});
after(async () => {
  await edge[Symbol.asyncDispose]();
  issuerServer.close();
});

/** The authorizers' functions, and the one that they guard. */
function run(name: string, event: unknown): unknown {
  const { headers, identitySource } = event as {
    readonly headers: Readonly<Record<string, string>>;
    readonly identitySource?: readonly string[];
  };
  switch (name) {
    case "simple":
      return {
        isAuthorized: headers["x-user"] === "ann" && headers["x-key"] === "a,b",
        context: { user: headers["x-user"] },
      };
    case "policy":
      return policyFor(headers["x-key"] ?? "");
    case "old": {
      const { methodArn, authorizationToken } = event as Readonly<Record<string, string>>;
      return {
        principalId: "o",
        policyDocument: {
          Statement: { Effect: "Allow", Action: "*", Resource: authorizationToken === "key" ? methodArn : "" },
        },
      };
    }
    case "liar":
      return { isAuthorized: "true", principalId: "x", policyDocument: null };
    case "crash":
      throw new Fault("TooManyRequests", `no room for ${String(identitySource)}`);
    default:
      return { statusCode: 200, body: "inside" };
  }
}

function policyFor(key: string): unknown {
  const statement = (Effect: string, Resource: string): object => ({ Effect, Action: "execute-api:Invoke", Resource });
  const all = "arn:aws:execute-api:us-east-1:000000000000:shop/*";
  const documents: Readonly<Record<string, readonly object[]>> = {
    reader: [statement("Allow", "arn:aws:execute-api:us-east-1:000000000000:shop/$default/GET/policy/read")],
    denied: [statement("Allow", "*"), statement("Deny", all)],
    conditional: [{ ...statement("Allow", "*"), Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }],
    other: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
    nothing: [],
  };
  return { principalId: key, policyDocument: { Version: "2012-10-17", Statement: documents[key] ?? [] } };
}

function api(): HttpApi {
  const uri = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  const request = (authorizerId: string, identitySource: readonly string[]): object => ({
    authorizerId,
    name: authorizerId,
    authorizerType: "REQUEST",
    authorizerUri: uri(authorizerId),
    authorizerPayloadFormatVersion: authorizerId === "old" ? "1.0" : "2.0",
    identitySource,
    authorizerResultTtlInSeconds: 300,
    enableSimpleResponses: authorizerId !== "policy" && authorizerId !== "old",
  });
  const guarded = (routeKey: string, authorizerId: string, rest: object = {}): object => ({
    routeKey,
    function: "inside",
    authorizationType: authorizerId === "jwt" ? "JWT" : "CUSTOM",
    authorizerId,
    ...rest,
  });
  return {
    metadata: { name: "shop", namespace: "default" },
    spec: {
      authorizers: [
        {
          authorizerId: "jwt",
          name: "jwt",
          authorizerType: "JWT",
          identitySource: ["$request.header.Authorization"],
          jwtConfiguration: { issuer, audience: ["shop"] },
        },
        request("simple", ["$request.header.x-user", "$request.header.x-key"]),
        request("policy", ["$request.header.x-key"]),
        request("old", ["$request.header.x-key"]),
        request("liar", ["$request.header.x-key"]),
        request("crash", ["$request.header.x-key"]),
      ],
      routes: [
        guarded("GET /jwt", "jwt"),
        guarded("GET /scoped", "jwt", { authorizationScopes: ["orders:write"] }),
        guarded("ANY /jwt/{proxy+}", "jwt"),
        guarded("GET /simple", "simple"),
        guarded("GET /policy/{what}", "policy"),
        guarded("GET /old", "old"),
        { routeKey: "GET /open", function: "inside", authorizationType: "NONE" },
        guarded("GET /liar", "liar"),
        guarded("GET /crash", "crash"),
        { routeKey: "GET /iam", function: "inside", authorizationType: "AWS_IAM" },
        { routeKey: "POST /iam", function: "inside", authorizationType: "AWS_IAM" },
      ],
    },
  } as unknown as HttpApi;
}

interface Token {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: KeyObject;
  /** Instead of a signature by `key`. */
  readonly signature?: (signed: string) => string;
}

const CLAIMS = { aud: "shop", sub: "ann", iat: NOW_SECONDS - 10, exp: NOW_SECONDS + 60, scope: "orders:read" };

function token({ header, claims, key = ours.privateKey, signature }: Token = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "RS256", kid: "one", typ: "JWT", ...header })}.${part({ iss: issuer, ...CLAIMS, ...claims })}`;
  return `${signed}.${signature?.(signed) ?? sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

const bearer = (of?: Token): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token(of)}` });
const hmac = (secret: string | Buffer) => (signed: string) =>
  createHmac("sha256", secret).update(signed).digest("base64url");
const ourPem = ours.publicKey.export({ type: "spki", format: "pem" });

/** Headers that sign a request, and what of it is then changed. */
function signed(
  change: Partial<{ path: string; method: string; service: string; body: string; secret: string; at: number }> = {},
): Record<string, string> {
  const {
    path = "/iam",
    method = "GET",
    service = "execute-api",
    body = "",
    secret = ROOT.secretAccessKey,
    at = NOW_SECONDS * 1_000,
  } = change;
  const request = { method, path, query: "", headers: { host: HOST }, body: Buffer.from(body) };
  return { ...signedHeaders(request, { ...ROOT, secretAccessKey: secret }, { region: "us-east-1", service }, at) };
}

type Headers = Readonly<Record<string, string | readonly string[]>>;
type Ask = () => readonly [target: string, headers: Headers, body: string];
const to = (path: string, headers: Headers = {}, body = ""): ReturnType<Ask> => [
  path.includes(" ") ? path.replace(" ", ` ${HOST}`) : `GET ${HOST}${path}`,
  headers,
  body,
];

const attacks: readonly (readonly [title: string, ask: Ask, status: number])[] = [
  ["no token", () => to("/jwt"), 401],
  ["an empty token", () => to("/jwt", { authorization: "" }), 401],
  ["Bearer and nothing", () => to("/jwt", { authorization: "Bearer " }), 401],
  [
    "a token of two parts",
    () => to("/jwt", { authorization: `Bearer ${token().split(".").slice(0, 2).join(".")}` }),
    401,
  ],
  ["alg none, no signature", () => to("/jwt", bearer({ header: { alg: "none" }, signature: () => "" })), 401],
  ["alg NoNe", () => to("/jwt", bearer({ header: { alg: "NoNe" }, signature: () => "" })), 401],
  [
    "HS256 with the public key as its secret",
    () => to("/jwt", bearer({ header: { alg: "HS256" }, signature: hmac(Buffer.from(ourPem)) })),
    401,
  ],
  [
    "HS256 with a secret that the issuer publishes",
    () => to("/jwt", bearer({ header: { alg: "HS256", kid: "secret" }, signature: hmac("secret") })),
    401,
  ],
  ["the key of a stranger", () => to("/jwt", bearer({ key: stranger.privateKey })), 401],
  [
    "a key in the header itself",
    () =>
      to("/jwt", bearer({ key: stranger.privateKey, header: { jwk: stranger.publicKey.export({ format: "jwk" }) } })),
    401,
  ],
  [
    "an address of keys in the header",
    () => to("/jwt", bearer({ key: stranger.privateKey, header: { jku: "http://127.0.0.1:1/keys" } })),
    401,
  ],
  ["a kid that is not there", () => to("/jwt", bearer({ header: { kid: "two" } })), 401],
  ["no kid", () => to("/jwt", bearer({ header: { kid: undefined } })), 401],
  ["a kid that is a path", () => to("/jwt", bearer({ header: { kid: "../../dev/null" } })), 401],
  [
    "the issuer's key for encryption",
    () => to("/jwt", bearer({ key: sealing.privateKey, header: { kid: "sealing" } })),
    401,
  ],
  ["a critical header that nobody knows", () => to("/jwt", bearer({ header: { crit: ["b64"], b64: false } })), 401],
  ["expired", () => to("/jwt", bearer({ claims: { exp: NOW_SECONDS - 1 } })), 401],
  ["never expires", () => to("/jwt", bearer({ claims: { exp: undefined } })), 401],
  ["exp as a text", () => to("/jwt", bearer({ claims: { exp: "9999999999" } })), 401],
  ["not yet", () => to("/jwt", bearer({ claims: { nbf: NOW_SECONDS + 60 } })), 401],
  ["issued tomorrow", () => to("/jwt", bearer({ claims: { iat: NOW_SECONDS + 86_400 } })), 401],
  ["for another audience", () => to("/jwt", bearer({ claims: { aud: "bank" } })), 401],
  ["for no audience, and no client", () => to("/jwt", bearer({ claims: { aud: undefined } })), 401],
  ["our client beside another audience", () => to("/jwt", bearer({ claims: { aud: "bank", client_id: "shop" } })), 401],
  ["of another issuer", () => to("/jwt", bearer({ claims: { iss: "http://evil.test" } })), 401],
  [
    "of an issuer whose name begins like ours",
    () => to("/jwt", bearer({ claims: { iss: `${issuer}.evil.test` } })),
    401,
  ],
  ["a signature that was changed", () => to("/jwt", { authorization: `Bearer ${token().slice(0, -4)}AAAA` }), 401],
  ["a payload that was changed", () => to("/jwt", { authorization: `Bearer ${swapped()}` }), 401],
  [
    "two tokens in one header",
    () => to("/jwt", { authorization: [`Bearer ${token()}`, `Bearer ${token({ key: stranger.privateKey })}`] }),
    401,
  ],
  ["a token in the query alone", () => to(`/jwt?Authorization=${token()}`), 401],
  ["without the route's scope", () => to("/scoped", bearer()), 403],
  ["with a scope that holds the route's", () => to("/scoped", bearer({ claims: { scope: "orders:write:none" } })), 403],
  ["a path that leads around", () => to("/jwt/../jwt"), 401],
  ["an encoded path that leads around", () => to("/open/%2e%2e/jwt"), 401],
  ["a double slash before a guarded path", () => to("//jwt"), 404],
  ["the path in capitals", () => to("/JWT"), 404],
  ["another method", () => to("POST /jwt", {}, "x"), 404],
  ["identity sources: one is missing", () => to("/simple", { "x-user": "ann" }), 401],
  ["identity sources: values that run into each other", () => to("/simple", { "x-user": "ann,a", "x-key": "b" }), 403],
  ["identity sources: the other's name in quotes", () => to("/simple", { "x-user": 'ann","a', "x-key": "b" }), 403],
  ["identity sources: a header twice", () => to("/simple", { "x-user": ["ann", "bob"], "x-key": "a,b" }), 403],
  ["a policy that allows another path", () => to("/policy/write", { "x-key": "reader" }), 403],
  ["a policy that denies what it allows", () => to("/policy/read", { "x-key": "denied" }), 403],
  ["a policy that allows under a condition", () => to("/policy/read", { "x-key": "conditional" }), 403],
  ["a policy of the older format that means no path", () => to("/old", { "x-key": "none" }), 403],
  ["a policy about another service", () => to("/policy/read", { "x-key": "other" }), 403],
  ["a policy without a statement", () => to("/policy/read", { "x-key": "nothing" }), 403],
  ["a policy's path with an encoded slash", () => to("/policy/read%2Fx", { "x-key": "reader" }), 403],
  ["an authorizer that answers a text for true", () => to("/liar", { "x-key": "k" }), 500],
  ["an authorizer that fails", () => to("/crash", { "x-key": "k" }), 500],
  ["IAM: no signature", () => to("/iam"), 403],
  ["IAM: a wrong secret", () => to("/iam", signed({ secret: "wrong" })), 403],
  ["IAM: signed for another path", () => to("/iam", signed({ path: "/open" })), 403],
  ["IAM: signed for another method", () => to("POST /iam", signed(), ""), 403],
  ["IAM: signed for another service", () => to("/iam", signed({ service: "lambda" })), 403],
  ["IAM: another body", () => to("POST /iam", signed({ method: "POST", body: "a" }), "b"), 403],
  ["IAM: signed an hour ago", () => to("/iam", signed({ at: (NOW_SECONDS - 3_600) * 1_000 })), 403],
];

function swapped(): string {
  const [head = "", , signature = ""] = token().split(".");
  const [, payload = ""] = token({ claims: { sub: "root" } }).split(".");
  return `${head}.${payload}.${signature}`;
}

for (const [title, ask, status] of attacks)
  test(`refused: ${title}`, async () => {
    // Whoever may is answered before, so that what is kept of him is there to be stolen.
    assert.equal((await edge.ask(...to("/simple", { "x-user": "ann", "x-key": "a,b" }))).status, 200);
    assert.equal((await edge.ask(...to("/policy/read", { "x-key": "reader" }))).status, 200);
    const ran = edge.ran.filter((name) => name === "inside").length;
    const answer = await edge.ask(...ask());
    assert.deepEqual([answer.status, answer.text.includes("inside")], [status, false], answer.text);
    assert.equal(edge.ran.filter((name) => name === "inside").length, ran);
  });

const welcome: readonly (readonly [title: string, ask: Ask])[] = [
  ["a token", () => to("/jwt", bearer())],
  ["a token without Bearer", () => to("/jwt", { authorization: token() })],
  ["a token in a header of another case", () => to("/jwt", { AUTHORIZATION: `bearer ${token()}` })],
  ["one of several audiences", () => to("/jwt", bearer({ claims: { aud: ["bank", "shop"] } }))],
  ["a client in the place of an audience", () => to("/jwt", bearer({ claims: { aud: undefined, client_id: "shop" } }))],
  ["a token with the route's scope", () => to("/scoped", bearer({ claims: { scope: "a orders:write" } }))],
  [
    "a token with the scope in a list",
    () => to("/scoped", bearer({ claims: { scope: undefined, scp: ["orders:write"] } })),
  ],
  ["a path that leads back to a guarded one", () => to("/jwt/x/../y", bearer())],
  ["a user with his key", () => to("/simple", { "X-User": "ann", "X-Key": "a,b" })],
  ["a reader", () => to("/policy/read", { "x-key": "reader" })],
  ["a key of the older format", () => to("/old", { "x-key": "key" })],
  ["anybody where nobody is asked", () => to("/open")],
  ["a signature", () => to("/iam", signed())],
  ["a signature over a body", () => to("POST /iam", signed({ method: "POST", body: "a" }), "a")],
];
for (const [title, ask] of welcome)
  test(`let in: ${title}`, async () => {
    const answer = await edge.ask(...ask());
    assert.deepEqual([answer.status, answer.text], [200, "inside"]);
  });

test("a refusal says why in the words of RFC 6750", async () => {
  const refused = await edge.ask(...to("/jwt", bearer({ claims: { exp: NOW_SECONDS - 1 } })));
  assert.equal(
    refused.headers["www-authenticate"],
    'Bearer error="invalid_token" error_description="the token has expired"',
  );
  assert.equal(refused.text, '{"message":"Unauthorized"}');
  assert.equal((await edge.ask(...to("/jwt"))).headers["www-authenticate"], "Bearer");
});

test("what an authorizer said is kept for its time, by the identity, and asked again after it", async () => {
  const count = (): number => edge.ran.filter((name) => name === "policy").length;
  await edge.ask(...to("/policy/read", { "x-key": "reader" }));
  const before = count();
  await edge.ask(...to("/policy/read", { "x-key": "reader" }));
  assert.equal(count(), before);
  await edge.ask(...to("/policy/read", { "x-key": "somebody else" }));
  assert.equal(count(), before + 1);
  edge.clock.advance(300_000);
  await edge.ask(...to("/policy/read", { "x-key": "reader" }));
  assert.equal(count(), before + 2);
});

test("an issuer is asked once, however many tokens come, and not at every unknown key", () => {
  assert.ok(asked <= 4, `it was asked ${asked} times`);
});
