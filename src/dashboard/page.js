/** The dashboard in the browser: trades the link's token for a session, keeps the rows current, filters them. */
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

function filterRows() {
  const wanted = document.getElementById("filter").value.toLowerCase();
  for (const row of document.querySelectorAll("#rows tr"))
    row.hidden = !(row.dataset.name ?? "").toLowerCase().includes(wanted);
}

// Only what changed is replaced: a swap of everything would take focus and selection away.
function showRows(html) {
  const rows = document.getElementById("rows");
  const focused = document.activeElement;
  const fresh = document.createElement("tbody");
  fresh.innerHTML = html;
  const known = new Map([...rows.children].map((row) => [row.dataset.name, row]));
  const shown = [...fresh.children].map((row) => changedRow(known.get(row.dataset.name), row));
  for (const [place, row] of shown.entries())
    if (rows.children[place] !== row) rows.insertBefore(row, rows.children[place] ?? null);
  while (rows.children.length > shown.length) rows.lastElementChild.remove();
  // A row that moved to another place has lost it.
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  filterRows();
}

function changedRow(known, fresh) {
  if (known === undefined) return fresh;
  const cells = [...fresh.cells];
  for (const [place, cell] of [...known.cells].entries())
    if (cell.outerHTML !== cells[place].outerHTML) cell.replaceWith(cells[place]);
  return known;
}

function watchRows() {
  const rows = document.getElementById("rows");
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => {
    rows.classList.remove("stale");
    showRows(JSON.parse(data));
  };
  events.onerror = () => rows.classList.add("stale");
}

void enter();
// A link that is opened where this page is already changes nothing but what is behind the #.
addEventListener("hashchange", () => void enter());
if (page === "deck") {
  const filter = document.getElementById("filter");
  filter.addEventListener("input", filterRows);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || document.activeElement === filter) return;
    event.preventDefault();
    filter.focus();
  });
  watchRows();
}
