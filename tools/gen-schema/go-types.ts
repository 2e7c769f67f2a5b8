/** Reads Go type declarations as text: structs with their tags and markers, and named types. Knows gofmt's layout, nothing of Kubernetes. */

export interface GoPackage {
  readonly structs: ReadonlyMap<string, GoStruct>;
  /** "type Protocol string": name to what it stands for. */
  readonly named: ReadonlyMap<string, GoNamed>;
}

export interface GoStruct {
  readonly markers: Markers;
  readonly fields: readonly GoField[];
}

export interface GoNamed {
  readonly of: GoType;
  readonly markers: Markers;
}

export interface GoField {
  /** Absent for embedded types. */
  readonly name?: string;
  readonly type: GoType;
  readonly tags: ReadonlyMap<string, string>;
  readonly markers: Markers;
}

/** "+listType=map" is listType -> ["map"]; a marker without a value has the empty one. */
export type Markers = ReadonlyMap<string, readonly string[]>;

export type GoType =
  | { readonly is: "named"; readonly package?: string; readonly name: string }
  | { readonly is: "pointer" | "list" | "map"; readonly of: GoType };

const NAMED = /^type (\w+) (?!struct\b|interface\b|func\b|\()(=\s*)?([^{`]+?)(?:\s*\/\/.*)?$/;
const FIELD = /^\t(?:(\w+)\s+)?([*\w[\].]+)\s+`([^`]*)`/;

export function parseGo(source: string): GoPackage {
  const imports = importsOf(source);
  const structs = new Map<string, GoStruct>();
  const named = new Map<string, GoNamed>();
  let markers = new Map<string, string[]>();
  let open: { readonly name: string; readonly markers: Markers; readonly fields: GoField[] } | undefined;
  for (const line of source.split("\n")) {
    const comment = /^\s*\/\/ ?(.*)$/.exec(line);
    if (comment !== null) {
      addMarker(markers, comment[1] ?? "");
      continue;
    }
    const struct = /^type (\w+) struct ?\{(\})?/.exec(line);
    const alias = NAMED.exec(line);
    const field = open === undefined ? null : FIELD.exec(line);
    if (struct !== null) {
      open = { name: struct[1] ?? "", markers, fields: [] };
      if (struct[2] !== undefined) structs.set(open.name, open);
    } else if (alias !== null) {
      named.set(alias[1] ?? "", { of: parseType(alias[3] ?? "", imports), markers });
    } else if (open !== undefined && field !== null) {
      const [, name, type = "", tags = ""] = field;
      open.fields.push({
        ...(name !== undefined && { name }),
        type: parseType(type, imports),
        tags: parseTags(tags),
        markers,
      });
    } else if (line === "}" && open !== undefined) {
      structs.set(open.name, open);
      open = undefined;
    }
    // A blank line after comments keeps them: upstream separates markers from the declaration that way.
    if (line !== "") markers = new Map();
  }
  return { structs, named };
}

function addMarker(markers: Map<string, string[]>, comment: string): void {
  const marker = /^\+([\w:-]+)(?:=(.*))?$/.exec(comment.trim());
  if (marker === null) return;
  const [, name = "", value = ""] = marker;
  markers.set(name, [...(markers.get(name) ?? []), value]);
}

function importsOf(source: string): ReadonlyMap<string, string> {
  const imports = new Map<string, string>();
  for (const match of source.matchAll(/^(?:import )?\t?(?:(\w+) )?"([\w./-]+)"$/gm)) {
    const [, alias, path = ""] = match;
    imports.set(alias ?? path.slice(path.lastIndexOf("/") + 1), path);
  }
  return imports;
}

function parseType(text: string, imports: ReadonlyMap<string, string>): GoType {
  if (text.startsWith("*")) return { is: "pointer", of: parseType(text.slice(1), imports) };
  if (text.startsWith("[]")) return { is: "list", of: parseType(text.slice(2), imports) };
  const map = /^map\[[\w.]+\](.+)$/.exec(text);
  if (map !== null) return { is: "map", of: parseType(map[1] ?? "", imports) };
  const dot = text.indexOf(".");
  if (dot < 0) return { is: "named", name: text };
  const path = imports.get(text.slice(0, dot));
  if (path === undefined) throw new RangeError(`the package of ${text} is not imported`);
  return { is: "named", package: path, name: text.slice(dot + 1) };
}

function parseTags(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/(\w+):"([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]));
}
