/** Where the files that sandboxes need lie in this installation. */
import path from "node:path";
import { fileURLToPath } from "node:url";

const here: string = path.dirname(fileURLToPath(import.meta.url));

/** The agents and bootstraps, plain files: /var/runtime inside. */
export const runtimesDir: string = path.join(here, "runtimes");

/** The project's packages, which hold the AWS SDK: /var/runtime/node_modules inside. */
export const nodeModulesDir: string = path.resolve(here, "../../node_modules");
