/** Objects as dictionaries whose keys strangers choose: "__proto__" and "constructor" are names like any other. */

/** A dictionary under construction: the compiler refuses plain assignment, which would change the prototype; `put` writes. */
export interface Draft<T> {
  readonly [name: string]: T;
}

/** With a prototype, so that it is as fast as any object and equal to one that was parsed. */
export function draft<T>(): Draft<T> {
  return {};
}

export function put<T>(into: Draft<T>, name: string, value: T): void {
  if (name === "__proto__")
    Object.defineProperty(into, name, { value, writable: true, enumerable: true, configurable: true });
  else (into as Record<string, T>)[name] = value;
}

export function drop(from: Draft<unknown>, name: string): void {
  delete (from as Record<string, unknown>)[name];
}

/** The object's own member: what it inherits ("constructor") is none of it. */
export function member<T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;
}
