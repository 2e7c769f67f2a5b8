/** The dashboard in the browser: trades the link's token for a session, keeps the rows current, filters and sorts them. */
const page = document.body.dataset.page;

async function enter() {
  const token = location.hash.slice(1);
  if (token === "") return;
  // The token opens nothing twice, and is nobody's business.
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/enter", { method: "POST", body: token });
  const why = document.getElementById("why");
  if (answer.ok && page === "enter") location.replace("/");
  else if (why !== null) why.textContent = (await answer.text()).split(". ")[0] + ".";
}

function say(connection) {
  const state = document.getElementById("state");
  const rows = [...document.querySelectorAll("#rows tr[data-name]")];
  const shown = rows.filter((row) => !row.hidden).length;
  const count = `${rows.length} ${rows.length === 1 ? "workload" : "workloads"}`;
  state.textContent = `${connection} · ${shown === rows.length ? count : `${shown} of ${count}`}`;
  state.classList.toggle("live", connection === "live");
  state.classList.toggle("lost", connection !== "live");
}

let connection = "connecting";

function filterRows() {
  const wanted = document.getElementById("filter").value.toLowerCase();
  for (const row of document.querySelectorAll("#rows tr[data-name]"))
    row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
  say(connection);
}

/** The column that rows are sorted by; none: as the server gives them. */
let sorting = { column: -1, isDescending: false };

function sortBy(button) {
  const column = Number(button.dataset.column);
  const isText = column < 3;
  // Figures first the largest, names first the first; the third time as the server gives them.
  if (sorting.column !== column) sorting = { column, isDescending: !isText };
  else if (sorting.isDescending !== isText) sorting = { column, isDescending: isText };
  else sorting = { column: -1, isDescending: false };
  for (const head of document.querySelectorAll(".deck thead th")) head.removeAttribute("aria-sort");
  if (sorting.column >= 0)
    button.parentElement.setAttribute("aria-sort", sorting.isDescending ? "descending" : "ascending");
  place(given);
  filterRows();
}

function sorted(rows) {
  const { column, isDescending } = sorting;
  if (column < 0) return rows;
  const value = (row) => row.cells[column]?.dataset.value ?? "";
  const compare = (a, b) => (column < 2 ? a.localeCompare(b) : Number(a) - Number(b));
  return rows.toSorted((a, b) => (isDescending ? -1 : 1) * compare(value(a), value(b)));
}

/** Rows in the server's order. */
let given = [...document.querySelectorAll("#rows tr")];

// Only what changed is replaced: a swap of everything would take focus and selection away.
function showRows(html) {
  const fresh = document.createElement("tbody");
  fresh.innerHTML = html;
  const known = new Map(given.map((row) => [row.dataset.name, row]));
  given = [...fresh.children].map((row) => changedRow(known.get(row.dataset.name), row));
  place(given);
  filterRows();
}

function place(unsorted) {
  const rows = document.getElementById("rows");
  const focused = document.activeElement;
  const shown = sorted(unsorted);
  for (const [at, row] of shown.entries())
    if (rows.children[at] !== row) rows.insertBefore(row, rows.children[at] ?? null);
  while (rows.children.length > shown.length) rows.lastElementChild.remove();
  // A row that moved to another place has lost it.
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

function changedRow(known, fresh) {
  if (known === undefined) return fresh;
  const cells = [...fresh.cells];
  for (const [place, cell] of [...known.cells].entries())
    if (cell.outerHTML !== cells[place].outerHTML) cell.replaceWith(cells[place]);
  return known;
}

/** Nobody sees a hidden page: it asks for nothing until it is seen again. */
function watchRows() {
  let events = null;
  const connect = () => {
    events?.close();
    events = null;
    if (document.hidden) return;
    events = new EventSource("/events");
    events.onmessage = ({ data }) => {
      connection = "live";
      document.getElementById("rows").classList.remove("stale");
      showRows(JSON.parse(data));
    };
    events.onerror = () => {
      // Closed by a refusal: only a new session helps. Otherwise the browser tries again.
      connection = events.readyState === EventSource.CLOSED ? "session over: reload this page" : "not connected";
      document.getElementById("rows").classList.add("stale");
      say(connection);
    };
  };
  document.addEventListener("visibilitychange", connect);
  connect();
}

void enter();
// A link that is opened where this page is already changes nothing but what is behind the #.
addEventListener("hashchange", () => void enter());
if (page === "deck") {
  const filter = document.getElementById("filter");
  filter.addEventListener("input", filterRows);
  for (const button of document.querySelectorAll("[data-column]"))
    button.addEventListener("click", () => sortBy(button));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || document.activeElement === filter) return;
    event.preventDefault();
    filter.focus();
  });
  watchRows();
}
