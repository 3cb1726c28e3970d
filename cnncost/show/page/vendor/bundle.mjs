// Writes what the page takes from npm into one file, with the licences and a checksum. Run by `npm run bundle`.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild-wasm";

const made = await build({ entryPoints: ["entry.js"], bundle: true, minify: true, format: "iife", globalName: "d3", legalComments: "none", write: false, metafile: true });
const packages = [...new Set(Object.keys(made.metafile.inputs).map(file => file.match(/node_modules\/([^/]+)/)?.[1]).filter(Boolean))].sort();
const read = file => readFileSync(file, "utf8").trim();
const licences = packages.map(name => {
  const { version, license, repository } = JSON.parse(read(`node_modules/${name}/package.json`));
  const file = readdirSync(`node_modules/${name}`).find(each => /^licen[cs]e/i.test(each));
  return `${name} ${version} (${license}), ${String(repository.url).replace(/^git\+/, "")}\n\n${read(`node_modules/${name}/${file}`)}\n`;
});
const text = made.outputFiles[0].text;
writeFileSync("d3.min.js", text);
writeFileSync("LICENSES.txt", licences.join(`\n${"-".repeat(100)}\n\n`));
writeFileSync("SHA256SUMS", `${createHash("sha256").update(text).digest("hex")}  d3.min.js\n`);
console.log(`d3.min.js: ${text.length} bytes, of ${packages.join(", ")}`);
