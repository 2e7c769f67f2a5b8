/** Keys of parameter mappings of HTTP APIs: "overwrite:header.X" and its kin (API Gateway, "Transform API requests and responses"). Pure. */

/** "append:header.X": what is done to which part of a request or an answer. */
export interface PartChange {
  readonly how: "append" | "overwrite" | "remove";
  readonly part: "header" | "querystring" | "path";
  readonly name: string;
}

const KEY = /^(append|overwrite|remove):(header|querystring)\.([\w!#$%&'*+.^`|~-]+)$/i;

/** Null for what is no key of a mapping. */
export function changeOf(key: string): PartChange | null {
  if (key === "overwrite:path") return { how: "overwrite", part: "path", name: "" };
  const [, how, part, name] = KEY.exec(key) ?? [];
  if (how === undefined || part === undefined || name === undefined) return null;
  return {
    how: how.toLowerCase() as PartChange["how"],
    part: part.toLowerCase() as PartChange["part"],
    name: part.toLowerCase() === "header" ? name.toLowerCase() : name,
  };
}

export function isStatusKey(key: string): boolean {
  return key.toLowerCase() === "overwrite:statuscode";
}

/** Of an answer headers and the status are changed. */
export function isAnswerKey(key: string): boolean {
  return isStatusKey(key) || changeOf(key)?.part === "header";
}
