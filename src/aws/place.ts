/** The one account and region that there are, which every ARN has. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}
