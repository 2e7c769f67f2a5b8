/** CertificateSigningRequest: what is refused, and what its row says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind as kind,
} from "./certificate-signing-request.ts";

const request = Buffer.from("-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n").toString(
  "base64",
);
const spec = { request, signerName: "example.com/mine", usages: ["client auth"] };

const refused: readonly (readonly [title: string, spec: object, sentences: readonly string[]])[] = [
  ["whole", {}, []],
  ["no PEM", { request: "" }, ['spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST']],
  ["no usage", { usages: [] }, ["spec.usages: Required value"]],
  ["twice the same", { usages: ["any", "any"] }, ['spec.usages[1]: Duplicate value: "any"']],
  [
    "no domain",
    { signerName: "mine" },
    [
      "spec.signerName: Invalid value: \"mine\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
    ],
  ],
  [
    "one label",
    { signerName: "com/mine" },
    ['spec.signerName: Invalid value: "com": should be a domain with at least two segments separated by dots'],
  ],
  [
    "legacy",
    { signerName: "kubernetes.io/legacy-unknown" },
    [
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ],
  ],
  [
    "too short",
    { expirationSeconds: 60 },
    ["spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)"],
  ],
];
for (const [title, rest, sentences] of refused)
  test(`certificate requests: ${title}`, () => {
    const found = kind.validate?.({ metadata: { name: "r" }, spec: { ...spec, ...rest } }, null) ?? [];
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      sentences,
    );
  });

const rows: readonly (readonly [status: CertificateSigningRequest["status"], text: string])[] = [
  [{}, "Pending"],
  [{ conditions: [{ type: "Approved", status: "True" }], certificate: "eA==" }, "Approved,Issued"],
  [{ conditions: [{ type: "Denied", status: "True" }] }, "Denied"],
  [
    {
      conditions: [
        { type: "Approved", status: "True" },
        { type: "Failed", status: "True" },
      ],
    },
    "Approved,Failed",
  ],
];
for (const [status = {}, text] of rows)
  test(`its row says ${text}`, () => {
    assert.equal(kind.columns.at(-1)?.cell({ metadata: { name: "r" }, spec, status }, 0), text);
  });
