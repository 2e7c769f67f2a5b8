/** What /metrics prints. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestCounts } from "./request-counts.ts";

test("requests are summed by verb, kind and code", () => {
  const counts = new RequestCounts();
  const list = { verb: "list", group: "", resource: "pods", code: 200 };
  counts.add({ ...list, ms: 1 });
  counts.add({ ...list, ms: 2 });
  counts.add({ ...list, code: 403, ms: 1 });
  const lines = counts
    .text({ watches: 3, streams: 2 })
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  assert.deepEqual(lines, [
    'apiserver_request_total{verb="LIST",group="",resource="pods",code="200"} 2',
    'apiserver_request_total{verb="LIST",group="",resource="pods",code="403"} 1',
    'apiserver_request_duration_seconds_sum{verb="LIST",group="",resource="pods",code="200"} 0.003000',
    'apiserver_request_duration_seconds_count{verb="LIST",group="",resource="pods",code="200"} 2',
    'apiserver_request_duration_seconds_sum{verb="LIST",group="",resource="pods",code="403"} 0.001000',
    'apiserver_request_duration_seconds_count{verb="LIST",group="",resource="pods",code="403"} 1',
    'apiserver_longrunning_requests{verb="CONNECT"} 2',
    'apiserver_longrunning_requests{verb="WATCH"} 3',
    "",
  ]);
});
