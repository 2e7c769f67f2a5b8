/** What API Gateway's ARNs and addresses name. Pure. */

/** The function of an ARN, or of the ARN in API Gateway's own form ("…:lambda:path/…/functions/ARN/invocations"); null for any other text. */
export function functionOf(uri: string): string | null {
  return /:function:([\w${}.-]+)/.exec(uri)?.[1] ?? null;
}
