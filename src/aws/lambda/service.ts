/** Lambda: the list of its actions, where they are reached and what they take (Lambda API, 2015-03-31 and later). */
import type { RestAction, Service } from "../untyped-action.ts";
import { CODE_PATH, codeInput, getCode } from "./code-location.ts";
import {
  deleteFunctionConcurrency,
  emptyInput,
  getAccountSettings,
  getFunctionConcurrency,
  putConcurrencyInput,
  putFunctionConcurrency,
} from "./concurrency.ts";
import { createFunction, createFunctionInput } from "./create-function.ts";
import { deleteFunction } from "./delete-function.ts";
import {
  createFunctionUrl,
  deleteFunctionUrl,
  functionUrlInput,
  getFunctionUrl,
  updateFunctionUrl,
} from "./function-url.ts";
import { invoke, invokeInput, MAX_SYNC_BYTES } from "./invoke.ts";
import {
  functionInput,
  getFunction,
  getFunctionConfiguration,
  listFunctions,
  listInput,
  listVersions,
} from "./read-functions.ts";
import { listTags, listTagsInput, tagFunction, tagInput, untagFunction, untagInput } from "./tags.ts";
import {
  updateCodeInput,
  updateConfigurationInput,
  updateFunctionCode,
  updateFunctionConfiguration,
} from "./update-function.ts";
import type { LambdaWorld } from "./world.ts";

const FUNCTIONS = "/2015-03-31/functions";
const ONE = `${FUNCTIONS}/{FunctionName}`;
const CONCURRENCY = "/2017-10-31/functions/{FunctionName}/concurrency";
const URL = "/2021-10-31/functions/{FunctionName}/url";
const TAGS = "/2017-03-31/tags/{Resource+}";
const QUALIFIER = { Qualifier: { member: "Qualifier", is: "string" } } as const;
// 50 MB as base64 and what stands around it, in AWS's own figure.
const MAX_PACKAGE_REQUEST_BYTES = 70_167_211;
const PAGE = {
  Marker: { member: "Marker", is: "string" },
  MaxItems: { member: "MaxItems", is: "integer" },
  FunctionVersion: { member: "FunctionVersion", is: "string" },
  MasterRegion: { member: "MasterRegion", is: "string" },
} as const;

export function lambdaService(world: LambdaWorld): Service {
  return {
    signingName: "lambda",
    protocol: "rest-json",
    actions: [
      ...invocation(world),
      ...functions(world),
      ...lists(world),
      ...concurrency(world),
      ...urls(world),
      ...tags(world),
    ],
  };
}

function invocation(world: LambdaWorld): readonly RestAction[] {
  return [
    {
      name: "Invoke",
      permission: "InvokeFunction",
      maxBodyBytes: MAX_SYNC_BYTES,
      method: "POST",
      path: `${ONE}/invocations`,
      input: invokeInput,
      query: QUALIFIER,
      headers: {
        "x-amz-invocation-type": "InvocationType",
        "x-amz-log-type": "LogType",
        "x-amz-client-context": "ClientContext",
      },
      payload: "Payload",
      run: (input, call) => invoke(world, input, call),
    },
  ];
}

function functions(world: LambdaWorld): readonly RestAction[] {
  return [
    {
      name: "CreateFunction",
      method: "POST",
      path: FUNCTIONS,
      status: 201,
      maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
      takesPackage: true,
      input: createFunctionInput,
      run: (input, call) => createFunction(world, input, call),
    },
    {
      name: "GetFunction",
      method: "GET",
      path: ONE,
      input: functionInput,
      query: QUALIFIER,
      run: (input, call) => getFunction(world, input, call),
    },
    { name: "GetCode", method: "GET", path: CODE_PATH, input: codeInput, run: (input) => getCode(world, input) },
    {
      name: "DeleteFunction",
      method: "DELETE",
      path: ONE,
      status: 204,
      input: functionInput,
      query: QUALIFIER,
      run: (input) => deleteFunction(world, input),
    },
    {
      name: "GetFunctionConfiguration",
      method: "GET",
      path: `${ONE}/configuration`,
      input: functionInput,
      query: QUALIFIER,
      run: (input) => getFunctionConfiguration(world, input),
    },
    {
      name: "UpdateFunctionConfiguration",
      method: "PUT",
      path: `${ONE}/configuration`,
      input: updateConfigurationInput,
      run: (input, call) => updateFunctionConfiguration(world, input, call),
    },
    {
      name: "UpdateFunctionCode",
      method: "PUT",
      path: `${ONE}/code`,
      maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
      takesPackage: true,
      input: updateCodeInput,
      run: (input, call) => updateFunctionCode(world, input, call),
    },
  ];
}

function lists(world: LambdaWorld): readonly RestAction[] {
  return [
    {
      name: "ListFunctions",
      method: "GET",
      path: FUNCTIONS,
      input: listInput,
      query: PAGE,
      run: (input) => listFunctions(world, input),
    },
    {
      name: "ListVersionsByFunction",
      method: "GET",
      path: `${ONE}/versions`,
      input: listInput,
      query: PAGE,
      run: (input) => listVersions(world, input),
    },
    {
      name: "GetAccountSettings",
      method: "GET",
      path: "/2016-08-19/account-settings",
      input: emptyInput,
      run: () => getAccountSettings(world),
    },
  ];
}

function concurrency(world: LambdaWorld): readonly RestAction[] {
  return [
    {
      name: "PutFunctionConcurrency",
      method: "PUT",
      path: CONCURRENCY,
      input: putConcurrencyInput,
      run: (input) => putFunctionConcurrency(world, input),
    },
    {
      name: "DeleteFunctionConcurrency",
      method: "DELETE",
      path: CONCURRENCY,
      status: 204,
      input: functionInput,
      run: (input) => deleteFunctionConcurrency(world, input),
    },
    {
      name: "GetFunctionConcurrency",
      method: "GET",
      path: CONCURRENCY.replace("2017-10-31", "2019-09-30"),
      input: functionInput,
      run: (input) => getFunctionConcurrency(world, input),
    },
  ];
}

function urls(world: LambdaWorld): readonly RestAction[] {
  const common = { path: URL, input: functionUrlInput, query: QUALIFIER } as const;
  return [
    {
      ...common,
      name: "CreateFunctionUrlConfig",
      method: "POST",
      status: 201,
      run: (input) => createFunctionUrl(world, input),
    },
    { ...common, name: "GetFunctionUrlConfig", method: "GET", run: (input) => getFunctionUrl(world, input) },
    { ...common, name: "UpdateFunctionUrlConfig", method: "PUT", run: (input) => updateFunctionUrl(world, input) },
    {
      ...common,
      name: "DeleteFunctionUrlConfig",
      method: "DELETE",
      status: 204,
      run: (input) => deleteFunctionUrl(world, input),
    },
  ];
}

function tags(world: LambdaWorld): readonly RestAction[] {
  return [
    { name: "ListTags", method: "GET", path: TAGS, input: listTagsInput, run: (input) => listTags(world, input) },
    {
      name: "TagResource",
      method: "POST",
      path: TAGS,
      status: 204,
      input: tagInput,
      run: (input) => tagFunction(world, input),
    },
    {
      name: "UntagResource",
      method: "DELETE",
      path: TAGS,
      status: 204,
      input: untagInput,
      query: { tagKeys: { member: "TagKeys", is: "list" } },
      run: (input) => untagFunction(world, input),
    },
  ];
}
