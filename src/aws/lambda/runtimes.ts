/** Which runtimes a function may have: those that this machine can run; what AWS says of others. */
import { invalid } from "./names.ts";

// Lambda Developer Guide, "Deprecated runtimes": those with which no function can be created or updated any more.
const DEPRECATED = new Set(
  "nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x python2.7 python3.6 python3.7 ruby2.5 ruby2.7 java8 go1.x dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet5.0 dotnet7 provided".split(
    " ",
  ),
);

export function checkRuntime(runtime: string, known: readonly string[]): void {
  if (known.includes(runtime) && !DEPRECATED.has(runtime)) return;
  throw invalid(
    DEPRECATED.has(runtime)
      ? `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`
      : `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${known.join(", ")}] or be a valid ARN`,
  );
}
