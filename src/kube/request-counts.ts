/** What /metrics tells: how many requests of which verb ended how, and how many watch. Prometheus text format. */

export interface CountedRequest {
  readonly verb: string;
  /** The plural, "" for paths that are no objects. */
  readonly resource: string;
  readonly group: string;
  readonly code: number;
  readonly ms: number;
}

interface Count {
  requests: number;
  ms: number;
}

export class RequestCounts {
  readonly #counts = new Map<string, Count>();

  add({ verb, resource, group, code, ms }: CountedRequest): void {
    const labels = `verb="${verb.toUpperCase()}",group="${group}",resource="${resource}",code="${code}"`;
    let count = this.#counts.get(labels);
    if (count === undefined) this.#counts.set(labels, (count = { requests: 0, ms: 0 }));
    count.requests++;
    count.ms += ms;
  }

  /** Names are kube-apiserver's, so that its dashboards find them. */
  text({ watches, streams }: { readonly watches: number; readonly streams: number }): string {
    const counts = [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      "# HELP apiserver_request_total Requests by verb, kind and HTTP code.",
      "# TYPE apiserver_request_total counter",
      ...counts.map(([labels, { requests }]) => `apiserver_request_total{${labels}} ${requests}`),
      "# HELP apiserver_request_duration_seconds Time until requests were answered, watches and streams left out.",
      "# TYPE apiserver_request_duration_seconds summary",
      ...counts.flatMap(([labels, { requests, ms }]) => [
        `apiserver_request_duration_seconds_sum{${labels}} ${(ms / 1000).toFixed(6)}`,
        `apiserver_request_duration_seconds_count{${labels}} ${requests}`,
      ]),
      "# HELP apiserver_longrunning_requests Watches and streams that are open.",
      "# TYPE apiserver_longrunning_requests gauge",
      `apiserver_longrunning_requests{verb="CONNECT"} ${streams}`,
      `apiserver_longrunning_requests{verb="WATCH"} ${watches}`,
      "",
    ].join("\n");
  }
}
