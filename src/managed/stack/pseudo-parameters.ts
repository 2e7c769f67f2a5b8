/** Pseudo parameters: what every template may refer to ("Pseudo parameters reference"). Pure. */
import type { Json } from "#base/json.ts";

export interface StackFacts {
  readonly accountId: string;
  readonly region: string;
  readonly stackName: string;
  readonly stackId: string;
  readonly notificationArns: readonly string[];
}

/** Undefined for any other name; AWS::NoValue is a matter of intrinsics.ts. */
export function pseudoParameter(name: string, facts: StackFacts): Json | undefined {
  switch (name) {
    case "AWS::AccountId":
      return facts.accountId;
    case "AWS::Region":
      return facts.region;
    case "AWS::StackName":
      return facts.stackName;
    case "AWS::StackId":
      return facts.stackId;
    case "AWS::NotificationARNs":
      return facts.notificationArns;
    case "AWS::Partition":
      return "aws";
    case "AWS::URLSuffix":
      return "amazonaws.com";
    default:
      return undefined;
  }
}

export function isPseudoParameter(name: string): boolean {
  return (
    name === "AWS::NoValue" ||
    /^AWS::(AccountId|Region|StackName|StackId|NotificationARNs|Partition|URLSuffix)$/.test(name)
  );
}
