/** All attacks of tests/attacks.test.ts, the lasting ones, too, on a platform of their own: a table in Markdown of what others notice. About six minutes; needs root. */
import { attack, openAttackStage } from "../tests/attack-stage.ts";
import type { Outcome } from "../tests/attacker.ts";

// The goal; on a machine that is busy with other work the rows without an attack say what to compare with.
const NOTICED_MS = 100;

function row({ title, got, isRight, tookMs, others, controlMb }: Outcome): string {
  const outcome = `${isRight ? "" : "**wrong** "}${got.slice(0, 60).replaceAll(/[|\s]+/g, " ")}`;
  const failed = others.failed.length === 0 ? "" : ` **${others.failed.length} failed**`;
  const max = others.maxMs > NOTICED_MS ? `**${others.maxMs}** (${others.latest})` : `${others.maxMs}`;
  return `| ${title} | ${outcome} | ${tookMs} | ${others.medianMs} / ${max}${failed} | ${controlMb} |`;
}

await using stage = await openAttackStage("attack-bench");
console.log("| attack | outcome | took ms | others p50 / max ms | control MB |\n| --- | --- | --- | --- | --- |");
for await (const outcome of attack(stage, "all")) {
  console.log(row(outcome));
  if (!outcome.isRight || outcome.others.failed.length > 0) process.exitCode = 1;
}
