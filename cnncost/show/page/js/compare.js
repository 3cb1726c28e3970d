/* Bars by resolution of the map or by type of layer, for all models on one scale; and what a diff changes. */

const STAGE_COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
const KIND_ORDER = ["conv", "linear", "pool", "norm", "act", "join", "other"];

function partsOf(m, key, by) {
  const sums = new Map(), column = m.columns[key];
  const name = by === "stage" ? i => m.stages[m.columns.stage[i]] : i => m.kinds[m.columns.kind[i]][1];
  column.forEach((value, i) => { if (value) sums.set(name(i), (sums.get(name(i)) || 0) + value); });
  return sums;
}

function coarse(stage) {
  if (stage === "head") return Infinity;
  const [over, under] = stage.split("/").map(Number);
  return Math.log2(under / over);
}

function partColour(part, by) {
  if (by === "kind") return `var(--${part})`;
  return part === "head" ? "#999999" : STAGE_COLOURS[((coarse(part) % 7) + 7) % 7];
}

const onBlue = (part, by) => by === "kind" ? part === "conv" : partColour(part, by) === STAGE_COLOURS[0];

function drawStages() {
  const host = $("stages"), by = $("by").value, relative = $("shares").checked, models = page.data.models, width = host.clientWidth || 700;
  const left = Math.min(Math.max(...models.map(m => m.label.length)) * 6.8 + 10, width * 0.34), bar = 24, gap = 6, right = 76, used = new Set();
  const pictures = ["flops", "params", "activation_bytes"].map(key => {
    const { title, unit } = METRICS[key], sums = models.map(m => partsOf(m, key, by));
    const parts = [...new Set(sums.flatMap(each => [...each.keys()]))].sort((a, b) => by === "stage" ? coarse(a) - coarse(b) : KIND_ORDER.indexOf(a) - KIND_ORDER.indexOf(b));
    const totals = sums.map(each => [...each.values()].reduce((a, b) => a + b, 0)), most = Math.max(...totals) || 1;
    const picture = svg("svg", { width, height: models.length * (bar + gap) + 24, role: "img", "aria-label": `${title} by ${by === "stage" ? "resolution" : "type"}` });
    picture.append(svg("text", { class: "strong", x: 0, y: 14 }, title));
    models.forEach((m, row) => {
      const y = 22 + row * (bar + gap);
      let x = left;
      const room = Math.floor((left - 10) / 6.5), label = m.label.length > room ? m.label.slice(0, room - 1) + "…" : m.label;
      picture.append(svg("text", { class: "tick", x: left - 8, y: y + bar / 2 + 4, "text-anchor": "end" }, label));
      for (const part of parts) {
        const value = sums[row].get(part);
        if (!value) continue;
        used.add(part);
        const w = (width - left - right) * value / (relative ? totals[row] || 1 : most), rect = svg("rect", { x: x.toFixed(1), y, width: Math.max(w - 0.8, 0.4).toFixed(1), height: bar });
        rect.style.fill = partColour(part, by);
        rect.append(svg("title", {}, `${m.label}, ${by === "kind" ? FAMILIES[part] : part}: ${figure(value, unit)} (${share(value / totals[row])})`));
        picture.append(rect);
        const text = w > 90 ? `${part} ${share(value / totals[row])}` : part;
        if (w > text.length * 6.4 + 6) picture.append(svg("text", { class: onBlue(part, by) ? "onblue" : "oncolour", x: x + 4, y: y + bar / 2 + 4 }, text));
        x += w;
      }
      picture.append(svg("text", { class: "tick", x: x + 6, y: y + bar / 2 + 4 }, figure(totals[row], unit)));
    });
    return picture;
  });
  host.replaceChildren(...pictures);
  const order = [...used].sort((a, b) => by === "stage" ? coarse(a) - coarse(b) : KIND_ORDER.indexOf(a) - KIND_ORDER.indexOf(b));
  $("parts").replaceChildren(...order.map(part => legend(partColour(part, by), by === "kind" ? FAMILIES[part] : part === "head" ? "head: vectors" : part)));
}

function legend(colour, text) {
  const mark = html("i");
  mark.style.background = colour;
  return html("span", {}, mark, text);
}

/* A diff: what each stage and each layer gained or lost, the largest first; growth is red and has a +, a loss has a −. */
function drawDiff() {
  const diff = page.data.diff;
  $("s-diff").hidden = !diff || hiddenView("diff");
  if ($("s-diff").hidden) return;
  const key = $("diffmetric").value || "flops", { unit, title } = METRICS[key], host = $("diff"), width = host.clientWidth || 700;
  const [old, now] = [diff.old, diff.new].map(at => page.data.models[at]);
  const before = partsOf(old, key, "stage"), after = partsOf(now, key, "stage");
  const stages = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => coarse(a) - coarse(b)).map(stage => [stage, (after.get(stage) || 0) - (before.get(stage) || 0), ""]).filter(row => row[1]);
  const layers = diff.layers.map(layer => [layer.name, layer[key], layer.change === "changed" ? layer.what : `${layer.change}: ${layer.what}`]).filter(row => row[1]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const most = 40, shown = layers.slice(0, most);
  host.replaceChildren(html("h3", {}, `${title} by resolution`), bars(stages, unit, width, "by resolution"), html("h3", {}, `${title} by layer`), bars(shown, unit, width, "by layer"));
  if (layers.length > most) host.append(html("p", { class: "note" }, `and ${plural(layers.length - most, "more layer")}: ${signed(layers.slice(most).reduce((total, row) => total + row[1], 0), unit)}`));
  const total = now.total[key] - old.total[key];
  $("diffnote").textContent = `${old.label} → ${now.label}: ${figure(old.total[key], unit)} → ${figure(now.total[key], unit)} (${signed(total, unit)}${old.total[key] ? `, ${total > 0 ? "+" : total < 0 ? "−" : ""}${Math.abs(100 * total / old.total[key]).toFixed(1)} %` : ""})`;
}

function bars(rows, unit, width, label) {
  const row = 22, left = Math.min(Math.max(60, ...rows.map(r => r[0].length * 6.8 + 12)), width * 0.36), middle = left + (width - left) * 0.42, reach = (width - left) * 0.42 - 70;
  const most = Math.max(...rows.map(r => Math.abs(r[1])), 1), picture = svg("svg", { width, height: rows.length * row + 4, role: "img", "aria-label": `what changed, ${label}` });
  rows.forEach(([name, value, what], k) => {
    const y = k * row, w = reach * Math.abs(value) / most, grown = value > 0, room = Math.floor((left - 8) / 6.5);
    picture.append(svg("text", { class: "tick", x: left - 8, y: y + 15, "text-anchor": "end" }, name.length > room ? "…" + name.slice(1 - room) : name, svg("title", {}, name)));
    picture.append(svg("rect", { class: grown ? "grown" : "shrunk", x: grown ? middle : middle - w, y: y + 3, width: Math.max(w, 0.6), height: row - 7 }, svg("title", {}, `${name}: ${signed(value, unit)}${what ? `; ${what}` : ""}`)));
    picture.append(svg("text", { x: grown ? middle + w + 5 : middle - w - 5, y: y + 15, "text-anchor": grown ? null : "end" }, signed(value, unit)));
    const free = Math.floor((width - middle - (grown ? w + 80 : 10)) / 6.1);
    if (what && free > 12) picture.append(svg("text", { class: "dim", x: grown ? middle + w + 80 : middle + 8, y: y + 15 }, what.length > free ? what.slice(0, free - 1) + "…" : what));
  });
  picture.append(svg("line", { class: "axis", x1: middle, x2: middle, y1: 0, y2: rows.length * row }));
  return picture;
}
