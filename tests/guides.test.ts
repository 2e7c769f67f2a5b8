/** Every guide as its reader follows it: its commands in one shell after the other, on one platform for all guides. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { outputsOf, scriptOf, stepsOf } from "./guide-steps.ts";
import { binaries } from "./kubectl-binaries.ts";
import { cannotRun, type Ran, Stage } from "./platform-stage.ts";

const skip = cannotRun("kubectl", "aws", "bash", "openssl", "zip");
const GUIDES = join(import.meta.dirname, "..", "docs", "guides");
const CATAMARAN = join(import.meta.dirname, "..", "tools", "catamaran.mjs");

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("guide");
  await stage.up("--nodes", "2"); // A drain wants to put its pods somewhere.
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

for (const file of (await readdir(GUIDES)).filter((name) => name.endsWith(".md"))) {
  const steps = stepsOf(await readFile(join(GUIDES, file), "utf8"));
  describe(`docs/guides/${file}`, { skip }, () => {
    let ran: Ran;
    before(async () => void (ran = await follow(file, scriptOf(steps))));
    for (const [index, { text, line, noRun }] of steps.entries())
      test(`line ${line}: ${text.split("\n")[0]}`, { skip: noRun ?? false }, (t) => {
        const outputs = outputsOf(ran.out);
        if (index >= outputs.length) return t.skip("a step before it failed");
        const isLast = index === outputs.length - 1;
        assert.ok(ran.code === 0 || !isLast, `${file}:${line} failed:\n\n${text}\n${outputs[index]}${ran.error}`);
      });
  });
}

/** Runs a guide in a folder of its own, where `npx catamaran` is this checkout and a curl that is answered with an error fails. */
async function follow(guide: string, script: string): Promise<Ran> {
  const folder = join(stage.folder, guide);
  const programs = join(folder, "node_modules", ".bin");
  await mkdir(programs, { recursive: true });
  await writeFile(join(folder, ".curlrc"), "silent\nshow-error\nfail-with-body\n");
  const kubectl = (await binaries("kubectl"))[0]?.file ?? "kubectl";
  await program(join(programs, "catamaran"), `exec '${process.execPath}' '${CATAMARAN}' "$@"`);
  await program(join(programs, "kubectl"), `exec '${kubectl}' "$@"`);
  // Debian's CLI is older than the variable AWS_ENDPOINT_URL. What the guide itself says comes later, and wins.
  await program(
    join(programs, "aws"),
    `PATH="\${PATH#*:}" exec aws --endpoint-url "\${AWS_ENDPOINT_URL:-http://127.0.0.1:1}" "$@"`,
  );
  const names = [`CATAMARAN_NAME=${stage.name}`, `CATAMARAN_DATA_DIR=${stage.dataDir}`, `CURL_HOME=${folder}`];
  const path = `PATH=${programs}:${process.env["PATH"] ?? ""}`;
  return stage.run("env", "-C", folder, ...names, path, "bash", "-c", script);
}

async function program(file: string, line: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
}
