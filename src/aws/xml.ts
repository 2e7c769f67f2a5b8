/** XML as text and as elements: written with escapes, read within limits. Never any schema. */
import { SaxesParser } from "saxes";
import { AwsError } from "./aws-error.ts";

/** Names are without the prefix of their namespace: AWS's readers look at local names alone. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All that stands directly inside. */
  readonly text: string;
}

interface Growing {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Growing[];
  text: string;
}

// An element takes 2 microseconds: these hold the process for 50 ms at most. The largest request has 10,000 parts of four elements.
const MAX_ELEMENTS = 50_000;
const MAX_DEPTH = 64;

/** Line ends as references too, which XML would else turn into spaces and line feeds (XML 1.0, 2.11). */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r\n\u0085\u2028]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The root element. Throws MalformedXML for what is not well-formed, has a document type, or is more than a request needs. */
export function readXml(text: string): XmlElement {
  const parser = new SaxesParser({ fragment: false });
  const open: Growing[] = [];
  let root: Growing | null = null;
  let count = 0;
  parser.on("error", (error) => fail(error.message));
  // Entities of a document's own type may name files and grow without end.
  parser.on("doctype", () => fail("a document type is not allowed"));
  parser.on("opentag", ({ name, attributes }) => {
    if (++count > MAX_ELEMENTS) fail(`the document has more than ${MAX_ELEMENTS} elements`);
    if (open.length >= MAX_DEPTH) fail(`the document nests deeper than ${MAX_DEPTH} levels`);
    const element = { name: localName(name), attributes: new Map(Object.entries(attributes)), children: [], text: "" };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on("closetag", () => void open.pop());
  const add = (piece: string): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += piece;
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.write(text).close();
  return root ?? fail("the document is empty");
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function fail(why: string): never {
  throw new AwsError(
    "MalformedXML",
    400,
    `The XML you provided was not well-formed or did not validate against our published schema: ${why}`,
  );
}
