/* The page as a whole: reads its data, draws every view, and redraws what a choice or a new size changes. */

function hiddenView(name) { return Boolean(page.data.only) && !page.data.only.includes(name); }

async function readData() {
  const element = $("data"), text = element.textContent;
  if (element.type === "application/json") return JSON.parse(text);
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

function show(data) {
  if (page.data === null) {
    page.metric = data.metric;
    if (data.diff) page.at = data.diff.new;
  }
  page.data = data;
  page.at = Math.min(page.at, data.models.length - 1);
  page.selected = new Set();
  icicle.top = null;
  for (const m of data.models) for (const key of Object.keys(METRICS)) if (m.columns[key] && m.total[key] == null) m.total[key] = m.columns[key].reduce((a, b) => a + b, 0);
  document.title = data.title;
  $("title").textContent = data.title;
  for (const name of ["icicle", "drawing", "stages", "memory", "roofline", "field", "table"]) $(`s-${name}`).hidden = hiddenView(name);
  $("s-diff").hidden = !data.diff || hiddenView("diff");
  $("s-bubble").hidden = !data.bubble || hiddenView("bubble");
  const compared = data.only && data.only.every(name => name === "bubble" || name === "stages");  // no one model is shown
  for (const id of ["stats", "counted"]) $(id).hidden = Boolean(compared);
  $("h-stages").textContent = data.models.length > 1 ? "Compared" : "By resolution and by type";
  $("notes").textContent = `Made by cnncost ${data.version}. Numbers are exact; nothing was measured. ${data.live ? "" : "This file needs no network."}`;
  $("models").hidden = data.models.length < 2 || Boolean(compared);
  $("models").replaceChildren(...data.models.map((m, k) => html("button", { "aria-pressed": String(k === page.at), click: () => { page.at = k; page.selected = new Set(); icicle.top = null; showModel(); } }, m.label)));
  $("diffmetric").replaceChildren(...["flops", "params", "activation_bytes", "macs"].map(key => html("option", { value: key }, METRICS[key].title)));
  showModel();
  if (!hiddenView("stages")) drawStages();
  drawDiff();
  drawBubble();
}

function showModel() {
  const m = model(), metrics = Object.keys(METRICS).filter(key => m.columns[key]);
  [...$("models").children].forEach((button, k) => button.setAttribute("aria-pressed", String(k === page.at)));
  $("counted").replaceChildren(m.counted, ...m.notes.flatMap(note => [html("br"), note]));
  if (!metrics.includes(page.metric)) page.metric = "flops";
  $("metric").replaceChildren(...metrics.map(key => html("option", { value: key }, METRICS[key].title)));
  $("metric").value = page.metric;
  const tile = ([value, name, note]) => html("div", { class: "stat" }, html("div", { class: "value" }, value), html("div", { class: "name" }, name), html("div", { class: "extra" }, note));
  $("stats").replaceChildren(...[
    [figure(m.total.params, "count"), "parameters", exact(m.total.params)],
    [figure(m.total.flops, "count"), `FLOPs (${m.convention.name})`, exact(m.total.flops)],
    [figure(m.total.macs, "count"), "multiply-adds", exact(m.total.macs)],
    [figure(m.total.activation_bytes, "bytes"), "activations", `by ${m.convention.name}`],
    [figure(m.memory.peak_bytes, "bytes"), "peak at inference", `at ${m.memory.peak_at ?? "no layer"}`],
    [figure(m.memory.training_bytes, "bytes"), "training", `optimizer ${m.memory.optimizer}`],
    [m.columns.name.length.toLocaleString("en-US"), "layers", `input ${m.input}, batch ${m.batch}`],
  ].map(tile));
  $("families").replaceChildren(...KIND_ORDER.filter(name => m.kinds.some(kind => kind[1] === name)).map(name => legend(`var(--${name})`, FAMILIES[name])));
  drawViews();
}

function drawViews() {
  if (!hiddenView("icicle")) drawIcicle();
  if (!hiddenView("drawing")) drawDrawing();
  if (!hiddenView("memory")) drawMemory();
  drawRoofline();
  drawField();
  if (!hiddenView("table")) { table.limit = FIRST_ROWS; drawTable(); addRowsWhenIdle(); }
  $("now").textContent = "";
}

function resized() {
  if (!page.data) return;
  if (!hiddenView("icicle")) paintIcicle();
  if (!hiddenView("memory")) drawMemory();
  drawRoofline();
  drawField();
  if (!hiddenView("stages")) drawStages();
  drawDiff();
  drawBubble();
}

setUpTable();
$("metric").addEventListener("change", event => { page.metric = event.target.value; if (!hiddenView("icicle")) drawIcicle(); if (!hiddenView("drawing")) drawDrawing(); });
$("fold").addEventListener("click", foldAll);
$("unfold").addEventListener("click", unfoldAll);
for (const id of ["by", "shares"]) $(id).addEventListener("change", drawStages);
$("diffmetric").addEventListener("change", drawDiff);
let width = innerWidth, waiting;
addEventListener("resize", () => { if (innerWidth === width) return; width = innerWidth; clearTimeout(waiting); waiting = setTimeout(resized, 120); });
readData().then(data => { show(data); if (typeof setUpEditor === "function") setUpEditor(data.live); });
