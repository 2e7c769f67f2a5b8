/** Links of proxied pages: which lead through the proxy afterwards, and which stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteHtml, rewriteUrl } from "./proxy-links.ts";

const prefix = "/api/v1/namespaces/n/pods/p:80/proxy";
const page = { prefix, sourceHost: "10.1.0.2:80", requestHost: "127.0.0.1:8001" };

const links: readonly (readonly [title: string, given: string, wanted: string])[] = [
  ["an absolute path", "/a/b?c#d", `${prefix}/a/b?c#d`],
  ["a folder keeps its slash", "/a/", `${prefix}/a/`],
  ["the root", "/", `${prefix}/`],
  ["a relative path", "a/b", "a/b"],
  ["only a query", "?x=/y", "?x=/y"],
  ["the pod's own address", "http://10.1.0.2:80/a", `${prefix}/a`],
  ["the client's own host", "http://127.0.0.1:8001/a", `http://127.0.0.1:8001${prefix}/a`],
  ["another host", "https://example.com/a", "https://example.com/a"],
  ["without a scheme, another host", "//example.com/a", "//example.com/a"],
  ["what has the prefix already", `${prefix}/a`, `${prefix}/a`],
  ["nothing", "", ""],
];
for (const [title, given, wanted] of links)
  test(`a link is led through the proxy: ${title}`, () => assert.equal(rewriteUrl(given, page), wanted));

const pages: readonly (readonly [title: string, given: string, wanted: string])[] = [
  [
    "quotes of both kinds, or none",
    `<a href="/x">t</a><A HREF='/y'><img src=/z>`,
    `<a href="!/x">t</a><A HREF='!/y'><img src=!/z>`,
  ],
  ["only the attributes that hold addresses", `<a title="/x" href = "/y" >`, `<a title="/x" href = "!/y" >`],
  ["only the tags that have them", `<p href="/x"><abbr src="/y">`, `<p href="/x"><abbr src="/y">`],
  [
    "no text, comment or script",
    `a < b /c <!-- <a href="/x"> --><script src="/s">'<a href="/x">'</script><a href="/y">`,
    `a < b /c <!-- <a href="/x"> --><script src="!/s">'<a href="/x">'</script><a href="!/y">`,
  ],
  ["empty elements", `<link rel=stylesheet href="/x"/><br/>`, `<link rel=stylesheet href="!/x"/><br/>`],
  ["what ends too early", `<a href="/x`, `<a href="/x`],
  ["a comment without end", `<!-- <a href="/x">`, `<!-- <a href="/x">`],
];
for (const [title, given, wanted] of pages)
  test(`a page's links are rewritten: ${title}`, () =>
    assert.equal(
      rewriteHtml(given, (url) => `!${url}`),
      wanted,
    ));

test("a page of nothing but openings is read once", () => {
  for (const text of [
    "<".repeat(500_000),
    "<a ".repeat(200_000),
    '<a href="'.repeat(100_000),
    "<!--".repeat(200_000),
    "<script>".repeat(100_000),
  ])
    assert.equal(
      rewriteHtml(text, (url) => url),
      text,
    );
});
