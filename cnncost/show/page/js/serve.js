/* The editor of a live page. `ask` is the transport: a question in, an answer out; all else does not know who answers. */

async function ask(question) {
  const response = await fetch("answer", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });
  return response.ok ? response.json() : { problem: `the server refused: ${await response.text()}` };
}

const editor = { asked: 0, shown: 0, wait: null };

async function inquire(question) {
  const number = ++editor.asked, begun = performance.now();
  let found;
  try { found = await ask(question); } catch { found = { problem: "nobody answers: was cnncost serve ended?" }; }
  if (number < editor.shown) return;  // a later answer stands already
  editor.shown = number;
  if (found.spec != null) $("spec").value = found.spec;
  $("problem").hidden = !found.problem;
  $("problem").textContent = found.problem || "";
  document.body.classList.toggle("stale", Boolean(found.problem && !found.page));
  if (found.page) { show({ ...found.page, live: true }); $("state").textContent = `up to date, in ${Math.round(performance.now() - begun)} ms`; }
  else $("state").textContent = "the report is that of the last spec without a problem";
}

/* The spec as part of an address, which no server sees: deflated, in the letters of base64url. */
async function packed(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
}

async function setUpEditor(live) {
  document.body.classList.add("live");
  $("s-editor").hidden = false;
  $("spec").value = live.spec;
  $("names").replaceChildren(...live.names.map(name => html("option", { value: name })));
  resized();
  const edited = () => inquire({ spec: $("spec").value });
  $("spec").addEventListener("input", () => { clearTimeout(editor.wait); editor.wait = setTimeout(edited, 80); });
  $("spec").addEventListener("keydown", event => {
    if (event.key === "Escape") $("model").focus();  // the way out, for Tab indents
    if (event.key !== "Tab" || event.shiftKey || event.ctrlKey) return;
    event.preventDefault();
    document.execCommand("insertText", false, "  ");
  });
  $("model").addEventListener("change", () => { if ($("model").value.trim()) inquire({ model: $("model").value.trim() }); });
  $("link").addEventListener("click", async () => {
    location.hash = `spec=${await packed($("spec").value)}`;
    try { await navigator.clipboard.writeText(location.href); $("state").textContent = "the link is copied: it carries the spec"; }
    catch { $("state").textContent = "the link stands in the address bar: it carries the spec"; }
  });
  const carried = location.hash.match(/^#spec=([\w-]+)$/);
  if (carried) {
    try { $("spec").value = await unpacked(carried[1]); edited(); }
    catch { $("state").textContent = "the link's spec cannot be read: was it cut?"; }
  }
}
