/* Charts over execution and scatter plots: memory, receptive field, roofline, three figures. */

function frame(host, { height = 230, x, y, xTitle, yTitle, label, left = 50, top = 30, xFormat, yFormat }) {
  const width = host.clientWidth || 500, box = { left, right: width - 12, top, bottom: height - 36 };
  x.range([box.left, box.right]);
  y.range([box.bottom, box.top]);
  const picture = svg("svg", { width, height, role: "img", "aria-label": label });
  const ticks = (scale, room, format) => {
    let found = scale.ticks(room);
    if (scale.base) found = found.filter(value => Math.abs(Math.log10(value) % 1) < 1e-9 || Math.abs(Math.log10(value) % 1) > 1 - 1e-9 || found.length < 8);
    return found.map(value => [value, (format || (v => figure(v, "count")))(value)]);
  };
  for (const [value, text] of ticks(x, Math.max(3, width / 90), xFormat)) picture.append(svg("text", { class: "tick", x: x(value), y: box.bottom + 15, "text-anchor": "middle" }, text));
  for (const [value, text] of ticks(y, 4, yFormat)) picture.append(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }), svg("text", { class: "tick", x: box.left - 6, y: y(value) + 4, "text-anchor": "end" }, text));
  picture.append(svg("text", { class: "tick", x: (box.left + box.right) / 2, y: height - 5, "text-anchor": "middle" }, xTitle), svg("text", { class: "tick", x: 2, y: 12 }, yTitle));
  host.replaceChildren(picture);
  return { picture, box, width, height };
}

/* A cursor over layers: the pointer, or the arrow keys; what it says stands below, and a click selects. */
function cursor({ picture, box }, x, count, tip, say) {
  const line = svg("line", { class: "cursor", y1: box.top, y2: box.bottom, visibility: "hidden" });
  picture.append(line);
  picture.setAttribute("tabindex", 0);
  picture.setAttribute("role", "application");
  let at = 0;
  const go = (i, choose) => {
    at = Math.min(Math.max(i, 0), count - 1);
    const px = x(at + 0.5);
    for (const side of ["x1", "x2"]) line.setAttribute(side, px);
    line.setAttribute("visibility", "visible");
    tip.textContent = say(at);
    if (choose) select([at], say(at));
  };
  const under = event => Math.floor(x.invert(event.clientX - picture.getBoundingClientRect().left));
  picture.addEventListener("pointermove", event => go(under(event)));
  picture.addEventListener("click", event => go(under(event), true));
  picture.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -count, End: count }[event.key];
    if (step) { event.preventDefault(); go(at + step, true); }
  });
}

/* Steps over layers; where many share a pixel the largest of them is drawn. */
function steps(values, width) {
  const bin = Math.max(1, Math.ceil(values.length / Math.max(width, 1))), points = [];
  for (let i = 0; i < values.length; i += bin) {
    let most = -1;
    for (let k = i; k < Math.min(i + bin, values.length); k++) if (values[k] != null) most = Math.max(most, values[k]);
    points.push([i, most < 0 ? null : most]);
  }
  points.push([values.length, points.at(-1)?.[1] ?? null]);
  return points;
}

function drawMemory() {
  const m = model(), live = m.columns.live_bytes, count = live.length;
  if (!count) return;
  let peak = 0;
  live.forEach((value, i) => { if (value > live[peak]) peak = i; });
  const [unit, size] = live[peak] < 1024 ** 2 ? ["KB", 1024] : live[peak] < 1024 ** 3 ? ["MB", 1024 ** 2] : ["GB", 1024 ** 3];
  const x = d3.scaleLinear([0, count], [0, 1]), y = d3.scaleLinear([0, live[peak] / size || 1], [0, 1]).nice(4);
  const host = $("memory"), f = frame(host, { x, y, xTitle: "layers, in execution order", yTitle: `live at inference (${unit})`, label: `Live memory over execution; the peak is ${figure(live[peak], "bytes")} at ${m.columns.name[peak]}`, yFormat: String, xFormat: v => Number.isInteger(v) ? String(v) : "" });
  const points = steps(live, f.width).map(([i, v]) => [i, v / size]);
  f.picture.append(svg("path", { class: "area", d: d3.area().x(p => x(p[0])).y0(y(0)).y1(p => y(p[1])).curve(d3.curveStepAfter)(points) }));
  const right = x(peak) > f.width / 2;
  f.picture.append(svg("line", { class: "mark", x1: x(peak + 0.5), x2: x(peak + 0.5), y1: y(0), y2: y(live[peak] / size) }), svg("text", { class: "mark halo", x: x(peak + 0.5) + (right ? -5 : 5), y: y(live[peak] / size) - 4, "text-anchor": right ? "end" : "start" }, `peak ${figure(live[peak], "bytes")} at ${m.columns.name[peak]}`));
  const say = i => {
    const alive = [], { layer, bytes, last } = m.storages;
    for (let k = 0; k < layer.length; k++) if (layer[k] <= i && i <= last[k]) alive.push([m.columns.name[layer[k]], bytes[k]]);
    alive.sort((a, b) => b[1] - a[1]);
    const named = alive.slice(0, 4).map(([name, size]) => `${name} ${figure(size, "bytes")}`), rest = alive.length - named.length;
    return `while ${m.columns.name[i]} runs: ${figure(live[i], "bytes")}${named.length ? `; alive: ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}` : ""}`;
  };
  $("memorytip").textContent = say(peak);
  cursor(f, x, count, $("memorytip"), say);
}

const fieldSize = value => Array.isArray(value) ? Math.max(...value) : value;

function drawField() {
  const m = model(), sizes = m.columns.receptive_field.map(fieldSize), known = sizes.filter(value => value != null);
  $("s-field").hidden = !known.length || hiddenView("field");
  if ($("s-field").hidden) return;
  const most = known.reduce((a, b) => Math.max(a, b), 0), count = sizes.length, input = Math.max(...m.size, 1);
  const x = d3.scaleLinear([0, count], [0, 1]), y = d3.scaleLinear([0, Math.max(most, input) * 1.06], [0, 1]).nice(4);
  const f = frame($("field"), { x, y, xTitle: "layers, in execution order", yTitle: "receptive field (pixels of the input)", label: `Receptive field along depth, up to ${most} pixels; the input has ${m.size.join("×")}`, yFormat: String, xFormat: v => Number.isInteger(v) ? String(v) : "" });
  const line = d3.line().defined(p => p[1] != null).x(p => x(p[0])).y(p => y(p[1])).curve(d3.curveStepAfter);
  f.picture.append(svg("path", { class: "curve", d: line(steps(sizes, f.width)) }));
  f.picture.append(svg("line", { class: "mark dashed", x1: f.box.left, x2: f.box.right, y1: y(input), y2: y(input) }), svg("text", { class: "mark halo", x: f.box.left + 6, y: y(input) - 5 }, `input ${m.size.join("×")}`));
  const say = i => { const v = m.columns.receptive_field[i]; return `${m.columns.name[i]}: ${v == null ? "not worked out" : `${Array.isArray(v) ? v.join("×") : `${v}×${v}`} pixels`}`; };
  const first = sizes.findIndex(value => value > input);
  $("fieldtip").textContent = first < 0 ? "No layer sees more than the input." : `${m.columns.name[first]} is the first that sees more than the input.`;
  cursor(f, x, count, $("fieldtip"), say);
}

function drawRoofline() {
  const m = model(), c = m.columns, device = m.device;
  $("s-roofline").hidden = !device || hiddenView("roofline");
  if ($("s-roofline").hidden) return;
  const dots = [];
  c.macs.forEach((macs, i) => { if (macs && c.bytes_moved[i] && c.bound_us[i]) dots.push([i, 2 * macs / c.bytes_moved[i], 2 * macs / c.bound_us[i] * 1e6]); });
  if (!dots.length) { $("s-roofline").hidden = true; return; }
  dots.sort((a, b) => c.bound_us[b[0]] - c.bound_us[a[0]]);
  const ridge = device.rate / device.bandwidth, low = dots.reduce((a, d) => Math.min(a, d[1]), ridge) / 2, high = dots.reduce((a, d) => Math.max(a, d[1]), ridge) * 2;
  const floor = dots.reduce((a, d) => Math.min(a, d[2]), device.rate) / 2;
  const x = d3.scaleLog([low, high], [0, 1]), y = d3.scaleLog([floor, device.rate * 3], [0, 1]);
  const f = frame($("roofline"), { x, y, xTitle: "operations per byte moved (a multiply-add is two)", yTitle: `operations/s on ${device.name}, at most`, label: `Roofline on ${device.name}`, xFormat: v => v < 1 ? String(+v.toPrecision(2)) : figure(v, "count") });
  const start = Math.max(low, floor / device.bandwidth);
  f.picture.append(svg("path", { class: "roof", d: `M${x(start)} ${y(start * device.bandwidth)}L${x(ridge)} ${y(device.rate)}H${x(high)}` }), svg("text", { class: "tick halo", x: x(ridge), y: y(device.rate) - 15, "text-anchor": x(ridge) > f.width * 0.7 ? "end" : "middle" }, `ridge at ${ridge.toFixed(1)}`));
  const most = c.bound_us.reduce((a, b) => Math.max(a, b), 0), shown = dots.slice(0, 2500);
  for (const [i, px, py] of shown) {
    const dot = svg("circle", { class: `dot k-${familyOf(i)}`, cx: x(px).toFixed(1), cy: y(py).toFixed(1), r: (2.5 + 9 * Math.sqrt(c.bound_us[i] / most)).toFixed(1) });
    dot.layer = i;
    dot.append(svg("title", {}, `${c.name[i]}: ${px.toFixed(1)} operations per byte, at least ${figure(c.bound_us[i], "time")}`));
    f.picture.append(dot);
  }
  const bound = sum("bound_us", c.name.keys()), memory = dots.filter(d => d[1] < ridge).reduce((total, d) => total + c.bound_us[d[0]], 0);
  $("rooflinetip").textContent = `${device.name}: ${figure(device.rate, "count")} operations/s, ${figure(device.bandwidth, "count")}B/s (${device.source}). At least ${figure(bound, "time")}, ${share(memory / bound)} of it in layers with products that memory bounds; the area of a dot is its bound.`;
  f.picture.addEventListener("click", event => { if (event.target.layer != null) select([event.target.layer]); });
  followRoofline();
}
function followRoofline() { for (const dot of $("roofline").querySelectorAll(".dot")) dot.classList.toggle("sel", page.selected.has(dot.layer)); }
page.follow.push(followRoofline);

function drawBubble() {
  const bubble = page.data.bubble;
  $("s-bubble").hidden = !bubble || hiddenView("bubble");
  if ($("s-bubble").hidden) return;
  const { points, x: ax, y: ay, size } = bubble, range = key => [Math.min(...points.map(p => p[key])), Math.max(...points.map(p => p[key]))];
  const wide = ([low, high]) => low > 0 && high / low > 12, scaled = ([low, high]) => wide([low, high]) ? d3.scaleLog([low / 1.6, high * 1.9], [0, 1]) : d3.scaleLinear([low < 0 ? low * 1.15 : Math.max(0, low - (high - low || low || 1) * 0.15), high + (high - low || high || 1) * 0.15], [0, 1]).nice();
  const x = scaled(range("x")), y = scaled(range("y")), most = range("size")[1] || 1, format = axis => v => figure(v, axis.unit);
  const f = frame($("bubble"), { height: 380, x, y, xTitle: ax.title, yTitle: ay.title, label: `${ay.title} against ${ax.title}, area by ${size.title}`, xFormat: format(ax), yFormat: format(ay) });
  [...points].sort((a, b) => b.size - a.size).forEach(p => {
    const r = 4 + 30 * Math.sqrt(p.size / most), cx = x(p.x), cy = y(p.y), end = cx + r + 8 + p.label.length * 6.4 > f.box.right;
    const dot = svg("circle", { class: `dot ${p.chosen ? "k-linear" : "k-conv"}`, cx, cy, r });
    dot.append(svg("title", {}, `${p.label}: ${ax.title} ${figure(p.x, ax.unit)}, ${ay.title} ${figure(p.y, ay.unit)}, ${size.title} ${figure(p.size, size.unit)}`));
    f.picture.append(dot, svg("text", { class: "halo", x: end ? cx - r - 3 : cx + r + 3, y: cy + 4, "text-anchor": end ? "end" : null }, p.label));
  });
  $("bubbletip").textContent = `The area of a dot is its ${size.title}.`;
}
