/** Where the gateway of this instance listens, as the addresses in the status of what it serves say. */
export interface Edge {
  readonly ip: string;
  readonly port: number;
}
