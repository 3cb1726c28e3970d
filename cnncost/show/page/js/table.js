/* The table of layers: text in the document, so that the browser's own search finds it; sorted and filtered in place. */

const FIRST_ROWS = 300, IDLE_ROWS = 3000;
const COLUMNS = [
  { title: "layer", text: (m, i) => m.columns.name[i], words: true },
  { title: "type", text: (m, i) => m.titles[m.columns.title[i]], words: true },
  { title: "output", text: (m, i) => m.outputs[m.columns.output[i]] },
  { key: "params", title: "parameters", bar: true },
  { key: "flops", title: "FLOPs", bar: true },
  { key: "activation_bytes", title: "memory", unit: "bytes", bar: true },
  { key: "live_bytes", title: "live", unit: "bytes" },
  { key: "kept_bytes", title: "kept", unit: "bytes", bar: true },
  { key: "receptive_field", title: "field", value: (m, i) => fieldSize(m.columns.receptive_field[i]), text: (m, i) => { const v = m.columns.receptive_field[i]; return v == null ? "" : Array.isArray(v) ? v.join("×") : String(v); } },
  { key: "bound_us", title: "bound", unit: "time", bar: true },
];
const table = { sort: null, limit: FIRST_ROWS, rows: [], drawn: 0 };

const shownColumns = () => COLUMNS.filter(column => !column.key || model().columns[column.key]);

function drawTable() {
  const m = model(), c = m.columns, columns = shownColumns(), words = $("filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean), free = $("free").checked;
  table.rows = [];
  for (let i = 0; i < c.name.length; i++) {
    if (!free && !words.length && !(c.flops[i] || c.params[i] || c.activation_bytes[i] || c.macs[i])) continue;
    const text = words.length ? `${c.name[i]} ${m.kinds[c.kind[i]][0]} ${m.titles[c.title[i]]} ${m.outputs[c.output[i]]}`.toLowerCase() : "";
    if (words.every(word => text.includes(word))) table.rows.push(i);
  }
  if (table.sort) {
    const { column, down } = table.sort, value = column.value || (column.key ? (_, i) => c[column.key][i] : column.text), side = down ? -1 : 1;
    table.rows.sort((a, b) => { const p = value(m, a) ?? -1, q = value(m, b) ?? -1; return p === q ? a - b : (p > q ? 1 : -1) * side; });
  }
  $("head").replaceChildren(...columns.map(column => {
    const sorted = table.sort?.column === column;
    return html("th", { scope: "col", class: column.words ? "words" : null, "aria-sort": sorted ? (table.sort.down ? "descending" : "ascending") : "none" }, html("button", { click: () => sortBy(column) }, column.title));
  }));
  $("rows").replaceChildren();
  table.drawn = 0;
  addRows(table.limit);
  const total = key => figure(sum(key, table.rows), "count");
  $("sum").textContent = `${table.rows.length.toLocaleString("en-US")} of ${plural(c.name.length, "layer")}: ${exact(sum("params", table.rows))} parameters, ${exact(sum("flops", table.rows))} FLOPs, ${figure(sum("activation_bytes", table.rows), "bytes")}`;
}

function addRows(upTo) {
  const m = model(), c = m.columns, columns = shownColumns(), body = document.createDocumentFragment();
  m.most ??= Object.fromEntries(COLUMNS.filter(column => column.bar && c[column.key]).map(column => [column.key, c[column.key].reduce((a, b) => Math.max(a, b), 0) || 1]));
  for (const i of table.rows.slice(table.drawn, upTo)) {
    const row = document.createElement("tr");
    row.layer = i;
    if (page.selected.has(i)) row.className = "sel";
    for (const column of columns) {
      const cell = document.createElement("td"), value = column.key ? c[column.key][i] : null;
      if (column.words) cell.className = "words";
      else if (column.bar && value) { cell.className = "bar"; cell.style.setProperty("--w", `${(100 * value / m.most[column.key]).toFixed(1)}%`); }
      cell.textContent = column.text ? column.text(m, i) : column.unit ? (value ? figure(value, column.unit) : "0") : exact(value);
      row.append(cell);
    }
    body.append(row);
  }
  $("rows").append(body);
  table.drawn = Math.min(Math.max(upTo, table.drawn), table.rows.length);
  const left = table.rows.length - table.drawn;
  $("more").hidden = left <= 0;
  $("more").textContent = `${plural(left, "more row")}: show all`;
}

function sortBy(column) {
  const first = !column.words;
  table.sort = table.sort?.column !== column ? { column, down: first } : table.sort.down === first ? { column, down: !first } : null;
  drawTable();
  [...$("head").querySelectorAll("button")][shownColumns().indexOf(column)]?.focus();
}

function followTable() {
  let first = null;
  for (const row of $("rows").rows) {
    const on = page.selected.has(row.layer);
    row.classList.toggle("sel", on);
    if (on) first ??= row;
  }
  const box = $("tablebox");
  if (first && page.selected.size < table.rows.length) box.scrollTop = Math.max(0, first.offsetTop - box.clientHeight / 3);
}
page.follow.push(followTable);

function setUpTable() {
  let wait;
  $("filter").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(drawTable, 60); });
  $("free").addEventListener("change", drawTable);
  $("more").addEventListener("click", () => { table.limit = Infinity; addRows(Infinity); });
  $("rows").addEventListener("click", event => { const row = event.target.closest("tr"); if (row) select([row.layer]); });
}

/* Rows beyond the first are added when the browser is idle, so that its search finds them; a crowd waits for the button. */
function addRowsWhenIdle() {
  if (table.rows.length > FIRST_ROWS && table.rows.length <= IDLE_ROWS) (window.requestIdleCallback || setTimeout)(() => { table.limit = Infinity; addRows(Infinity); });
}
