/** A route of the edge and where it leads: what Ingress and function URL objects become. Data only. */

export interface Route {
  /** Exact host, "*.example.org", or "" for any; lower case. */
  readonly host: string;
  readonly path: string;
  readonly pathType: "Exact" | "Prefix" | "Template";
  /** Upper case; empty means any. */
  readonly methods: readonly string[];
  /** Weighted by `weight` > 0. */
  readonly backends: readonly Backend[];
  /** Where it comes from: "Ingress/default/web", "FunctionUrl/default/web". */
  readonly from: string;
}

/** What a route says of the requests that are its own. */
export type Pattern = Pick<Route, "path" | "pathType" | "methods">;

export type Backend = ServiceTarget | FunctionTarget;

export interface ServiceTarget {
  readonly is: "service";
  readonly namespace: string;
  readonly name: string;
  readonly port: number | string;
  readonly weight: number;
}

export interface FunctionTarget {
  readonly is: "function";
  readonly namespace: string;
  readonly name: string;
  readonly qualifier: string;
  readonly weight: number;
  readonly payload: "1.0" | "2.0";
  /** Whose rules of events, answers and failures hold. */
  readonly front: "http-api" | "function-url";
  /** AWS_IAM: only signed requests of those who may invoke it. CLOSED: no policy lets anybody in. */
  readonly auth: "NONE" | "AWS_IAM" | "CLOSED";
  /** The client is sent what the function writes while it still writes. */
  readonly isStreamed?: true;
  readonly stage?: string;
  readonly apiId?: string;
}
