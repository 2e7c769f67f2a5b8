/** PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency and GetAccountSettings. */
import { LAMBDA_LIMITS, reservationFault } from "#functions/concurrency.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError, validationError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { functionName, notFound, referenceOf, unqualifiedName } from "./names.ts";
import { changeFunction, findFunction, functionKey, type LambdaWorld } from "./world.ts";

const { account: ACCOUNT_CONCURRENCY } = LAMBDA_LIMITS;

export const putConcurrencyInput: Shape = {
  is: "structure",
  members: { FunctionName: functionName, ReservedConcurrentExecutions: { is: "integer" } },
  required: ["FunctionName", "ReservedConcurrentExecutions"],
};

export const emptyInput: Shape = { is: "structure", members: {} };

export async function putFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  const name = await existing(world, input);
  const reserved = input["ReservedConcurrentExecutions"] as number;
  if (reserved < 0)
    throw validationError([
      `Value '${reserved}' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0`,
    ]);
  const others = (await allFunctions(world)).filter((fn) => fn.metadata.name !== name);
  const fault = reservationFault(LAMBDA_LIMITS, reservedSum(others), reserved);
  if (fault !== null) throw new AwsError("InvalidParameterValueException", 400, fault);
  await changeFunction(world, name, (live) => ({ ...live, spec: { ...live.spec, reservedConcurrency: reserved } }));
  return { body: { ReservedConcurrentExecutions: reserved } };
}

/** Names what is missing with its version, as AWS does here and nowhere else. */
async function existing(world: LambdaWorld, input: Input): Promise<string> {
  const name = unqualifiedName(world, input);
  if ((await world.objects.get(functionKind, functionKey(world, name))) !== null) return name;
  throw notFound(world, name, "$LATEST");
}

export async function getFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await findFunction(world, referenceOf(world, input));
  const reserved = fn.spec.reservedConcurrency;
  return { body: reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved } };
}

export async function deleteFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  await changeFunction(world, unqualifiedName(world, input), (live) => {
    const { reservedConcurrency: _dropped, ...spec } = live.spec;
    return { ...live, spec };
  });
  return {};
}

export async function getAccountSettings(world: LambdaWorld): Promise<Reply> {
  const functions = await allFunctions(world);
  return {
    body: {
      AccountLimit: {
        TotalCodeSize: 80_530_636_800,
        CodeSizeUnzipped: 262_144_000,
        CodeSizeZipped: 52_428_800,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reservedSum(functions),
      },
      AccountUsage: {
        TotalCodeSize: functions.reduce((total, fn) => total + fn.spec.code.size, 0),
        FunctionCount: functions.length,
      },
    },
  };
}

async function allFunctions(world: LambdaWorld): Promise<readonly FunctionObject[]> {
  using view = world.objects.view(functionKind, { namespace: world.namespace });
  await view.synced;
  return view.list(world.namespace);
}

function reservedSum(functions: readonly FunctionObject[]): number {
  return functions.reduce((total, fn) => total + (fn.spec.reservedConcurrency ?? 0), 0);
}
