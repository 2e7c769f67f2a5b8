/** The pages of managed services as HTML text: what each holds, and a queue's messages. Pure. */
import { escape } from "./page.ts";

export interface ServiceRow {
  readonly namespace: string;
  readonly name: string;
  readonly holds: string;
  /** Of its own page, when it has one. */
  readonly address?: string;
}

export interface ServiceGroup {
  readonly title: string;
  readonly rows: readonly ServiceRow[];
  readonly leftOut: number;
}

export interface PeekedMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAtMs: number;
  readonly deadLetterSource?: string;
}

export type PeekedQueue =
  | { readonly name: string; readonly isThere: false }
  | {
      readonly name: string;
      readonly isThere: true;
      readonly holds: string;
      readonly deadLetterQueue: string | null;
      readonly sources: readonly string[];
      readonly messages: readonly PeekedMessage[];
    };

// A message may have a megabyte; a page shows what can be read.
const BODY_CHARACTERS = 2_000;
const NOTHING_HELD =
  '<p class="empty"><b>No managed service holds anything yet</b>A queue: <code>aws sqs create-queue --queue-name orders</code></p>';

export function servicesBody(groups: readonly ServiceGroup[]): string {
  const shown = groups.filter(({ rows }) => rows.length > 0);
  return `<h1>Services</h1>${shown.length === 0 ? NOTHING_HELD : shown.map(groupHtml).join("")}`;
}

function groupHtml({ title, rows, leftOut }: ServiceGroup): string {
  const more = leftOut === 0 ? "" : `<p class="quiet">${leftOut} more are left out.</p>`;
  return `<h2>${title}</h2>${tableHtml(["Name", "Namespace", "Holds"], rows.map(rowHtml))}${more}`;
}

function rowHtml({ namespace, name, holds, address }: ServiceRow): string {
  const shown = address === undefined ? escape(name) : `<a href="/services${escape(address)}">${escape(name)}</a>`;
  return `<th scope="row">${shown}</th><td>${escape(namespace)}</td><td>${escape(holds)}</td>`;
}

export function messagesBody(queue: PeekedQueue): string {
  const title = `<p><a href="/services">Services</a></p><h1>Queue ${escape(queue.name)}</h1>`;
  if (!queue.isThere) return `${title}<p class="empty"><b>There is no such queue</b></p>`;
  const { holds, deadLetterQueue, sources, messages } = queue;
  const letters = [
    deadLetterQueue === null ? "" : `<p>Dead letters go to ${escape(deadLetterQueue)}.</p>`,
    sources.length === 0 ? "" : `<p>Dead letters come from ${escape(sources.join(", "))}.</p>`,
  ].join("");
  const list =
    messages.length === 0
      ? '<p class="quiet">There are no messages in it.</p>'
      : tableHtml(["Id", "Sent", "Body"], messages.map(messageHtml));
  return `${title}<p>${escape(holds)}</p>${letters}<h2>The oldest messages</h2><p class="quiet">Seen here, they are not received.</p>${list}`;
}

function messageHtml({ id, body, sentAtMs, deadLetterSource }: PeekedMessage): string {
  const cut = body.length > BODY_CHARACTERS ? ` … (${body.length - BODY_CHARACTERS} characters more)` : "";
  const source = deadLetterSource === undefined ? "" : `<small class="quiet">from ${escape(deadLetterSource)}</small>`;
  return `<th scope="row">${escape(id)}${source}</th><td>${new Date(sentAtMs).toISOString()}</td><td><pre>${escape(body.slice(0, BODY_CHARACTERS))}${cut}</pre></td>`;
}

function tableHtml(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((one) => `<th scope="col">${one}</th>`).join("");
  return `<div class="held"><table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join("")}</tbody></table></div>`;
}
