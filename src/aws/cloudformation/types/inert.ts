/** Types that make nothing: marks of tools, and handles that only names are taken of. */
import type { TypeOver } from "../resource.ts";

function inert(name: string, properties: readonly string[]): TypeOver {
  return () => ({
    name,
    properties,
    createOnly: [],
    create: async ({ generatedName }) => Promise.resolve({ physicalId: generatedName, attributes: {} }),
    update: async (_asked, before) => Promise.resolve(before),
    remove: async () => Promise.resolve(),
  });
}

export const inertTypes: readonly TypeOver[] = [
  // What CDK counts its users by; there is nobody who counts.
  inert("AWS::CDK::Metadata", ["Analytics"]),
  inert("AWS::CloudFormation::WaitConditionHandle", []),
];
