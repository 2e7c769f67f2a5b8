/** The one route table of the edge: what Ingress, HTTP API and function URL objects become. Data only. */

export interface Route {
  /** Exact host, "*.example.org", or "" for any. */
  readonly host: string;
  readonly path: string;
  readonly pathType: "Exact" | "Prefix" | "Template";
  /** Upper case; empty means any. */
  readonly methods: readonly string[];
  /** Weighted by `weight` > 0. */
  readonly backends: readonly Backend[];
  /** Where it comes from: "Ingress/default/web", "HttpApi/default/web", "FunctionUrl/default/web". */
  readonly from: string;
}

export type Backend =
  | {
      readonly is: "service";
      readonly namespace: string;
      readonly name: string;
      readonly port: number | string;
      readonly weight: number;
    }
  | {
      readonly is: "function";
      readonly namespace: string;
      readonly name: string;
      readonly qualifier: string;
      readonly weight: number;
      readonly payload: "1.0" | "2.0";
      readonly stage?: string;
      readonly apiId?: string;
    };
