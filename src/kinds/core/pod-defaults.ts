/** The conditional defaults of pods and pod templates. */
import type { Container, EnvVar, HttpGet, LifecycleAction, PodSpec, PodTemplateSpec, Probe } from "./pod-spec.ts";
import type { DownwardFile, FieldRef, Projection, Volume } from "./volume.ts";

/** 0644, the mode of files in configMap, secret, downwardAPI and projected volumes. */
const FILE_MODE = 420;
const TOKEN_SECONDS = 3600;

export function defaultTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return template.spec === undefined ? template : { ...template, spec: defaultTemplateSpec(template.spec) };
}

/** What only pods get and templates do not: service links, host ports, requests taken from limits. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const base = defaultTemplateSpec(spec);
  const own = (container: Container): Container =>
    withRequests(spec.hostNetwork === true ? withHostPorts(container) : container);
  return {
    ...base,
    enableServiceLinks: spec.enableServiceLinks ?? true,
    containers: base.containers.map(own),
    ...(base.initContainers !== undefined && { initContainers: base.initContainers.map(own) }),
  };
}

function defaultTemplateSpec(spec: PodSpec): PodSpec {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return {
    ...spec,
    containers: spec.containers.map(defaultContainer),
    ...(spec.initContainers !== undefined && { initContainers: spec.initContainers.map(defaultContainer) }),
    ...(spec.ephemeralContainers !== undefined && {
      ephemeralContainers: spec.ephemeralContainers.map(defaultContainer),
    }),
    ...(spec.volumes !== undefined && { volumes: spec.volumes.map(defaultVolume) }),
    restartPolicy: spec.restartPolicy ?? "Always",
    dnsPolicy: spec.dnsPolicy ?? "ClusterFirst",
    schedulerName: spec.schedulerName ?? "default-scheduler",
    securityContext: spec.securityContext ?? {},
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    ...(account !== undefined && { serviceAccountName: account, serviceAccount: account }),
  };
}

function defaultContainer(container: Container): Container {
  const { env, livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? (isLatest(container.image ?? "") ? "Always" : "IfNotPresent"),
    terminationMessagePath: container.terminationMessagePath ?? "/dev/termination-log",
    terminationMessagePolicy: container.terminationMessagePolicy ?? "File",
    ...(env !== undefined && { env: env.map(defaultEnv) }),
    ...(livenessProbe !== undefined && { livenessProbe: defaultProbe(livenessProbe) }),
    ...(readinessProbe !== undefined && { readinessProbe: defaultProbe(readinessProbe) }),
    ...(startupProbe !== undefined && { startupProbe: defaultProbe(startupProbe) }),
    ...(lifecycle !== undefined && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.postStart !== undefined && { postStart: defaultHook(lifecycle.postStart) }),
        ...(lifecycle.preStop !== undefined && { preStop: defaultHook(lifecycle.preStop) }),
      },
    }),
  };
}

/** No tag and no digest means the tag latest. */
function isLatest(image: string): boolean {
  if (image === "" || image.includes("@")) return false;
  const last = image.slice(image.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon < 0 || last.slice(colon + 1) === "latest";
}

function defaultEnv(env: EnvVar): EnvVar {
  const fieldRef = env.valueFrom?.fieldRef;
  return fieldRef === undefined
    ? env
    : { ...env, valueFrom: { ...env.valueFrom, fieldRef: defaultFieldRef(fieldRef) } };
}

function defaultFieldRef(ref: FieldRef): FieldRef {
  return { ...ref, apiVersion: ref.apiVersion ?? "v1" };
}

function defaultProbe(probe: Probe): Probe {
  return {
    ...probe,
    timeoutSeconds: probe.timeoutSeconds ?? 1,
    periodSeconds: probe.periodSeconds ?? 10,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
    ...(probe.httpGet !== undefined && { httpGet: defaultHttpGet(probe.httpGet) }),
  };
}

function defaultHook(hook: LifecycleAction): LifecycleAction {
  return hook.httpGet === undefined ? hook : { ...hook, httpGet: defaultHttpGet(hook.httpGet) };
}

function defaultHttpGet(get: HttpGet): HttpGet {
  return { ...get, path: get.path ?? "/", scheme: get.scheme ?? "HTTP" };
}

function withRequests(container: Container): Container {
  const { limits, requests } = container.resources ?? {};
  if (limits === undefined) return container;
  return { ...container, resources: { ...container.resources, requests: { ...limits, ...requests } } };
}

function withHostPorts(container: Container): Container {
  if (container.ports === undefined) return container;
  return {
    ...container,
    ports: container.ports.map((port) => ({ ...port, hostPort: port.hostPort ?? port.containerPort })),
  };
}

function defaultVolume(volume: Volume): Volume {
  const { configMap, secret, downwardAPI, projected, hostPath } = volume;
  // A volume that names no source is an empty folder.
  if (Object.keys(volume).every((key) => key === "name")) return { ...volume, emptyDir: {} };
  return {
    ...volume,
    ...(configMap !== undefined && { configMap: { ...configMap, defaultMode: configMap.defaultMode ?? FILE_MODE } }),
    ...(secret !== undefined && { secret: { ...secret, defaultMode: secret.defaultMode ?? FILE_MODE } }),
    ...(downwardAPI !== undefined && {
      downwardAPI: {
        ...downwardAPI,
        ...withFieldRefs(downwardAPI.items),
        defaultMode: downwardAPI.defaultMode ?? FILE_MODE,
      },
    }),
    ...(projected !== undefined && {
      projected: {
        ...projected,
        ...(Array.isArray(projected.sources) && { sources: projected.sources.map(defaultProjection) }),
        defaultMode: projected.defaultMode ?? FILE_MODE,
      },
    }),
    ...(hostPath !== undefined && { hostPath: { ...hostPath, type: hostPath.type ?? "" } }),
  };
}

function withFieldRefs(items: readonly DownwardFile[] | undefined): { readonly items?: readonly DownwardFile[] } {
  if (items === undefined) return {};
  return {
    items: items.map((item) =>
      item.fieldRef === undefined ? item : { ...item, fieldRef: defaultFieldRef(item.fieldRef) },
    ),
  };
}

function defaultProjection(source: Projection): Projection {
  const { serviceAccountToken, downwardAPI } = source;
  return {
    ...source,
    ...(serviceAccountToken !== undefined && {
      serviceAccountToken: {
        ...serviceAccountToken,
        expirationSeconds: serviceAccountToken.expirationSeconds ?? TOKEN_SECONDS,
      },
    }),
    ...(downwardAPI !== undefined && { downwardAPI: { ...downwardAPI, ...withFieldRefs(downwardAPI.items) } }),
  };
}
