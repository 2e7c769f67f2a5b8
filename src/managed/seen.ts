/** Who was answered finds what he made: waits until a view has seen a write. */
import type { Clock } from "#base/clock.ts";
import type { View } from "#deck/objects.ts";
import { keyOfObject, type KubeObject, type Live } from "#kinds/object.ts";

// A view follows within a millisecond. Who overtakes it by more finds what was there before.
const AT_MOST_MS = 1_000;

export async function seenIn<T extends KubeObject>(view: View<T>, written: Live<T>, clock: Clock): Promise<void> {
  const key = keyOfObject(written);
  const wanted = Number(written.metadata.resourceVersion);
  const isSeen = (): boolean => Number(view.get(key)?.metadata.resourceVersion ?? 0) >= wanted;
  if (isSeen()) return;
  await new Promise<void>((resolve) => {
    const ends: Disposable[] = [];
    const end = (): void => {
      for (const one of ends) one[Symbol.dispose]();
      resolve();
    };
    ends.push(clock.after(AT_MOST_MS, end));
    ends.push(view.onChange(() => void (isSeen() && end())));
  });
}
