/** Where a request says who asks: the identity sources of authorizers (API Gateway, "Identity sources"). Pure. */
import { valueOf, type MappingSource } from "../apis/parameter-mapping.ts";

/** What each source says, in their order; null when one says nothing: then nobody is asked, and the request is refused. */
export function identityOf(sources: readonly string[], asked: MappingSource): readonly string[] | null {
  const values = sources.map((source) => valueOf(selectorOf(source), "request", asked));
  return values.every((value) => value !== "") ? values : null;
}

/** REST APIs say "method.request.header.X", WebSocket APIs "route.request.header.X", for what HTTP APIs begin with a dollar. */
function selectorOf(source: string): string {
  if (source.startsWith("$")) return source;
  return `$${source.replace(/^(method|route)\./, "")}`;
}
