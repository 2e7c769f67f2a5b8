/** Which stage of which API a request is for, and which of its routes. Pure. */
import { type Match, matchOf } from "../match.ts";
import type { RequestTarget } from "../request-target.ts";
import type { RouteTable } from "../route-table.ts";
import type { ServedRestApi, ServedRestStage } from "../rest/served-rest.ts";
import type { ServedApi, ServedSocketApi, ServedRoute, ServedStage } from "./served-api.ts";

/** Of a REST API the deployment is chosen first: a canary may have other methods. */
export interface FoundRestApi {
  readonly is: "rest";
  readonly api: ServedRestApi;
  readonly stage: ServedRestStage | null;
  readonly path: string;
  readonly stagePath: string;
}

export interface FoundSocketApi {
  readonly is: "socket";
  readonly api: ServedSocketApi;
  readonly stage: ServedStage | null;
  readonly path: string;
  readonly stagePath: string;
}

export interface FoundApi {
  readonly is: "http";
  readonly api: ServedApi;
  /** Null: the path names none, and there is no $default. */
  readonly stage: ServedStage | null;
  /** Below the stage, still encoded. */
  readonly path: string;
  /** "/dev", as functions see it before the path; "" of $default. */
  readonly stagePath: string;
  readonly match: Match<ServedRoute> | null;
}

export type FoundAnyApi = FoundApi | FoundRestApi | FoundSocketApi;

/** Null when the host is no API's. */
export function findApi({ apis }: RouteTable, { host, path }: RequestTarget, method: string): FoundAnyApi | null {
  const api = apis.get(host);
  if (api === undefined || api.isHostClosed) return null;
  if (api.is === "rest") return { is: "rest", api, ...stageOf(api.stages, path) };
  if (api.is === "socket") return { is: "socket", api, ...stageOf(api.stages, path) };
  const staged = stageOf(api.stages, path);
  const match = staged.stage === null ? null : matchOf(staged.stage.routes, staged.path, method);
  return { is: "http", api, ...staged, match };
}

/** A first segment that is a stage's name goes before $default, which has no segment of its own. */
function stageOf<S>(
  stages: ReadonlyMap<string, S>,
  path: string,
): { readonly stage: S | null; readonly path: string; readonly stagePath: string } {
  const end = path.indexOf("/", 1);
  const first = end < 0 ? path.slice(1) : path.slice(1, end);
  const named = first === "$default" ? undefined : stages.get(first);
  if (named !== undefined) return { stage: named, path: end < 0 ? "/" : path.slice(end), stagePath: `/${first}` };
  return { stage: stages.get("$default") ?? null, path, stagePath: "" };
}
