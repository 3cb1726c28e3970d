/* The icicle: a row per depth of scopes, as wide as what it costs. Order is the order of execution. */

const ICICLE_ROW = 30;
const icicle = { root: null, top: null, cells: new Map() };

function icicleTree(m) {
  const root = { id: "", label: m.label, children: [] }, byId = new Map([["", root]]);
  m.columns.name.forEach((name, i) => {
    const parts = name.split(".");
    let at = root;
    for (let k = 0; k < parts.length - 1; k++) {
      const id = parts.slice(0, k + 1).join(".");
      let next = byId.get(id);
      if (!next) { next = { id, label: parts[k], children: [] }; byId.set(id, next); at.children.push(next); }
      at = next;
    }
    at.children.push({ id: name, label: parts.at(-1), layer: i });
  });
  return d3.hierarchy(root);
}

function drawIcicle() {
  const column = model().columns[page.metric];
  const topId = icicle.top ? icicle.top.data.id : "";
  icicle.root = icicleTree(model()).sum(d => d.layer == null ? 0 : column[d.layer]);
  d3.partition()(icicle.root);
  icicle.root.each(node => { node.layers = node.data.layer == null ? null : [node.data.layer]; });
  icicle.top = icicle.root.find(node => node.data.id === topId && node.children) || icicle.root;
  paintIcicle();
}

const layersOf = node => node.layers ??= node.leaves().map(leaf => leaf.data.layer);

function paintIcicle() {
  const host = $("icicle"), width = host.clientWidth || 800, { top, root } = icicle, unit = METRICS[page.metric].unit;
  const deepest = Math.max(...top.descendants().map(node => node.depth)) - top.depth;
  const picture = svg("svg", { width, height: (deepest + 1) * ICICLE_ROW, role: "tree", "aria-label": `${METRICS[page.metric].title} by stage, block and layer` });
  const scale = d3.scaleLinear([top.x0, top.x1 > top.x0 ? top.x1 : top.x0 + 1], [0, width]);
  icicle.cells = new Map();
  top.each(node => {
    const x = scale(node.x0), w = scale(node.x1) - x, y = (node.depth - top.depth) * ICICLE_ROW;
    if (w < 0.6 && node !== top) return;
    const value = figure(node.value, unit), name = node.data.id || model().label;
    const cell = svg("g", {
      class: `cell ${node.children ? "k-scope" : "k-" + familyOf(node.data.layer)}`, role: "treeitem", tabindex: node === top ? 0 : -1,
      "aria-label": `${name}: ${value} (${share(root.value ? node.value / root.value : 0)})`, "aria-level": node.depth + 1,
    });
    cell.node = node;
    cell.append(svg("title", {}, cell.getAttribute("aria-label")), svg("rect", { x: x.toFixed(1), y, width: Math.max(w - 0.7, 0.5).toFixed(1), height: ICICLE_ROW - 2, rx: 2 }));
    if (w > 24) {
      const room = Math.floor((w - 8) / 6.6), whole = w > 110 ? `${node.data.label}  ${value}` : node.data.label;
      const text = whole.length <= room ? whole : node.data.label.length <= room ? node.data.label : node.data.label.slice(0, Math.max(room - 1, 1)) + "…";
      if (room > 1) cell.append(svg("text", { x: (x + 4).toFixed(1), y: y + ICICLE_ROW / 2 + 3 }, text));
    }
    icicle.cells.set(node, cell);
    picture.append(cell);
  });
  picture.addEventListener("click", event => { const cell = event.target.closest(".cell"); if (cell) enterCell(cell.node); });
  picture.addEventListener("keydown", walkIcicle);
  host.replaceChildren(picture);
  const path = top.ancestors().reverse();
  $("crumbs").replaceChildren(...path.flatMap((node, k) => [k ? " › " : "", html("button", { class: "link", click: () => zoomIcicle(node) }, node.data.label)]));
  followIcicle();
}

function enterCell(node) {
  select(layersOf(node));
  if (node.children) zoomIcicle(node === icicle.top ? node.parent || node : node);
}

function zoomIcicle(node) {
  icicle.top = node;
  paintIcicle();
  icicle.cells.get(node).focus({ preventScroll: true });
}

function walkIcicle(event) {
  const node = event.target.node;
  if (!node) return;
  const seen = list => (list || []).filter(each => icicle.cells.has(each));
  const beside = seen(node.parent?.children), at = beside.indexOf(node);
  const to = { ArrowRight: beside[at + 1], ArrowLeft: beside[at - 1], ArrowDown: seen(node.children)[0], ArrowUp: seen([node.parent])[0] }[event.key];
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); enterCell(node); }
  else if (event.key === "Escape") zoomIcicle(icicle.root);
  else if (to) {
    event.preventDefault();
    event.target.setAttribute("tabindex", -1);
    const cell = icicle.cells.get(to);
    cell.setAttribute("tabindex", 0);
    cell.focus();
    select(layersOf(to));
  }
}

function followIcicle() {
  for (const [node, cell] of icicle.cells) cell.classList.toggle("sel", !node.children && page.selected.has(node.data.layer));
}
page.follow.push(followIcicle);
