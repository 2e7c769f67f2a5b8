/** Runs work along a graph: each piece when what it needs is done, several at once; after a failure nothing new begins. */

export interface Failure {
  readonly name: string;
  readonly thrown: unknown;
}

/** Resolves when nothing runs any more, with what failed in order of time. */
export async function inOrder(
  needs: ReadonlyMap<string, ReadonlySet<string>>,
  atOnce: number,
  work: (name: string) => Promise<void>,
): Promise<readonly Failure[]> {
  const left = new Map([...needs].map(([name, names]) => [name, new Set(names)]));
  const running = new Map<string, Promise<void>>();
  const failures: Failure[] = [];
  const finish = (name: string): void => {
    running.delete(name);
    for (const names of left.values()) names.delete(name);
  };
  const start = (name: string): void => {
    left.delete(name);
    const run = work(name).then(
      () => finish(name),
      (thrown: unknown) => {
        failures.push({ name, thrown });
        running.delete(name);
      },
    );
    running.set(name, run);
  };
  for (;;) {
    const free = failures.length > 0 ? [] : [...left].filter(([, names]) => names.size === 0).map(([name]) => name);
    for (const name of free.slice(0, Math.max(0, atOnce - running.size))) start(name);
    if (running.size === 0) return failures;
    await Promise.race(running.values());
  }
}
