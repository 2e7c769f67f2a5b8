/** Amazon Resource Names, read and written in one place (AWS General Reference, "Amazon Resource Names"). Pure. */

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything behind the fifth colon, colons and slashes of its own included. */
  readonly resource: string;
}

const ARN = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([^:]*):(.+)$/s;

/** Null for a text that is no ARN. */
export function parseArn(text: string): Arn | null {
  const [, partition, service, region = "", accountId = "", resource] = ARN.exec(text) ?? [];
  if (partition === undefined || service === undefined || resource === undefined) return null;
  return { partition, service, region, accountId, resource };
}
