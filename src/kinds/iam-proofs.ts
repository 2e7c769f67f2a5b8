/** The part of proofs.ts that is about the kinds of IAM. */
import type { TypeProofs } from "./core-proofs.ts";

export const iamProofs: TypeProofs = {
  "dev.catamaran.v1.IamGroup": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamGroupSpec": {
    "src/kinds/catamaran/iam.test.ts": "path policies inlinePolicies",
  },
  "dev.catamaran.v1.IamInstanceProfile": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamInstanceProfileSpec": {
    "src/kinds/catamaran/iam.test.ts": "path role tags",
  },
  "dev.catamaran.v1.IamOidcProvider": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamOidcProviderSpec": {
    "src/kinds/catamaran/iam.test.ts": "url clientIds thumbprints tags",
  },
  "dev.catamaran.v1.IamPolicy": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamPolicySpec": {
    "src/kinds/catamaran/iam.test.ts": "path description versions defaultVersion tags",
  },
  "dev.catamaran.v1.IamPolicyVersion": {
    "src/kinds/catamaran/iam.test.ts": "id document createdAt",
  },
  "dev.catamaran.v1.IamRole": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamRoleSpec": {
    "src/kinds/catamaran/iam.test.ts":
      "path description trustPolicy trusted maxSessionSeconds permissionsBoundary policies inlinePolicies tags",
  },
  "dev.catamaran.v1.IamUser": {
    "src/kinds/catamaran/iam.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.IamUserSpec": {
    "src/kinds/catamaran/iam.test.ts": "path groups accessKeys permissionsBoundary policies inlinePolicies tags",
  },
  "dev.catamaran.v1.IamAccessKey": {
    "src/kinds/catamaran/iam.test.ts": "id state createdAt",
  },
};
