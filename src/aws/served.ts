/** Which members of an input an action serves, at compile time: its code sees those, and a member that the list forgets does not compile. Types alone. */

/** A structure, by its members; the model's maps have an index signature instead. */
type IsMap<T> = string extends keyof T ? true : false;

/** "Code.ZipFile" → "Code"; "InvokeMode=RESPONSE_STREAM" → "InvokeMode". */
export type HeadOf<P extends string> = P extends `${infer Head}.${string}`
  ? Head
  : P extends `${infer Head}=${string}`
    ? Head
    : P;

type RestOf<P extends string, Head extends string> = P extends `${Head}.${infer Rest}` ? Rest : never;

/** A member, or a member inside of a member; lists and maps are walked through. */
export type ServedPath<T> = (keyof T & string) | `${keyof T & string}.${string}`;

/** The input as far as `P` names its members. */
export type Served<T, P extends string> = {
  readonly [K in keyof T as K extends HeadOf<P> ? K : never]: K extends P
    ? T[K]
    : K extends string
      ? Inside<T[K], RestOf<P, K>>
      : never;
};

type Inside<V, P extends string> = V extends readonly (infer Of)[]
  ? readonly Inside<Of, P>[]
  : V extends object
    ? IsMap<V> extends true
      ? { readonly [key: string]: Inside<V[keyof V], P> }
      : Served<V, P>
    : V;

/** Nothing when every member is named; else the missing ones, as members that `unserved` must have. */
export type Complete<T, P extends string> = {
  readonly [K in Exclude<keyof T & string, HeadOf<P>>]: string;
};
