/** `catamaran completion` and `catamaran version`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { completionScript } from "#cli/completion.ts";

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  up: [
    "--detach",
    "--demo",
    "--no-demo",
    "--nodes",
    "--kube-port",
    "--aws-port",
    "--gateway-port",
    "--dashboard-port",
    "--merge-kubeconfig",
  ],
  down: ["--purge"],
  env: ["-o"],
  status: ["-o"],
  doctor: ["-o"],
  top: ["-o"],
  compare: ["-o"],
  logs: ["-f", "--tail", "--since", "-n", "-c"],
  image: ["build", "load", "ls", "-t", "-o"],
  cost: ["--window", "--price-book", "--node", "-o"],
  demo: ["--requests-per-day", "--requests", "--seconds", "--seed", "--price-book", "-o"],
  completion: ["bash", "zsh", "fish"],
};

export async function printCompletion(
  words: readonly string[],
  commands: Readonly<Record<string, { readonly about: string }>>,
): Promise<number> {
  const completed = Object.entries(commands).map(([name, { about }]) => ({
    name,
    about,
    options: [...(OPTIONS[name] ?? []), "--name", "--data-dir", "--help"],
  }));
  process.stdout.write(completionScript(words[0], completed));
  return 0;
}

export async function printVersion(): Promise<number> {
  const text = await readFile(join(import.meta.dirname, "..", "..", "package.json"), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  process.stdout.write(`catamaran ${version} (Kubernetes API v1.34, node ${process.versions.node})\n`);
  return 0;
}
