/** The page that follows a log: whose it may be, and the frame that logs.js fills. No line of a log is ever part of it. Pure. */
import { escape, NOTHING_YET } from "./page.ts";

/** Something that has a log. */
export interface LogChoice {
  readonly type: "function" | "deployment" | "pod";
  readonly namespace: string;
  readonly name: string;
}

export interface LogsSeen {
  readonly choices: readonly LogChoice[];
  /** Null when none is chosen. */
  readonly chosen: LogChoice | null;
  /** Of a pod, when it has several. */
  readonly containers: readonly string[];
  readonly container: string | null;
}

const GROUPS = [
  ["function", "Functions"],
  ["deployment", "Deployments"],
  ["pod", "Pods"],
] as const;

/** "pod/default/web". */
export function logAddress({ type, namespace, name }: LogChoice): string {
  return `${type}/${namespace}/${name}`;
}

export function logsBody(seen: LogsSeen): string {
  const { chosen, choices } = seen;
  const address = chosen === null ? "" : logAddress(chosen);
  return `<h1 class="unseen">Logs</h1>
<div class="tools" role="toolbar" aria-label="Log">
${workloads(choices, address)}${containers(seen)}
<input id="filter" type="search" placeholder="Filter lines ( / )" aria-label="Filter lines" maxlength="200" spellcheck="false">
<button id="pause" type="button" aria-pressed="false">Pause</button>
<label><input id="wrap" type="checkbox"> Wrap</label>
<button id="clear" type="button">Clear</button>
<span id="state" class="state quiet" role="status"></span></div>
${pane(chosen, choices.length === 0)}`;
}

function workloads(choices: readonly LogChoice[], address: string): string {
  const isKnown = choices.some((choice) => logAddress(choice) === address);
  const gone = address === "" || isKnown ? "" : option(address, `${address} (gone)`, true);
  const groups = GROUPS.map(([type, title]) => {
    const options = choices
      .filter((choice) => choice.type === type)
      .map((choice) => option(logAddress(choice), nameOf(choice), logAddress(choice) === address));
    return options.length === 0 ? "" : `<optgroup label="${title}">${options.join("")}</optgroup>`;
  });
  const none = address === "" ? option("", "Choose a workload …", true) : "";
  return `<select id="of" aria-label="Whose log">${none}${gone}${groups.join("")}</select>`;
}

function nameOf({ namespace, name }: LogChoice): string {
  return namespace === "default" ? name : `${name} (${namespace})`;
}

function containers({ containers: names, container }: LogsSeen): string {
  if (names.length < 2) return "";
  return `<select id="container" aria-label="Container">${names.map((name) => option(name, name, name === container)).join("")}</select>`;
}

function option(value: string, text: string, isSelected: boolean): string {
  return `<option value="${escape(value)}"${isSelected ? " selected" : ""}>${escape(text)}</option>`;
}

function pane(chosen: LogChoice | null, isEmpty: boolean): string {
  if (chosen !== null) return '<div id="lines" role="log" aria-live="off" aria-label="Lines" tabindex="0"></div>';
  return `<p class="empty">${isEmpty ? NOTHING_YET : "<b>Whose log?</b>Choose a workload above, and follow its log as it is written."}</p>`;
}
