/** AWS's own managed policies that people attach most, by their ARNs. */
import { documents } from "./aws-policies.gen.ts";

export interface AwsPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly versionId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** As JSON text. */
  readonly document: string;
}

export const awsPolicies: ReadonlyMap<string, AwsPolicy> = new Map(
  documents.map(([name, path, versionId, createdAt, updatedAt, document]) => {
    const arn = `arn:aws:iam::aws:policy${path}${name}`;
    return [arn, { arn, name, path, versionId, createdAt, updatedAt, document }];
  }),
);
