/** Keeps the schedules of rules: at its times a rule's targets get a Scheduled Event (Amazon EventBridge User Guide, "Creating a rule that runs on a schedule"). */
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Keeper } from "#deck/controller.ts";
import { parseExpression } from "#kinds/catamaran/schedule-expression.ts";
import { busOf, type Rule, ruleKind, ruleName } from "#kinds/catamaran/rule.ts";
import type { Buses } from "../bus/buses.ts";
import type { Database } from "../database.ts";
import { dueRun } from "./due.ts";
import { forgetRun, lastRunMs, runRow } from "./runs.ts";

export interface RuleKeeping {
  readonly database: Database;
  readonly buses: Buses;
  readonly ruleArn: (bus: string, rule: string) => string;
  readonly clock: Clock;
  readonly random: Pick<Random, "uuid">;
}

// What a target may be told late, as any event of a bus.
const MAX_AGE_MS = 86_400_000;
// A timer of a machine holds 24 days.
const LONGEST_WAIT_MS = 86_400_000;
const UTC = (): number => 0;

export function ruleKeeper({ database, buses, ruleArn, clock, random }: RuleKeeping): Keeper<Rule> {
  return {
    name: "catamaran-rules",
    kind: ruleKind,
    async keep(key, rule) {
      if (rule === undefined) {
        await forgetRun(database, ruleKind.kind, key);
        return undefined;
      }
      const { schedule, enabled } = rule.spec;
      const expression = schedule === undefined ? null : parseExpression(schedule);
      if (expression === null || enabled === false) return undefined;
      const now = clock.now();
      const sinceMs = Date.parse(rule.metadata.creationTimestamp ?? "") || now;
      const last = await lastRunMs(database, rule);
      const next = dueRun({ expression, offsetAt: UTC, sinceMs, maxAgeMs: MAX_AGE_MS }, last, now);
      if (next.is === "over") return undefined;
      if (next.is === "later") return Math.min(next.atMs, now + LONGEST_WAIT_MS);
      const arn = ruleArn(busOf(rule), ruleName(rule));
      const event = { id: random.uuid(), source: "aws.events", type: "Scheduled Event", detail: {} };
      await buses.fire(rule, { ...event, timeMs: next.atMs, resources: [arn] }, [runRow(rule, next.atMs)]);
      return now;
    },
  };
}
