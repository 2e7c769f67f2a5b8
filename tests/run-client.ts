/** Runs a client program against a test door and gives what a terminal would show. */
import { spawn } from "node:child_process";

export interface Ran {
  readonly text: string;
  readonly code: number | null;
}

/** What `kubectl edit` opens: turns one number into the next. */
const EDITOR = "sed -i s/Seconds:.5$/Seconds:\\ 6/";

/** Output and errors as one text, as a terminal shows them; the versions' skew warning is no part of what is tested. */
export function runClient(
  file: string,
  words: readonly string[],
  {
    input = "",
    stopMs,
    kubeconfig,
  }: { readonly input?: string; readonly stopMs?: number; readonly kubeconfig: string },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const environment = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      KUBECONFIG: kubeconfig,
      KUBECTL_KUBERC: "false",
      KUBE_EDITOR: EDITOR,
    };
    const child = spawn(file, words, { env: environment, timeout: stopMs ?? 20_000 });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({
        text: Buffer.concat(chunks)
          .toString("utf8")
          .replace(/^WARNING: version difference.*\n/m, ""),
        code,
      }),
    );
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
