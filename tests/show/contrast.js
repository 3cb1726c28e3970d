// Returns the texts of a page whose contrast to what is behind them is below 4.5, as WCAG 2.2, 1.4.3 defines it.
() => {
  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = colour => {
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    return [...dot.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = colour => {
    const [r, g, b] = paint(colour).map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [more, less] = [light(a), light(b)].sort((p, q) => q - p);
    return (more + 0.05) / (less + 0.05);
  };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\)$|transparent/.test(colour)) return colour;
    }
    return "white";
  };
  const weak = [];
  const check = (text, ink, behind) => { if (ratio(ink, behind) < 4.5) weak.push([text.slice(0, 30), ink, behind]); };
  for (const element of document.querySelectorAll("h1, h2, p, td, th button, .stat div, label, button, .legend span")) {
    if (element.offsetParent && element.textContent.trim()) check(element.textContent, getComputedStyle(element).color, ground(element));
  }
  for (const text of document.querySelectorAll("svg text")) {
    const inside = text.closest(".cell, .box")?.querySelector(".body, rect:not(.behind)");
    const coloured = /oncolour|onblue/.test(text.getAttribute("class")) ? text.previousElementSibling : null;
    const rect = inside || coloured;
    check(text.textContent, getComputedStyle(text).fill, rect ? getComputedStyle(rect).fill : ground(text.closest("section")));
  }
  return weak;
}
