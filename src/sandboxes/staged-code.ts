/** Which code the launcher has staged, ready to be mounted: packages of functions, and the layers of one laid over each other. Unpacks and stages once. */
import type { CodeStore } from "#functions/code-store.ts";
import type { SandboxSpec } from "#functions/sandboxes.ts";
import type { Ask } from "./launcher-protocol.ts";

interface Staged {
  /** The packages that it is made of: it goes with the first that is not wanted any more. */
  readonly parts: readonly string[];
  /** The name under which it is staged. */
  readonly digest: Promise<string>;
}

interface Ready {
  /** Undefined: there are no layers. */
  readonly optDigest: string | undefined;
}

const NO_LAYERS: Ready = { optDigest: undefined };

export class StagedCode {
  readonly #code: CodeStore;
  readonly #ask: (ask: Ask) => Promise<unknown>;
  readonly #staged = new Map<string, Staged>();

  constructor(code: CodeStore, ask: (ask: Ask) => Promise<unknown>) {
    this.#code = code;
    this.#ask = ask;
  }

  async prepare({ codeSha256, layers }: Pick<SandboxSpec, "codeSha256" | "layers">): Promise<Ready> {
    await this.#once(codeSha256, [codeSha256], async () => {
      return { sha256: codeSha256, folder: await this.#code.unpacked(codeSha256) };
    });
    if (layers.length === 0) return NO_LAYERS;
    return { optDigest: await this.#once(layers.join("+"), layers, () => this.#code.merged(layers)) };
  }

  #once(
    name: string,
    parts: readonly string[],
    unpack: () => Promise<{ readonly sha256: string; readonly folder: string }>,
  ): Promise<string> {
    const known = this.#staged.get(name);
    if (known !== undefined) return known.digest;
    const digest = this.#stage(unpack).catch((thrown: unknown) => {
      this.#staged.delete(name);
      throw thrown;
    });
    this.#staged.set(name, { parts, digest });
    return digest;
  }

  async #stage(unpack: () => Promise<{ readonly sha256: string; readonly folder: string }>): Promise<string> {
    const { sha256: digest, folder: codeDir } = await unpack();
    await this.#ask({ ask: "stage", digest, codeDir });
    return digest;
  }

  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    for (const [name, { parts, digest }] of this.#staged) {
      if (parts.every((part) => wanted.has(part))) continue;
      this.#staged.delete(name);
      await this.#ask({ ask: "unstage", digest: await digest });
    }
  }

  /** The launcher is another one, and has staged nothing. */
  clear(): void {
    this.#staged.clear();
  }
}
