/** What a proxied page says about other pages, rewritten so that it leads through the proxy again (apimachinery util/proxy, Transport). Pure. */
import { posix } from "node:path";

export interface ProxiedPage {
  /** The path up to and with "/proxy". */
  readonly prefix: string;
  /** Where the answer came from, as host:port. */
  readonly sourceHost: string;
  /** The Host header of the client. */
  readonly requestHost: string;
}

const URL_PARTS = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/** Links to another host and relative ones stay as they are. */
export function rewriteUrl(target: string, { prefix, sourceHost, requestHost }: ProxiedPage): string {
  const [, host = "", path = "", rest = ""] = URL_PARTS.exec(target) ?? [];
  if (!path.startsWith("/")) return target;
  if (host !== "" && host !== sourceHost && host !== requestHost) return target;
  // The client's own host is kept; the pod's address says nothing to the client.
  const origin = host === requestHost ? target.slice(0, target.length - path.length - rest.length) : "";
  return `${origin}${path.startsWith(prefix) ? path : posix.join(prefix, path)}${rest}`;
}

// The attributes that hold addresses, by tag: upstream's atomsToAttrs, from the index of attributes of HTML 4 and 5.
const ATTRIBUTES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    a: ["href"],
    applet: ["codebase"],
    area: ["href"],
    audio: ["src"],
    base: ["href"],
    blockquote: ["cite"],
    body: ["background"],
    button: ["formaction"],
    command: ["icon"],
    del: ["cite"],
    embed: ["src"],
    form: ["action"],
    frame: ["longdesc", "src"],
    head: ["profile"],
    html: ["manifest"],
    iframe: ["longdesc", "src"],
    img: ["longdesc", "src", "usemap"],
    input: ["src", "usemap", "formaction"],
    ins: ["cite"],
    link: ["href"],
    object: ["classid", "codebase", "data", "usemap"],
    q: ["cite"],
    script: ["src"],
    source: ["src"],
    video: ["poster", "src"],
  }),
);
// What is inside of these is text, not markup.
const RAW = ["script", "style", "textarea", "title"];

const TAG = /<([a-z][^\s/>]*)/iy;
const ATTRIBUTE = /[\s/]*([^\s=/>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?/y;

/** One pass over the text; what is no tag is copied as it is. */
export function rewriteHtml(html: string, rewrite: (url: string) => string): string {
  const lower = html.toLowerCase();
  let [out, done, at] = ["", 0, 0];
  while ((at = html.indexOf("<", at)) >= 0) {
    if (html.startsWith("<!--", at)) {
      at = after(html, "-->", at + 4);
      continue;
    }
    TAG.lastIndex = at;
    const name = TAG.exec(html)?.[1]?.toLowerCase();
    if (name === undefined) {
      at++;
      continue;
    }
    const tag = rewriteTag(html, at + 1 + name.length, { names: ATTRIBUTES.get(name) ?? [], rewrite });
    out += html.slice(done, at + 1 + name.length) + tag.text;
    done = at = tag.end;
    if (RAW.includes(name)) at = after(lower, `</${name}`, at);
  }
  return out + html.slice(done);
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

/** The attributes from `from` on, up to what closes the tag. */
function rewriteTag(
  html: string,
  from: number,
  { names, rewrite }: { readonly names: readonly string[]; readonly rewrite: (url: string) => string },
): { readonly text: string; readonly end: number } {
  let [text, at] = ["", from];
  for (;;) {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(html);
    if (match === null) return { text, end: at };
    const [whole, name = "", double, single, bare] = match;
    const value = double ?? single ?? bare;
    const isAddress = value !== undefined && names.includes(name.toLowerCase());
    // The value is the last of what matched, before its closing quote if there is one.
    const tail = bare === undefined ? 1 : 0;
    text += isAddress
      ? whole.slice(0, whole.length - tail - value.length) + rewrite(value) + whole.slice(whole.length - tail)
      : whole;
    at += whole.length;
  }
}
