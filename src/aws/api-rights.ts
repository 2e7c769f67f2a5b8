/** What policies say about API Gateway's own actions: the method and the path, not the operation's name (Service Authorization Reference, "API Gateway Management"). Pure. */
import { member } from "#base/dictionary.ts";
import type { Action, Members } from "./action.ts";

/** The action with the permission "apigateway:PATCH" on "arn:aws:apigateway:REGION::/apis/ID". */
export function withPathRights<W>(action: Action<W>): Action<W> {
  const { method, uri, request } = action.operation;
  const path = (uri.split("?")[0] ?? "").replace(/^\/v2\//, "/");
  const labels = new Map(request.uri.map(({ key, member: { name } }) => [key, name]));
  const filled = (input: Members): string =>
    path.replaceAll(/\{([^}+]+)\+?\}/g, (_whole, key: string) => {
      const value = member(input, labels.get(key) ?? key);
      return typeof value === "string" ? value : "";
    });
  return {
    ...action,
    permission: method,
    resources: (input, { region }) => [`arn:aws:apigateway:${region}::${filled(input)}`],
  };
}
