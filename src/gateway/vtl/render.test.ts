/** Templates in Velocity's language, row by row (Apache Velocity, "VTL Reference"; API Gateway, "Mapping template examples"). */
import assert from "node:assert/strict";
import test from "node:test";
import { parseTemplate } from "./parse.ts";
import { render } from "./render.ts";
import { TemplateFault } from "./syntax.ts";
import { type Value, valueOfJson } from "./values.ts";

const DATA = { name: "ann", age: 7, tags: ["a", "b"], inner: { x: "1", "y-z": 2 }, none: null, yes: true };

function rendered(template: string): string {
  const scope = new Map<string, Value>([
    ["data", valueOfJson(DATA)],
    ["name", "ann"],
    ["n", 5],
  ]);
  return render(parseTemplate(template), scope);
}

const rows: readonly (readonly [template: string, output: string])[] = [
  ["plain text", "plain text"],
  ["$name", "ann"],
  ["${name}s", "anns"],
  ["$!missing.", "."],
  ["$missing.x", "$missing.x"],
  ["${missing}", "${missing}"],
  ["\\$name", "$name"],
  ["costs $5", "costs $5"],
  ["a##comment\nb", "ab"],
  ["a#* many\nlines *#b", "ab"],
  ["$data.name $data.inner.x", "ann 1"],
  ["$data.get('inner').get(\"y-z\")", "2"],
  ["$data.tags[1]$data.tags.get(0)$data.tags.size()", "ba2"],
  ["$data['name']", "ann"],
  ["$data.tags", "[a, b]"],
  ["$data.inner", "{x=1, y-z=2}"],
  ["#set($x = 3)\n$x", "3"],
  ["#set($x = $n + 2 * 3)$x", "11"],
  ["#set($x = (5 + 2) / 2)$x", "3"],
  ["#set($x = 7 % 4 - 1)$x", "2"],
  ["#set($x = 1 / 0)$!x.", "."],
  ["#set($x = 'a' + $n)$x", "a5"],
  ['#set($x = "hi $name${n}")$x', "hi ann5"],
  ["#set($x = 'hi $name')$x", "hi $name"],
  ["#set($x = [1, 'b', [2]])$x", "[1, b, [2]]"],
  ["#set($x = {'a': 1, \"b\": [2]})$x.a$x.b", "1[2]"],
  ["#set($x = {})#set($x.a = 1)$x", "{a=1}"],
  ["#set($data.name = 'bob')$data.name", "bob"],
  ["#if($data.yes)y#{else}n#end", "y"],
  ["#if($missing)y#elseif($n == 5)five#else n#end", "five"],
  ["#if($n > 4 && $n <= 5 || false)y#end", "y"],
  ["#if(!$missing and $n ne 4)y#end", "y"],
  ["#if($name == 'ann')y#end", "y"],
  ["#if($n == '5')y#end", "y"],
  ["#if($data.none)y#{else}n#end", "n"],
  ["#if('')y#end", "y"],
  ["#foreach($t in $data.tags)$t$foreach.index#if($foreach.hasNext),#end#end", "a0,b1"],
  ["#foreach($i in [1..3])$i$velocityCount #end", "11 22 33 "],
  ["#foreach($i in [3..1])$i#end", "321"],
  ["#foreach($k in $data.inner.keySet())$k=$data.inner.get($k);#end", "x=1;y-z=2;"],
  ["#foreach($e in $data.inner.entrySet())$e.key:$e.getValue() #end", "x:1 y-z:2 "],
  ["#foreach($t in $data.tags)#if($t == 'b')#break#end$t#end!", "a!"],
  ["a#stop b", "a"],
  ["$name.length()$name.toUpperCase()$name.substring(1,2)", "3ANNn"],
  ["$name.replaceAll('n+', 'N')$name.contains('nn')$name.indexOf('n')", "aNtrue1"],
  ["$name.split('n').size()$name.equals('ann')$name.startsWith('x')", "1truefalse"],
  ["#set($q = $data.tags.add('c'))$data.tags", "[a, b, c]"],
  ["#set($q = $data.inner.put('k', 'v'))$data.inner.containsKey('k')", "true"],
  // Nothing of JavaScript is in reach.
  ["$name.constructor", "$name.constructor"],
  ["$data.__proto__", "$data.__proto__"],
  ["$name.constructor.constructor('return 1')()", "$name.constructor.constructor('return 1')()"],
  ["$data.tags.map('x')", "$data.tags.map('x')"],
  ["$data.hasOwnProperty('name')", "$data.hasOwnProperty('name')"],
];
for (const [template, output] of rows)
  test(`${JSON.stringify(template)} is ${JSON.stringify(output)}`, () => {
    assert.equal(rendered(template), output);
  });

const faulty: readonly (readonly [title: string, template: string, says: RegExp])[] = [
  ["an #if without its #end", "#if(true)a", /#end is missing/],
  ["an #end alone", "a#end", /without its beginning/],
  ["a #set of nothing", "#set($x = )", /a value is missing/],
  [
    "a loop in loops that never ends",
    "#foreach($a in [1..1000])#foreach($b in [1..1000])x#end#end",
    /more than 30000 steps/,
  ],
  ["a text that doubles", "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..30])#set($x = $x + $x)#end", /too long/],
  ["parentheses without end", `#set($x = ${"(".repeat(100)}1`, /nested too deeply/],
  ["directives without end", "#if(true)".repeat(100), /nested too deeply/],
];
for (const [title, template, says] of faulty)
  test(`refused: ${title}`, () => {
    assert.throws(
      () => rendered(template),
      (thrown) => thrown instanceof TemplateFault && says.test(thrown.message),
    );
  });
