/** PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency and GetAccountSettings. */
import { LAMBDA_LIMITS, reservationFault } from "#functions/concurrency.ts";
import { functionKind, type FunctionObject } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { functionName } from "./shapes.ts";
import { changeFunction, findFunction, functionReference, type LambdaWorld } from "./world.ts";

const { account: ACCOUNT_CONCURRENCY } = LAMBDA_LIMITS;

export const putConcurrencyInput: Shape = {
  is: "structure",
  members: { FunctionName: functionName, ReservedConcurrentExecutions: { is: "integer", min: 0 } },
  required: ["FunctionName", "ReservedConcurrentExecutions"],
};

export const emptyInput: Shape = { is: "structure", members: {} };

export async function putFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  const reserved = input["ReservedConcurrentExecutions"] as number;
  const others = (await allFunctions(world)).filter((fn) => fn.metadata.name !== name);
  const fault = reservationFault(LAMBDA_LIMITS, reservedSum(others), reserved);
  if (fault !== null) throw new AwsError("InvalidParameterValueException", 400, fault);
  await changeFunction(world, name, (live) => ({ ...live, spec: { ...live.spec, reservedConcurrency: reserved } }));
  return { body: { ReservedConcurrentExecutions: reserved } };
}

export async function getFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await findFunction(world, functionReference(input["FunctionName"] as string));
  const reserved = fn.spec.reservedConcurrency;
  return { body: reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved } };
}

export async function deleteFunctionConcurrency(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  await changeFunction(world, name, (live) => {
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
