/** The sign that work should end. An AbortSignal is one; code below the waterline sees only these members. */

export interface Stop {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A Stop that never fires. */
export const never: Stop = {
  aborted: false,
  addEventListener: () => {},
  removeEventListener: () => {},
};

/** Calls `act` when `stop` fires, or now if it has fired already: what was waited for meanwhile may have taken longer. */
export function whenStopped(stop: Stop, act: () => void): Disposable {
  if (stop.aborted) act();
  else stop.addEventListener("abort", act, { once: true });
  return { [Symbol.dispose]: () => stop.removeEventListener("abort", act) };
}

/** A Stop and the function that fires it, for code that cannot see AbortController. */
export function stopper(): { readonly stop: Stop; readonly fire: () => void } {
  const listeners = new Set<() => void>();
  let aborted = false;
  const stop: Stop = {
    get aborted() {
      return aborted;
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
  };
  const fire = (): void => {
    if (aborted) return;
    aborted = true;
    for (const listener of listeners) listener();
    listeners.clear();
  };
  return { stop, fire };
}
