/* The drawing: boxes in rows, level by level. Rows and their order come with the data; places are worked out here, by the same
   least squares as in place.py, whenever a box opens or closes. */

const BOX = { title: 12, detail: 11, height: 40, head: 24, pad: 10, gap: 16, row: 18, margin: 9, least: 84, most: 330, sweeps: 40, long: 24, tether: 0.5, tip: 6, crowd: 30 };
const ENTRY = -1, EXIT = -2;
const drawing = { open: new Map() };

const canvas = document.createElement("canvas").getContext("2d");
function textWidth(text, size, bold) {
  canvas.font = `${bold ? 600 : 400} ${size}px system-ui, sans-serif`;
  return canvas.measureText(text).width;
}
function clipped(text, size, room, bold) {
  if (textWidth(text, size, bold) <= room) return text;
  let keep = text.length - 1;
  const cut = () => text.slice(0, Math.ceil(keep / 2)) + "…" + text.slice(text.length - Math.floor(keep / 2));
  while (keep > 2 && textWidth(cut(), size, bold) > room) keep--;
  return cut();
}

function opened(m) {
  if (!drawing.open.has(m.label)) {
    const open = new Set();
    let level = [m.drawing], boxes = m.drawing.boxes.length;
    for (;;) {
      const inner = level.flatMap(each => each.boxes).filter(box => box.inside);
      const more = inner.reduce((total, box) => total + box.inside.boxes.length, 0);
      if (!inner.length || boxes + more > BOX.crowd) break;
      inner.forEach(box => open.add(box.id));
      boxes += more;
      level = inner.map(box => box.inside);
    }
    drawing.open.set(m.label, open);
  }
  return drawing.open.get(m.label);
}

function sizedBox(box, open) {
  const beside = (box.badge ? textWidth(box.badge, BOX.detail, true) + 8 : 0) + textWidth("100.0 %", BOX.detail) + 10;
  const title = clipped(box.title, BOX.title, BOX.most - 2 * BOX.margin - beside, true), detail = clipped(box.detail, BOX.detail, BOX.most - 2 * BOX.margin);
  const head = textWidth(title, BOX.title, true) + beside;
  if (!box.inside || !open.has(box.id)) {
    const w = Math.max(BOX.least, head + 2 * BOX.margin, textWidth(detail, BOX.detail) + 2 * BOX.margin);
    return { box, title, detail, w, h: BOX.height, entry: w / 2, exit: w / 2 };
  }
  const plan = placed(box.inside, open, true), w = Math.max(plan.w + 2 * BOX.pad, head + 2 * BOX.margin), aside = (w - plan.w) / 2;
  return { box, title, detail, w, h: plan.h + BOX.head, entry: plan.entry + aside, exit: plan.exit + aside, inside: plan };
}

function placed(level, open, inner = false) {
  const boxes = level.boxes.map(box => sizedBox(box, open)), { rows, lines } = level, count = boxes.length;
  const bend = { w: 0, h: 0, entry: 0, exit: 0 }, span = number => number >= 0 && number < count ? boxes[number] : bend;
  const left = across(rows, lines, span, count);
  if (inner && left.has(ENTRY) && left.has(EXIT)) left.set(EXIT, left.get(ENTRY));
  const least = Math.min(...left.values()), at = new Map();
  for (const [number, x] of left) left.set(number, x - least);
  rows.forEach((row, k) => row.forEach(number => at.set(number, k)));
  const leans = rows.map(() => 0);
  for (const [a, b] of lines) leans[at.get(b)] = Math.max(leans[at.get(b)], Math.abs(left.get(a) + span(a).exit - left.get(b) - span(b).entry));
  const top = [], bottom = [];
  let y = 0;
  rows.forEach((row, k) => {
    if (k) y += BOX.row + Math.min(22, leans[k] * 0.08);
    const height = Math.max(0, ...row.map(number => span(number).h));
    top[k] = y;
    for (const number of row) if (span(number) !== bend) { boxes[number].x = left.get(number); boxes[number].y = y + (height - boxes[number].h) / 2; }
    bottom[k] = y += height;
  });
  return {
    boxes, h: y, w: Math.max(BOX.least, ...rows.flat().map(number => left.get(number) + span(number).w)), entry: left.get(ENTRY) ?? 0, exit: left.get(EXIT) ?? 0,
    lines: lines.map(([a, b]) => ({
      x1: left.get(a) + span(a).exit, x2: left.get(b) + span(b).entry, bend: bottom[at.get(a)], row: top[at.get(b)],
      start: span(a) !== bend ? boxes[a].y + boxes[a].h : top[at.get(a)], end: span(b) !== bend ? boxes[b].y : bottom[at.get(b)], tip: span(b) !== bend && !boxes[b].inside,
    })),
  };
}

function across(rows, lines, span, count) {
  const above = new Map(), below = new Map(), left = new Map();
  const add = (map, key, value) => map.has(key) ? map.get(key).push(value) : map.set(key, [value]);
  for (const [a, b] of lines) { add(above, b, a); add(below, a, b); }
  for (const row of rows) {
    let x = -(row.reduce((total, number) => total + span(number).w, 0) + BOX.gap * (row.length - 1)) / 2;
    for (const number of row) { left.set(number, x); x += span(number).w + BOX.gap; }
  }
  const weight = (a, b) => a >= count && b >= count ? 4 : (below.get(a).length === 1 || above.get(b).length === 1) && a < count && b < count ? 16 : 0.5;
  for (let sweep = 0; sweep < BOX.sweeps; sweep++) {
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const wanted = [], weights = [];
      for (const number of row) {
        let total = rows.length > BOX.long ? BOX.tether : 0, pull = -total * span(number).entry;  // to the middle, lest long drawings drift aside
        const held = total > 0;
        if (sweep !== 1 || held) for (const other of above.get(number) || []) { const w = weight(other, number); pull += w * (left.get(other) + span(other).exit - span(number).entry); total += w; }
        if (sweep !== 0 || held) for (const other of below.get(number) || []) { const w = weight(number, other); pull += w * (left.get(other) + span(other).entry - span(number).exit); total += w; }
        wanted.push(total ? pull / total : left.get(number));
        weights.push(total || 0.1);
      }
      apart(wanted, weights, row.map(number => span(number).w)).forEach((x, k) => left.set(row[k], x));
    }
  }
  return left;
}

function apart(wanted, weights, widths) {
  const offsets = [0], blocks = [];
  for (const w of widths.slice(0, -1)) offsets.push(offsets.at(-1) + w + BOX.gap);
  wanted.forEach((want, k) => {
    blocks.push([weights[k] * (want - offsets[k]), weights[k], 1]);
    while (blocks.length > 1 && blocks.at(-2)[0] / blocks.at(-2)[1] > blocks.at(-1)[0] / blocks.at(-1)[1]) {
      const last = blocks.pop();
      blocks[blocks.length - 1] = blocks.at(-1).map((value, side) => value + last[side]);
    }
  });
  return blocks.flatMap(([total, weight, members]) => Array(members).fill(total / weight)).map((x, k) => x + offsets[k]);
}

function drawDrawing(focus) {
  const m = model(), open = opened(m), plan = placed(m.drawing, open), total = m.total[page.metric] ?? sum(page.metric, m.columns.name.keys());
  const wide = Math.max(plan.w + 12, plan.entry + textWidth(m.entry, 11)), x0 = 10, y0 = 24;
  const picture = svg("svg", { width: wide + 2 * x0, height: plan.h + y0 + 20, viewBox: `0 0 ${wide + 2 * x0} ${plan.h + y0 + 20}`, role: "group", "aria-label": `architecture of ${m.label}` });
  picture.append(svg("defs", {}, svg("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" }, svg("path", { d: "M0 0L8 4L0 8z", class: "arrow" }))));
  picture.append(svg("text", { x: Math.max(x0 + plan.entry, x0 + textWidth(m.entry, 11) / 2), y: y0 - 8, "text-anchor": "middle", class: "dim" }, m.entry));
  paintPlan(picture, plan, x0, y0, total);
  if (m.drawing.rows.at(-1)?.includes(EXIT)) picture.append(svg("path", { class: "edge", d: `M${x0 + plan.exit} ${y0 + plan.h}v8`, "marker-end": "url(#tip)" }));
  const toggle = target => {
    const g = target.closest?.(".box");
    if (!g) return;
    select(unroll(g.box.layers));
    if (!g.box.inside) return;
    open.has(g.box.id) ? open.delete(g.box.id) : open.add(g.box.id);
    drawDrawing(g.box.id);
  };
  picture.addEventListener("click", event => toggle(event.target));
  picture.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(event.target); } });
  const host = $("drawing"), { scrollLeft, scrollTop } = host;
  host.replaceChildren(picture);
  Object.assign(host, { scrollLeft, scrollTop });
  if (focus != null) [...picture.querySelectorAll(".box")].find(g => g.box.id === focus)?.focus({ preventScroll: true });
  followDrawing();
}

function paintPlan(out, plan, x, y, total) {
  for (const line of plan.lines) {
    const bent = Math.abs(line.x1 - line.x2) > 0.5, row = line.row - (line.tip && line.row - line.bend > 2 * BOX.tip ? BOX.tip : 0), mid = y + (line.bend + row) / 2;
    const curve = bent ? `C${x + line.x1} ${mid} ${x + line.x2} ${mid} ${x + line.x2} ${y + row}` : "";
    out.append(svg("path", { class: "edge", d: `M${x + line.x1} ${y + line.start}V${y + line.bend}${curve}${line.end > row || !bent ? `V${y + line.end}` : ""}`, "marker-end": line.tip ? "url(#tip)" : null }));
  }
  for (const each of plan.boxes) {
    const { box } = each, left = x + each.x, top = y + each.y, value = sum(page.metric, unroll(box.layers)), part = total ? value / total : 0;
    const text = value ? share(part) : "";
    const g = svg("g", { class: `box k-${box.family}${each.inside ? " frame" : ""}`, tabindex: 0, role: "button", "aria-expanded": box.inside ? String(Boolean(each.inside)) : null, "aria-label": `${box.id} ${box.badge} ${box.title}, ${box.detail}${text ? `, ${text} of ${METRICS[page.metric].title}` : ""}` });
    g.box = box;
    g.append(svg("title", {}, g.getAttribute("aria-label")));
    if (box.badge) for (const behind of [6, 3]) g.append(svg("rect", { class: "behind", x: left + behind, y: top + behind, width: each.w, height: each.h, rx: 4 }));
    g.append(svg("rect", { class: "body", x: left, y: top, width: each.w, height: each.h, rx: 4 }));
    out.append(g);
    if (each.inside) {
      if (each.inside.lines.length) out.append(svg("path", { class: "edge", d: `M${left + each.entry} ${top}v${BOX.head}` }));
      paintPlan(out, each.inside, left + (each.w - each.inside.w) / 2, top + BOX.head, total);
    } else {
      if (value) g.append(svg("rect", { class: "share", x: left + 1, y: top + each.h - 5, width: Math.max(1.5, (each.w - 2) * part), height: 4 }));
      g.append(svg("text", { x: left + BOX.margin, y: top + 29, class: "dim" }, each.detail));
    }
    const write = (px, name, content, end) => { const t = svg("text", { x: px, y: top + 15, class: name, "text-anchor": end ? "end" : null }, content); each.inside ? (t.classList.add("halo"), out.append(t)) : g.append(t); };
    write(left + BOX.margin, "strong", each.title);
    if (text) write(left + each.w - BOX.margin, "dim", text, true);
    if (box.badge) write(left + each.w - BOX.margin - textWidth("100.0 %", BOX.detail) - 8, "badge", box.badge, true);
  }
}

function followDrawing() {
  for (const g of $("drawing").querySelectorAll(".box")) {
    let all = page.selected.size > 0;
    if (all) for (const [first, last] of g.box.layers) { for (let i = first; i <= last && all; i++) all = page.selected.has(i); }
    if (!all && page.selected.size === 1) { const [only] = page.selected; all = !g.classList.contains("frame") && g.box.layers.some(([first, last]) => first <= only && only <= last); }
    g.classList.toggle("sel", all);
  }
}
page.follow.push(followDrawing);

function foldAll() { drawing.open.set(model().label, new Set()); drawDrawing(); }
function unfoldAll() {
  const open = new Set(), most = 600;
  let level = [model().drawing], boxes = 0;
  while (level.length && boxes < most) { const inner = level.flatMap(each => each.boxes).filter(box => box.inside); inner.forEach(box => open.add(box.id)); level = inner.map(box => box.inside); boxes += level.reduce((n, each) => n + each.boxes.length, 0); }
  drawing.open.set(model().label, open);
  drawDrawing();
}
