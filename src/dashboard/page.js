/** The dashboard in the browser: trades the link's token for a session, keeps the rows current, filters them. */
const page = document.body.dataset.page;

async function enter() {
  const token = location.hash.slice(1);
  if (token === "") return;
  const answer = await fetch("/enter", { method: "POST", body: token });
  if (answer.ok) location.replace("/");
}

function filterRows() {
  const wanted = document.getElementById("filter").value.toLowerCase();
  for (const row of document.querySelectorAll("#rows tr"))
    row.hidden = !(row.dataset.name ?? "").toLowerCase().includes(wanted);
}

function watchRows() {
  const rows = document.getElementById("rows");
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => {
    // Swapping text that is the same would take the focus and the selection away.
    if (rows.dataset.last === data) return;
    rows.dataset.last = data;
    rows.innerHTML = JSON.parse(data);
    rows.classList.remove("stale");
    filterRows();
  };
  events.onerror = () => rows.classList.add("stale");
}

if (page === "enter" || location.hash.length > 1) void enter();
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
