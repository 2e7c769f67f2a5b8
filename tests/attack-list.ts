/** Attacks on the three doors as values: what is sent, and what must come back. Cheap ones, so that each run can afford all of them. */
import { crc32 } from "node:zlib";
import { zipSync } from "fflate";
import { type Answer, ask, type Doors, raw, signed } from "./attack-clients.ts";

export interface Attack {
  readonly title: string;
  readonly run: (doors: Doors) => Promise<string>;
  readonly want: RegExp;
}

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

const says = ({ status, text }: Answer): string => `${status} ${text.slice(0, 300)}`;

function kube(title: string, want: RegExp, sent: Parameters<typeof ask>[1], type = "application/json"): Attack {
  const headers = { "content-type": type };
  return { title, want, run: async ({ kube }) => says(await ask(kube.server, { headers, ...sent }, kube)) };
}

function configMap(name: string, data: Readonly<Record<string, string>>): string {
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
}

function keys(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: count }, (_unused, i) => [`k${i}`, ""]));
}

function operations(count: number, op: "add" | "replace"): string {
  return JSON.stringify(Array.from({ length: count }, (_unused, i) => ({ op, path: `/data/k${i}`, value: "x" })));
}

const REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const YAML_LIST = `a:\n${"- b: c\n".repeat(360_000)}`;

const kubeAttacks: readonly Attack[] = [
  kube("10 MB of body", /^413 /, {
    method: "POST",
    path: CONFIG_MAPS,
    body: configMap("big", { a: "x".repeat(10_000_000) }),
  }),
  kube("300,000 nested arrays", /^4\d\d /, {
    method: "POST",
    path: CONFIG_MAPS,
    body: `{"a":${"[".repeat(300_000)}${"]".repeat(300_000)}}`,
  }),
  kube("a map of 100,000 keys", /^(413|422|400) /, {
    method: "POST",
    path: CONFIG_MAPS,
    body: configMap("keys", keys(100_000)),
  }),
  kube("2.5 MB of YAML", /^4\d\d /, { method: "POST", path: CONFIG_MAPS, body: YAML_LIST }, "application/yaml"),
  kube(
    "2.5 MB of YAML to an access review",
    /^4\d\d /,
    { method: "POST", path: REVIEW, body: YAML_LIST },
    "application/yaml",
  ),
  kube(
    "YAML aliases that multiply",
    /^4\d\d /,
    {
      method: "POST",
      path: CONFIG_MAPS,
      body: `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
        .split("")
        .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`)
        .join("\n")}`,
    },
    "application/yaml",
  ),
  kube("a map to patch", /^201 /, { method: "POST", path: CONFIG_MAPS, body: configMap("patched", {}) }),
  kube(
    "9,999 additions to one map",
    /^(200|413|422) /,
    {
      method: "PATCH",
      path: `${CONFIG_MAPS}/patched`,
      body: `[{"op":"add","path":"/data","value":{}},${operations(9_998, "add").slice(1)}`,
    },
    "application/json-patch+json",
  ),
  kube(
    "9,998 replacements in one map",
    /^(200|413|422) /,
    { method: "PATCH", path: `${CONFIG_MAPS}/patched`, body: operations(9_998, "replace") },
    "application/json-patch+json",
  ),
  kube(
    "copies that double",
    /^(400|413|422) /,
    {
      method: "PATCH",
      path: `${CONFIG_MAPS}/patched`,
      body: JSON.stringify([
        { op: "add", path: "/metadata/annotations", value: { a0: "x".repeat(1000) } },
        ...Array.from({ length: 40 }, (_unused, i) => ({
          op: "copy",
          from: "/metadata",
          path: `/metadata/annotations/a${i + 1}`,
        })),
      ]),
    },
    "application/json-patch+json",
  ),
  kube("a definition whose pattern takes exponential time elsewhere", /^201 /, {
    method: "POST",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    body: JSON.stringify({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "bombs.attack.test" },
      spec: {
        group: "attack.test",
        scope: "Namespaced",
        names: { plural: "bombs", singular: "bomb", kind: "Bomb", listKind: "BombList" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: "object", properties: { word: { type: "string", pattern: "^(a+)+$" } } },
            },
          },
        ],
      },
    }),
  }),
  {
    title: "the pattern is matched in linear time",
    want: /^422 /,
    run: async ({ kube: to }) => {
      const body = JSON.stringify({
        apiVersion: "attack.test/v1",
        kind: "Bomb",
        metadata: { name: "b" },
        word: `${"a".repeat(50)}!`,
      });
      const headers = { "content-type": "application/json" };
      const path = "/apis/attack.test/v1/namespaces/default/bombs";
      // The definition is served a moment after it is stored.
      for (let tries = 0; tries < 50; tries++) {
        const answer = await ask(to.server, { method: "POST", path, headers, body }, to);
        if (answer.status !== 404) return says(answer);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return "not served";
    },
  },
];

/** A zip with one entry; `size` and `crc` are what it says of itself. */
function lyingZip(real: Uint8Array, size: number, crc = crc32(real)): Buffer {
  const zip = Buffer.from(zipSync({ "index.mjs": real }));
  const [local, central] = [zip.indexOf("PK\u0003\u0004"), zip.indexOf("PK\u0001\u0002")];
  for (const [at, where] of [
    [local, 14],
    [central, 16],
  ] as const) {
    zip.writeUInt32LE(crc >>> 0, at + where);
    zip.writeUInt32LE(size, at + where + 8);
  }
  return zip;
}

function create(title: string, want: RegExp, zip: () => Uint8Array): Attack {
  return {
    title,
    want,
    run: async ({ aws }) => {
      const body = JSON.stringify({
        FunctionName: "attacked",
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Role: "arn:aws:iam::000000000000:role/any",
        Code: { ZipFile: Buffer.from(zip()).toString("base64") },
      });
      return says(await signed(aws, "lambda", { method: "POST", path: "/2015-03-31/functions", body }));
    },
  };
}

function caller(title: string, want: RegExp, spoil: (headers: Record<string, string>) => void): Attack {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const sent = { method: "POST", path: "/", headers, body: "Action=GetCallerIdentity&Version=2011-06-15" };
  return { title, want, run: async ({ aws }) => says(await signed(aws, "sts", sent, spoil)) };
}

const awsAttacks: readonly Attack[] = [
  {
    title: "eight unsigned bodies of 70 MB",
    want: /^(?:[04]\d*,?){8}$/,
    run: async ({ aws }) => {
      const body = Buffer.alloc(70_000_000);
      const sent = { method: "POST", path: "/2015-03-31/functions", body };
      return (await Promise.all(Array.from({ length: 8 }, () => ask(aws.endpoint, sent))))
        .map(({ status }) => status)
        .join(",");
    },
  },
  caller("the root key as it should be", /^200 /, () => {}),
  caller(
    "the root key with a token that nobody gave",
    /^40[03] /,
    (headers) => (headers["x-amz-security-token"] = "garbage"),
  ),
  caller(
    "a header that was changed after it was signed",
    /^403 /,
    (headers) =>
      (headers["x-amz-date"] = headers["x-amz-date"]?.replace(/\dZ$/, (end) => (end === "0Z" ? "1Z" : "0Z")) ?? ""),
  ),
  caller(
    "another region",
    /^40[03] /,
    (headers) => (headers["authorization"] = headers["authorization"]?.replace("us-east-1", "eu-west-1") ?? ""),
  ),
  create("a zip that holds more than it says", /^400 /, () => lyingZip(Buffer.alloc(50_000_000), 100)),
  create("a zip whose checksum is wrong", /^400 /, () => lyingZip(Buffer.from("export {}"), 9, 1)),
  create("a zip of nothing", /^400 /, () => zipSync({})),
  create("65,000 empty entries", /^4\d\d /, () =>
    zipSync(Object.fromEntries(Array.from({ length: 65_000 }, (_unused, i) => [`f${i}`, new Uint8Array()])), {
      level: 0,
    }),
  ),
  {
    title: "JSON that nests 300,000 deep",
    want: /^4\d\d /,
    run: async ({ aws }) => {
      const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.PutItem" };
      const body = `{"TableName":"t","Item":${"[".repeat(300_000)}${"]".repeat(300_000)}}`;
      return says(await signed(aws, "dynamodb", { method: "POST", path: "/", headers, body }));
    },
  },
];

/** The function `probe` answers with what it saw; `?answer=` makes it answer in a way that must not go out. */
const URL_PATH = "/_functions/default/probe";

function edge(title: string, want: RegExp, sent: Partial<Parameters<typeof ask>[1]>): Attack {
  return {
    title,
    want,
    run: async ({ gateway }) => {
      const { status, text, headers } = await ask(gateway, { method: "GET", path: URL_PATH, ...sent });
      return `${status} ${JSON.stringify(headers)} ${text.slice(0, 2_000)}`;
    },
  };
}

function onWire(title: string, want: RegExp, bytes: string): Attack {
  return { title, want, run: ({ gateway }) => raw(gateway, bytes) };
}

const shop = { host: "shop.test" };
const edgeAttacks: readonly Attack[] = [
  edge("a prefix rule serves its paths", /^200 /, { path: "/public/a", headers: shop }),
  edge("and no others", /^404 /, { path: "/admin", headers: shop }),
  edge("dot segments are taken out before rules are asked", /^404 /, { path: "/public/../admin", headers: shop }),
  edge("encoded ones, too", /^404 /, { path: "/public/%2e%2e/admin", headers: shop }),
  edge("a path that others would read otherwise", /^400 /, { path: "/public/..;/admin", headers: shop }),
  edge("an encoded slash that hides one", /^400 /, { path: "/public/..%2fadmin", headers: shop }),
  onWire("two Hosts", /^HTTP\/1\.1 400 /, "GET /public/a HTTP/1.1\r\nHost: shop.test\r\nHost: other.test\r\n\r\n"),
  onWire(
    "the whole address stands for the Host",
    /^HTTP\/1\.1 200 /,
    "GET http://shop.test/public/a HTTP/1.1\r\nHost: other.test\r\n\r\n",
  ),
  onWire(
    "length and chunks at once",
    /^HTTP\/1\.1 400 /,
    "POST /public/a HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ),
  onWire(
    "an upgrade to nothing is no tunnel",
    /^HTTP\/1\.1 200 (?=.*\r\nconnection: close\r\n)(?!.*"rawPath":"\/admin")/is,
    "GET /public/a HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET /admin HTTP/1.1\r\nHost: shop.test\r\n\r\n",
  ),
  edge("names of objects in a query", /^200 .*"__proto__":"a"/s, { path: `${URL_PATH}?__proto__=a&toString=b` }),
  edge("the dashboard's session stays here", /^200 (?!.*ctm-)/s, { headers: { cookie: "ctm-x=secret; a=1" } }),
  edge("a function sets no session of ours", /^200 (?!.*ctm-)/s, { path: `${URL_PATH}?answer=cookie` }),
  edge("the page of another origin reads nothing", /^200 (?!.*access-control)/s, {
    headers: { origin: "http://c.test" },
  }),
  edge("an origin that is allowed does", /^200 .*"access-control-allow-origin":"http:\/\/b\.test"/s, {
    headers: { origin: "http://b.test" },
  }),
  edge("and may ask before", /^200 .*"access-control-allow-methods":"GET"/s, {
    method: "OPTIONS",
    headers: { origin: "http://b.test", "access-control-request-method": "GET" },
  }),
  edge("framing from a function", /^200 (?!.*transfer-encoding)/s, { path: `${URL_PATH}?answer=chunked` }),
  edge("a status that ends nothing", /^502 /, { path: `${URL_PATH}?answer=101` }),
  edge("a line end in a header", /^502 /, { path: `${URL_PATH}?answer=crlf` }),
  edge("an unsigned call where a signature is demanded", /^403 .*Forbidden/s, { path: "/_functions/default/guarded" }),
  {
    title: "and a signed one",
    want: /^200 /,
    run: async ({ aws, gateway }) =>
      says(
        await signed({ ...aws, endpoint: gateway }, "lambda", { method: "GET", path: "/_functions/default/guarded" }),
      ),
  },
  {
    title: "signed for another function",
    want: /^403 /,
    run: async ({ aws, gateway }) =>
      says(
        await signed({ ...aws, endpoint: gateway }, "lambda", {
          method: "GET",
          path: "/_functions/default/probe",
          sendTo: "/_functions/default/guarded",
        }),
      ),
  },
];

export const attacks: readonly Attack[] = [...kubeAttacks, ...awsAttacks, ...edgeAttacks];
