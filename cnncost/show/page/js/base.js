/* What all views share: the data of the page, the elements of the document, figures as text, and the one selection. */
"use strict";

const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/* Figures. Units are those of the command line: 1 KB = 1024 bytes. */
const UNITS = {
  count: [1000, ["", "k", "M", "G", "T", "P", "E"]],
  bytes: [1024, ["B", "KB", "MB", "GB", "TB", "PB"]],
  time: [1000, ["µs", "ms", "s"]],
};

function figure(value, unit) {
  if (value == null) return "";
  if (unit === "number") return String(+value.toPrecision(4));
  const [base, names] = UNITS[unit];
  let step = 0;
  while (Math.abs(value) >= base && step < names.length - 1) { value /= base; step++; }
  const digits = Number.isInteger(value) && Math.abs(value) < 1000 ? String(value) : value.toPrecision(3);
  return `${digits.includes("e") ? Math.round(value) : digits} ${names[step]}`.trim();
}

const signed = (value, unit) => (value > 0 ? "+" : value < 0 ? "−" : "") + figure(Math.abs(value), unit);
const exact = value => Number.isSafeInteger(value) ? value.toLocaleString("en-US") : figure(value, "count");
const share = part => part === 0 ? "0 %" : part < 0.0005 ? "< 0.1 %" : `${(100 * part).toFixed(1)} %`;
const plural = (count, word) => `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;

const METRICS = {
  flops: { title: "FLOPs", unit: "count" },
  macs: { title: "multiply-adds", unit: "count" },
  params: { title: "parameters", unit: "count" },
  activation_bytes: { title: "memory", unit: "bytes" },
  kept_bytes: { title: "kept for the backward pass", unit: "bytes" },
  bytes_moved: { title: "bytes moved", unit: "bytes" },
  bound_us: { title: "roofline bound", unit: "time" },
};
const FAMILIES = {
  conv: "convolution", linear: "linear, attention", pool: "pooling", norm: "normalisation",
  act: "activation", join: "add, concatenate", other: "other",
};

/* The page: its models, the one that is shown, and what is selected in it. */
const page = { data: null, at: 0, metric: "flops", selected: new Set(), views: [], follow: [] };
const model = () => page.data.models[page.at];

function select(layers, announce) {
  page.selected = new Set(layers);
  for (const follow of page.follow) follow();
  $("now").textContent = announce ?? said(layers);
}

function said(layers) {
  const m = model(), c = m.columns;
  if (!layers.length) return "";
  const total = key => layers.reduce((sum, i) => sum + c[key][i], 0);
  const what = layers.length === 1 ? `${c.name[layers[0]]}: ${m.titles[c.title[layers[0]]]} → ${m.outputs[c.output[layers[0]]]}` : plural(layers.length, "layer");
  return `${what}; ${exact(total("params"))} parameters, ${exact(total("flops"))} FLOPs (${share(total("flops") / (m.total.flops || 1))}), ${figure(total("activation_bytes"), "bytes")}`;
}

const sum = (key, layers) => { const column = model().columns[key]; let total = 0; for (const i of layers) total += column[i]; return total; };
const unroll = ranges => ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, k) => first + k));
const familyOf = i => model().kinds[model().columns.kind[i]][1];
