/** One way to a service and where it leads, as data. How it becomes packet rules is told elsewhere. */

/** One address and port that a service is reached by, and where it leads. */
export interface Route {
  /** Unique and readable: "default/web/http/tcp". */
  readonly name: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  readonly nodePort: number | null;
  /** Cluster IP, external IPs, load balancer IPs. */
  readonly ips: readonly string[];
  readonly externalIps: readonly string[];
  readonly backends: readonly Backend[];
  /** Of NodePort and external traffic; the same as `backends` unless externalTrafficPolicy is Local. */
  readonly externalBackends: readonly Backend[];
  /** How long a client stays with its backend; null when each connection draws anew. */
  readonly stickySeconds: number | null;
  /** externalTrafficPolicy Local keeps the client's address. */
  readonly keepsSource: boolean;
}

export interface Backend {
  readonly ip: string;
  readonly port: number;
}
