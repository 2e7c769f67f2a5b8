/** Errors of a service, checked against its model: the names that it has, their members, their status. */
import { AwsError } from "./aws-error.ts";
import type { Model } from "./model.ts";

type Without<T> = Omit<T, "message" | "Message" | "Type">;

export type Failure<E> = <N extends keyof E & string>(code: N, message: string, members?: Without<E[N]>) => AwsError;

/** `throw failure("ResourceNotFoundException", "Function not found: …")`, where `const failure = errorsOf(model)`. */
export function errorsOf<E>(model: Model<unknown, E>): Failure<E> {
  return (code, message, members = {} as Without<E[typeof code]>) =>
    new AwsError(code, statusOf(model, code), message, members);
}

function statusOf({ shapes }: Model, name: string): number {
  const shape = shapes[name];
  return (shape?.is === "structure" ? shape.error?.status : undefined) ?? 400;
}
