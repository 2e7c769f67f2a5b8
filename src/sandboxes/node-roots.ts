/** Which root a runtime starts from: the two that there always are, and one for each other Node, made when it is first needed. */
import type { Flavour } from "./lambda-environment.ts";
import type { Ask, RootKind } from "./launcher-protocol.ts";
import type { NodeBinaries } from "./node-binaries.ts";

export class NodeRoots {
  readonly #binaries: Pick<NodeBinaries, "find"> | null;
  readonly #ask: (ask: Ask) => Promise<unknown>;
  readonly #made = new Map<string, Promise<string>>();

  /** Without binaries everything runs on the platform's Node. */
  constructor(binaries: Pick<NodeBinaries, "find"> | null, ask: (ask: Ask) => Promise<unknown>) {
    this.#binaries = binaries;
    this.#ask = ask;
  }

  async rootOf(flavour: Flavour, runtime: string): Promise<string> {
    const is: RootKind = flavour === "node" ? "node" : "full";
    const node = this.#binaries === null ? null : await this.#binaries.find(runtime);
    return node === null ? is : this.#once(`${is}${/\d+/.exec(runtime)?.[0] ?? ""}`, is, node);
  }

  #once(root: string, is: RootKind, node: string): Promise<string> {
    const known = this.#made.get(root);
    if (known !== undefined) return known;
    const made = this.#ask({ ask: "root", root, is, node }).then(
      () => root,
      (thrown: unknown) => {
        this.#made.delete(root);
        throw thrown;
      },
    );
    this.#made.set(root, made);
    return made;
  }

  /** The launcher is another one, and has the two alone. */
  clear(): void {
    this.#made.clear();
  }
}
