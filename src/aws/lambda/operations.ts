/** Which operations of Lambda are served. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "lambda",
  version: "2015-03-31",
  operations: [
    "CreateEventSourceMapping",
    "CreateFunction",
    "CreateFunctionUrlConfig",
    "DeleteEventSourceMapping",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "DeleteFunctionUrlConfig",
    "GetAccountSettings",
    "GetEventSourceMapping",
    "GetFunction",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetFunctionUrlConfig",
    "Invoke",
    "ListEventSourceMappings",
    "ListFunctions",
    "ListTags",
    "ListVersionsByFunction",
    "PutFunctionConcurrency",
    "TagResource",
    "UntagResource",
    "UpdateEventSourceMapping",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "UpdateFunctionUrlConfig",
  ],
  // Packages of 50 MB are decoded piece by piece.
  encoded: ["FunctionCode.ZipFile", "UpdateFunctionCodeRequest.ZipFile"],
  // Which runtimes there are, the machine decides, and Lambda's sentence names them all; why a function is as it is, the engine says.
  open: ["Runtime", "StateReasonCode", "LastUpdateStatusReasonCode"],
};
