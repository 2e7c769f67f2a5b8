/** The control process: its parts, in the order of their start. */
import { Composition } from "./compose.ts";
import {
  awsDoor,
  certificates,
  controllers,
  dashboard,
  deliveries,
  eventSources,
  functionsEngine,
  kubernetesDoor,
  managedData,
  meter,
  objects,
  podMetrics,
  privateApi,
  pushes,
  queueEngine,
  tableEngine,
} from "./control-parts.ts";
import type { RoleBasis } from "./role.ts";

// The journal and the Kubernetes door first: everybody waits for them.
const control = Composition.on<RoleBasis>()
  .with(certificates)
  .with(meter)
  .with(objects)
  .with(kubernetesDoor)
  .with(controllers)
  .with(podMetrics)
  .with(functionsEngine)
  .with(managedData)
  .with(pushes)
  .with(tableEngine)
  .with(queueEngine)
  .with(deliveries)
  .with(eventSources)
  .with(awsDoor)
  .with(dashboard)
  .with(privateApi);

export function startControl(basis: RoleBasis, stack: AsyncDisposableStack): Promise<void> {
  return control.start(basis, stack);
}
