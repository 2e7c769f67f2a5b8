/** The rules of pod volumes. */
import { checkClaimSpec } from "./claim-rules.ts";
import { checkLocalPath } from "./container-rules.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { configKeyFaults, dnsLabelFaults } from "#kinds/rules/names.ts";
import type { DownwardFile, KeyToPath, Projection, Volume } from "./volume.ts";

/** Returns the names of the volumes, for the mounts that refer to them. */
export function checkVolumes(volumes: readonly Volume[], path: string, faults: FieldFaults): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    if (volume.name === "") faults.required(`${at}.name`);
    else faults.invalidEach(`${at}.name`, volume.name, dnsLabelFaults(volume.name));
    if (names.has(volume.name)) faults.duplicate(`${at}.name`, volume.name);
    names.add(volume.name);
    checkSource(volume, at, faults);
  }
  return names;
}

function checkSource(volume: Volume, path: string, faults: FieldFaults): void {
  const sources = Object.keys(volume).filter((key) => key !== "name");
  for (const extra of sources.slice(1)) faults.forbidden(`${path}.${extra}`, "may not specify more than 1 volume type");
  const { configMap, secret, downwardAPI, projected, hostPath } = volume;
  if (configMap !== undefined) {
    if ((configMap.name ?? "") === "") faults.required(`${path}.configMap.name`);
    checkFiles(configMap, `${path}.configMap`, faults);
  }
  if (secret !== undefined) {
    if ((secret.secretName ?? "") === "") faults.required(`${path}.secret.secretName`);
    checkFiles(secret, `${path}.secret`, faults);
  }
  if (downwardAPI !== undefined) {
    checkMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`, faults);
    checkDownward(downwardAPI.items ?? [], `${path}.downwardAPI`, faults);
  }
  if (projected !== undefined) {
    checkMode(projected.defaultMode, `${path}.projected.defaultMode`, faults);
    for (const [index, source] of (projected.sources ?? []).entries())
      checkProjection(source, `${path}.projected.sources[${index}]`, faults);
  }
  if (hostPath !== undefined && hostPath.path === "") faults.required(`${path}.hostPath.path`);
  checkClaims(volume, path, faults);
}

function checkClaims({ persistentVolumeClaim, ephemeral }: Volume, path: string, faults: FieldFaults): void {
  if (persistentVolumeClaim !== undefined && persistentVolumeClaim.claimName === "")
    faults.required(`${path}.persistentVolumeClaim.claimName`);
  if (ephemeral === undefined) return;
  const at = `${path}.ephemeral.volumeClaimTemplate`;
  if (ephemeral.volumeClaimTemplate === undefined) faults.required(at);
  else checkClaimSpec(ephemeral.volumeClaimTemplate.spec, `${at}.spec`, faults);
}

type Files = {
  readonly items?: readonly KeyToPath[];
  readonly defaultMode?: number;
};

function checkFiles({ items = [], defaultMode }: Files, path: string, faults: FieldFaults): void {
  checkMode(defaultMode, `${path}.defaultMode`, faults);
  for (const [index, item] of items.entries()) {
    const at = `${path}.items[${index}]`;
    if (item.key === "") faults.required(`${at}.key`);
    else faults.invalidEach(`${at}.key`, item.key, configKeyFaults(item.key));
    checkFilePath(item.path, `${at}.path`, faults);
    checkMode(item.mode, `${at}.mode`, faults);
  }
}

function checkDownward(items: readonly DownwardFile[], path: string, faults: FieldFaults): void {
  for (const { path: file, fieldRef, resourceFieldRef, mode } of items) {
    checkFilePath(file, `${path}.path`, faults);
    if (fieldRef !== undefined && resourceFieldRef !== undefined)
      faults.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
    if (fieldRef === undefined && resourceFieldRef === undefined)
      faults.required(path, "one of fieldRef and resourceFieldRef is required");
    checkMode(mode, `${path}.mode`, faults);
  }
}

function checkProjection(source: Projection, path: string, faults: FieldFaults): void {
  const given = Object.keys(source);
  for (const extra of given.slice(1))
    faults.forbidden(`${path}.${extra}`, "may not specify more than 1 volume type per source");
  if (given.length === 0)
    faults.required(
      path,
      "projected volume source must specify one of configMap, secret, downwardAPI or serviceAccountToken",
    );
  if (source.configMap !== undefined) {
    if ((source.configMap.name ?? "") === "") faults.required(`${path}.configMap.name`);
    checkFiles(source.configMap, `${path}.configMap`, faults);
  }
  if (source.secret !== undefined) {
    if ((source.secret.name ?? "") === "") faults.required(`${path}.secret.name`);
    checkFiles(source.secret, `${path}.secret`, faults);
  }
  if (source.downwardAPI !== undefined) checkDownward(source.downwardAPI.items ?? [], `${path}.downwardAPI`, faults);
  const token = source.serviceAccountToken;
  if (token === undefined) return;
  if ((token.expirationSeconds ?? 3600) < 600)
    faults.invalid(
      `${path}.serviceAccountToken.expirationSeconds`,
      token.expirationSeconds,
      "may not specify a duration less than 10 minutes",
    );
  checkFilePath(token.path, `${path}.serviceAccountToken.path`, faults);
}

function checkFilePath(value: string, path: string, faults: FieldFaults): void {
  if (value === "") faults.required(path);
  else checkLocalPath(value, path, faults);
  if (value.startsWith("..") && !value.split("/").includes(".."))
    faults.invalid(path, value, "must not start with '..'");
}

function checkMode(mode: number | undefined, path: string, faults: FieldFaults): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    faults.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive");
  }
}
