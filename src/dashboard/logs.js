/** The log page in the browser: follows, filters, pauses, wraps. Lines are text and nothing else; the oldest go when there are too many. */
const MAX_LINES = 5_000;
const HIDDEN_MS = 60_000;
// Colours and cursor movements of terminals.
const ESCAPES = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;?]*[ -/]*[@-~]`, "g");

const pane = document.getElementById("lines");
const filter = document.getElementById("filter");
const pauseButton = document.getElementById("pause");
const wrap = document.getElementById("wrap");
const state = document.getElementById("state");

/** Lines that came while paused. */
let held = [];
let isPaused = false;
let connection = "connecting";
let shown = 0;
let skipped = 0;

function lineOf({ atMs, from, text, isNote }) {
  const line = document.createElement("div");
  line.className = isNote ? "line note" : "line";
  const time = document.createElement("time");
  time.dateTime = new Date(atMs).toISOString();
  time.title = time.dateTime;
  time.textContent = time.dateTime.slice(11, 23);
  line.append(time, " ");
  if (from) {
    const pod = document.createElement("span");
    pod.className = "from";
    pod.title = from;
    pod.textContent = from.split("-").at(-1);
    line.append(pod, " ");
  }
  const words = document.createElement("span");
  words.className = "text";
  words.textContent = text.replace(ESCAPES, "");
  line.append(words);
  line.hidden = !passes(line);
  return line;
}

function passes(line) {
  return line.lastChild.textContent.toLowerCase().includes(filter.value.toLowerCase());
}

function show(lines) {
  const isAtEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 40;
  const some = document.createDocumentFragment();
  for (const line of lines) some.append(lineOf(line));
  pane.append(some);
  while (pane.childElementCount > MAX_LINES) pane.firstElementChild.remove();
  // Who has scrolled back reads; the log must not run away below.
  if (isAtEnd) pane.scrollTop = pane.scrollHeight;
  count();
}

function count() {
  shown = 0;
  for (const line of pane.children) if (!line.hidden) shown++;
  say();
}

function say() {
  const total = pane.childElementCount;
  const parts = [
    isPaused ? "paused" : connection,
    filter.value === "" ? `${total} ${total === 1 ? "line" : "lines"}` : `${shown} of ${total} lines`,
    ...(total >= MAX_LINES ? ["older ones left out"] : []),
    ...(skipped > 0 ? [`${skipped} skipped: faster than this page`] : []),
    "UTC",
  ];
  state.textContent = parts.join(" · ");
  state.classList.toggle("live", connection === "live" && !isPaused);
  state.classList.toggle("lost", connection !== "live" && connection !== "connecting");
  pauseButton.textContent = isPaused ? `Resume${held.length > 0 ? ` (${held.length} new)` : ""}` : "Pause";
  pauseButton.setAttribute("aria-pressed", String(isPaused));
}

function take(message) {
  skipped += message.skipped;
  const lines = message.lines.filter(isNew);
  for (const line of lines) remember(line.isNote ? { ...line, from: NOTES, atMs: 0 } : line);
  if (!isPaused) return show(lines);
  held.push(...lines);
  if (held.length > MAX_LINES) held = held.slice(-MAX_LINES);
  say();
}

function pause() {
  isPaused = !isPaused;
  if (isPaused) return say();
  const lines = held;
  held = [];
  show(lines);
  pane.scrollTop = pane.scrollHeight;
}

function applyFilter() {
  const isAtEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 40;
  for (const line of pane.children) line.hidden = !passes(line);
  if (isAtEnd) pane.scrollTop = pane.scrollHeight;
  count();
}

function clear() {
  held = [];
  skipped = 0;
  pane.replaceChildren();
  say();
}

function applyWrap() {
  pane.classList.toggle("wraps", wrap.checked);
  localStorage.setItem("wrap", wrap.checked ? "1" : "");
}

/** By pod, what was shown last: a connection that is made anew begins with lines that are here already. */
const newest = new Map();
const NOTES = " "; // No pod is called so.
let known = new Map();

function remember({ atMs, from, text }) {
  const last = newest.get(from);
  if (last === undefined || atMs > last.atMs) newest.set(from, { atMs, texts: new Set([text]) });
  else if (atMs === last.atMs && last.texts.size < MAX_LINES) last.texts.add(text);
}

function isNew({ atMs, from, text, isNote }) {
  if (isNote) return known.get(NOTES)?.texts.has(text) !== true;
  const last = known.get(from);
  return last === undefined || atMs > last.atMs || (atMs === last.atMs && !last.texts.has(text));
}

let events = null;

function connect() {
  if (events !== null) return;
  events = new EventSource(`/logs/lines${location.search}`);
  events.onopen = () => {
    known = new Map([...newest].map(([from, { atMs, texts }]) => [from, { atMs, texts: new Set(texts) }]));
    connection = "live";
    say();
  };
  events.onmessage = ({ data }) => take(JSON.parse(data));
  events.onerror = () => {
    // Closed by a refusal: only a new session helps. Otherwise the browser tries again.
    connection = events.readyState === EventSource.CLOSED ? "refused: reload this page" : "not connected";
    say();
  };
}

let leaving;

/** A browser has six connections to a server: a page that is hidden for long gives its own back. */
function seeOrHide() {
  clearTimeout(leaving);
  if (!document.hidden) return connect();
  leaving = setTimeout(() => {
    events.close();
    events = null;
  }, HIDDEN_MS);
}

function choose() {
  const query = new URLSearchParams({ of: document.getElementById("of").value });
  location.assign(`/logs?${query}`);
}

function chooseContainer(event) {
  const query = new URLSearchParams(location.search);
  query.set("container", event.target.value);
  location.assign(`/logs?${query}`);
}

document.getElementById("of").addEventListener("change", choose);
document.getElementById("container")?.addEventListener("change", chooseContainer);
if (pane !== null) {
  wrap.checked = localStorage.getItem("wrap") !== "";
  applyWrap();
  wrap.addEventListener("change", applyWrap);
  filter.addEventListener("input", applyFilter);
  pauseButton.addEventListener("click", pause);
  document.getElementById("clear").addEventListener("click", clear);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || document.activeElement === filter) return;
    event.preventDefault();
    filter.focus();
  });
  document.addEventListener("visibilitychange", seeOrHide);
  connect();
} else {
  for (const control of [filter, pauseButton, wrap, document.getElementById("clear")]) control.disabled = true;
}
