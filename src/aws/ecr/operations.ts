/** Which operations of ECR are served: what deploy tools ask before they remove. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = { service: "ecr", version: "2015-09-21", operations: ["DescribeRepositories"] };
