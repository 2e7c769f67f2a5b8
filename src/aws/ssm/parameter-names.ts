/** Which names parameters may have (User Guide, "About requirements and constraints for parameter names"). */
import { failure, invalid } from "./world.ts";

const LEVELS = 15;
const NAME = /^[\w.\-/]+$/;

const REQUIREMENTS =
  'can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';

export function checkName(name: string): void {
  const [first = ""] = name.replace(/^\//, "").split("/");
  if (/^aws/i.test(first)) throw invalid(`No access to reserved parameter name: ${name}.`);
  if (/^ssm/i.test(first) || !NAME.test(name) || name.endsWith("/") || name.includes("//"))
    throw invalid(`Parameter name: ${REQUIREMENTS}`);
  if (name.includes("/") && !name.startsWith("/"))
    throw invalid('Parameter name must be a fully qualified name: a name with a slash begins with one ("/").');
  if (name.split("/").length - 1 > LEVELS)
    throw failure(
      "HierarchyLevelLimitExceededException",
      `A hierarchy can have a maximum of ${LEVELS} levels: ${name} has more.`,
    );
}

export function checkPath(path: string): void {
  if (/^\/(?:[\w.-]+\/?)*$/.test(path) && !/\/\//.test(path)) return;
  throw invalid(
    `The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`,
  );
}
