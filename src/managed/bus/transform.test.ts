/** What targets get of an event; the cases are recorded answers of EventBridge (LocalStack's test_events_inputs). */
import assert from "node:assert/strict";
import test from "node:test";
import type { RuleTarget } from "#kinds/catamaran/rule.ts";
import { envelopeOf } from "./event.ts";
import { inputOf, unknownPlaceholder } from "./transform.ts";

const event = envelopeOf(
  {
    id: "e",
    source: "s",
    type: "core.update",
    timeMs: Date.UTC(2026, 10, 27, 1, 2, 3),
    resources: [],
    detail: {
      command: "update-account",
      payload: { acc_id: "0a787ecb-4015", sf_id: "baz" },
      listsingle: ["HIGH"],
      listmulti: ["ACTIVE", "INACTIVE"],
      valid: true,
      items: [{ id: 7 }],
    },
  },
  { account: "1", region: "r" },
);
const AROUND = { ruleArn: "arn:rule", ruleName: "rule" };
const PATHS = {
  type: "$.detail-type",
  command: "$.detail.command",
  userId: "$.detail.payload.acc_id",
  payload: "$.detail.payload",
  listsingle: "$.detail.listsingle",
  listmulti: "$.detail.listmulti",
  valid: "$.detail.valid",
  missing: "$.detail.notinmessage",
};

const templates: readonly (readonly [template: string, wanted: string | null])[] = [
  ['"Event of <type>, detail <command>"', '"Event of core.update, detail update-account"'],
  ['"{[/Check <type> type"', '"{[/Check core.update type"'],
  ['"<missing>"', '""'],
  ['{"type": <type>, "missing": <missing>}', '{"type": "core.update", "missing": ""}'],
  [
    '{"path": "users/<userId>", "body": <payload>}',
    '{"path": "users/0a787ecb-4015", "body": {"acc_id":"0a787ecb-4015","sf_id":"baz"}}',
  ],
  ['"Payload of <payload> and <userId>"', '"Payload of {acc_id:0a787ecb-4015,sf_id:baz} and 0a787ecb-4015"'],
  ['{"bod": [<userId>, "hardcoded"]}', '{"bod": ["0a787ecb-4015", "hardcoded"]}'],
  ['"<listsingle> single"\n"<listmulti> multiple"', '"[HIGH] single"\n"[ACTIVE,INACTIVE] multiple"'],
  ["[<listsingle> single list item]", null],
  ['{"one": "<listsingle>"}', null],
  ['{"one": <listsingle>}', '{"one": ["HIGH"]}'],
  ['"Command is <valid>!"', '"Command is true!"'],
  ['"<aws.events.rule-arn> <aws.events.rule-name>"', '"arn:rule rule"'],
  ['"<aws.events.event.ingestion-time>"', '"2026-11-27T01:02:03Z"'],
];
for (const [template, wanted] of templates)
  test(`template ${template}`, () => {
    const target = { id: "1", arn: "a", inputTransformer: { template, paths: PATHS } };
    assert.equal(inputOf(target, event, AROUND), wanted);
  });

test("the event in a template, whole or without its detail", () => {
  const template = '{"head": <aws.events.event>, "all": <aws.events.event.json>}';
  const { head, all } = JSON.parse(
    inputOf({ id: "1", arn: "a", inputTransformer: { template } }, event, AROUND) ?? "",
  ) as Record<string, Record<string, unknown>>;
  assert.deepEqual(
    [head?.["detailType"], head?.["detail"], all?.["detail-type"]],
    ["core.update", undefined, "core.update"],
  );
});

const inputs: readonly (readonly [title: string, target: Partial<RuleTarget>, wanted: string | null])[] = [
  ["a constant", { input: '{"a":1}' }, '{"a":1}'],
  ["a path", { inputPath: "$.detail.payload.sf_id" }, '"baz"'],
  ["an index", { inputPath: "$.detail.items[0].id" }, "7"],
  ["a quoted name", { inputPath: "$['detail']['command']" }, '"update-account"'],
  ["a path to nothing", { inputPath: "$.detail.none" }, null],
];
for (const [title, target, wanted] of inputs)
  test(`input: ${title}`, () => assert.equal(inputOf({ id: "1", arn: "a", ...target }, event, AROUND), wanted));

test("a placeholder that nobody defines is found", () => {
  assert.equal(unknownPlaceholder({ template: '"<a> <aws.events.event>"', paths: { a: "$" } }), null);
  assert.equal(unknownPlaceholder({ template: '"<a> <b>"', paths: { a: "$" } }), "b");
});
