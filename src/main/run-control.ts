/** The control process: its parts, in the order of their start. */
import { apiDoors } from "./api-parts.ts";
import { stackDoor } from "./stack-part.ts";
import { Composition } from "./compose.ts";
import {
  awsDoor,
  certificates,
  accountTokens,
  certificateSigner,
  controllers,
  dashboard,
  eventSources,
  functionsEngine,
  identityEngine,
  kubernetesDoor,
  managedData,
  meter,
  objects,
  podMetrics,
  privateApi,
  queueEngine,
  tableEngine,
} from "./control-parts.ts";
import { bucketEngine } from "./bucket-parts.ts";
import {
  asyncEnds,
  busEngine,
  deliveries,
  messageDoors,
  objectTriggers,
  pushes,
  scheduleEngine,
  topicEngine,
} from "./message-parts.ts";
import { scalingSamples } from "./metric-parts.ts";
import type { RoleBasis } from "./role.ts";
import { parameterEngine, sealedData } from "./vault-parts.ts";

// The journal and the Kubernetes door first: everybody waits for them.
const control = Composition.on<RoleBasis>()
  .with(certificates)
  .with(meter)
  .with(objects)
  .with(kubernetesDoor)
  .with(controllers)
  .with(certificateSigner)
  .with(accountTokens)
  .with(podMetrics)
  .with(scalingSamples)
  .with(managedData)
  .with(sealedData)
  .with(parameterEngine)
  .with(identityEngine)
  .with(pushes)
  .with(asyncEnds)
  .with(functionsEngine)
  .with(tableEngine)
  .with(bucketEngine)
  .with(queueEngine)
  .with(topicEngine)
  .with(busEngine)
  .with(scheduleEngine)
  .with(deliveries)
  .with(eventSources)
  .with(objectTriggers)
  .with(messageDoors)
  .with(apiDoors)
  .with(stackDoor)
  .with(awsDoor)
  .with(dashboard)
  .with(privateApi);

export function startControl(basis: RoleBasis, stack: AsyncDisposableStack): Promise<void> {
  return control.start(basis, stack);
}
