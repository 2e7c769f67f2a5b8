/** Every controller there is: the control process runs one loop for each. */
import type { Controller } from "#deck/controller.ts";
import { bindingController } from "./binding.ts";
import { deploymentController } from "./deployment.ts";
import { endpointSliceController } from "./endpoint-slice.ts";
import { endpointsController } from "./endpoints.ts";
import { replicaSetController } from "./replica-set.ts";

export const allControllers: readonly Controller[] = [bindingController(), deploymentController, replicaSetController, endpointSliceController, endpointsController];
