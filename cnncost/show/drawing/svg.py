"""A drawing as SVG: colours written on each element, so that any program shows it, and a viewBox, so that any size is sharp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from cnncost.show.drawing.place import DETAIL, HEAD, HEIGHT, MARGIN, TITLE, Placed, Plan, place
from cnncost.show.drawing.rows import EXIT
from cnncost.show.drawing.scheme import Box, Level
from cnncost.show.drawing.words import printable, width

# Okabe and Ito, Color Universal Design, 2008; the frames of boxes, with text beside them, never in them.
COLOURS = {
    "conv": "#0072B2",
    "linear": "#E69F00",
    "pool": "#009E73",
    "norm": "#56B4E9",
    "act": "#999999",
    "join": "#CC79A7",
    "other": "#6B7683",
    "scope": "#8A94A0",
}
LIGHT = {
    "back": "#ffffff",
    "card": "#f6f8fa",
    "scope": "#e6ebf1",
    "ink": "#1b2430",
    "dim": "#55606e",
    "line": "#7b8794",
    "mark": "#b3261e",
}
DARK = {
    "back": "#12161c",
    "card": "#1a2028",
    "scope": "#2a333f",
    "ink": "#e6eaf0",
    "dim": "#a3b0be",
    "line": "#7f8b99",
    "mark": "#ff9a90",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TIP = 6.0  # of a line before its arrow that runs straight down
EDGE = 12.0  # around the drawing
CROWD = 60  # boxes that a drawing shows at most unless a depth is asked for


def opened(level: Level, depth: int | None = None) -> set[str]:
    """Return the scopes to draw open: those of the first `depth` levels, or as many levels as make no crowd."""
    found: set[str] = set()
    here, boxes, at = [level], len(level.boxes), 0
    while here and (depth is None or at < depth):
        inner = [box for each in here for box in each.boxes if box.inside is not None]
        more = sum(len(box.inside.boxes) for box in inner if box.inside is not None)
        if depth is None and boxes + more > CROWD:
            break
        found |= {box.id for box in inner}
        here = [box.inside for box in inner if box.inside is not None]
        boxes, at = boxes + more, at + 1
    return found


def svg(
    level: Level,
    *,
    title: str,
    subtitle: str = "",
    input: str = "",
    figures: Sequence[int] = (),
    figure: str = "FLOPs",
    depth: int | None = None,
    dark: bool = False,
) -> str:
    """Return a drawing as the text of an SVG file.

    `figures` has one number per layer: each box shows its share of their sum. `depth` says how many levels of scopes are drawn
    open, by default as many as stay readable.
    """
    ink = DARK if dark else LIGHT
    total = sum(figures)
    plan = place(level, opened(level, depth), "100.0 %" if total else "")
    heading = [(title, 15.0, True)] + ([(subtitle, DETAIL, False)] if subtitle else [])
    head = 12.0 + 20.0 * len(heading) + (16.0 if input else 4.0)
    wide = max(plan.w, *(width(text, font, bold) for text, font, bold in heading), width(input, DETAIL) + 8)
    x, y = EDGE + (wide - plan.w) / 2, EDGE + head
    w, h = wide + 2 * EDGE, y + plan.h + EDGE + TIP
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" height="{h:.0f}" role="img" '
        f'font-family="{FONT}" font-size="{DETAIL:g}">',
        f"<title>{escape(printable(title))}: architecture</title>",
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{ink["line"]}"/></marker></defs>',
        f'<rect width="{w:.0f}" height="{h:.0f}" fill="{ink["back"]}"/>',
    ]
    for number, (text, font, bold) in enumerate(heading):
        out.append(_text(EDGE, EDGE + 14 + 19 * number, text, font, ink["ink"] if bold else ink["dim"], bold))
    if input:
        out.append(_text(x + plan.entry, y - 5, input, DETAIL, ink["dim"], anchor="middle"))
    _paint(out, plan, x, y, ink, figures, total, figure)
    if level.rows.order and EXIT in level.rows.order[-1]:
        out.append(_line(x + plan.exit, y + plan.h, y + plan.h + TIP, ink, arrow=True))
    return "\n".join([*out, "</svg>"]) + "\n"


def _paint(
    out: list[str], plan: Plan, x: float, y: float, ink: Mapping[str, str], figures: Sequence[int], total: int, figure: str
) -> None:
    for x1, start, bend, x2, row, end, tip in plan.lines:
        row -= TIP if tip and row - bend > 2 * TIP else 0.0
        mid = (bend + row) / 2
        path = f"M{x + x1:.1f} {y + start:.1f}V{y + bend:.1f}"
        if abs(x1 - x2) > 0.5:
            path += f"C{x + x1:.1f} {y + mid:.1f} {x + x2:.1f} {y + mid:.1f} {x + x2:.1f} {y + row:.1f}"
        if end > row or abs(x1 - x2) <= 0.5:
            path += f"V{y + end:.1f}"
        arrow = ' marker-end="url(#tip)"' if tip else ""
        out.append(f'<path d="{path}" fill="none" stroke="{ink["line"]}" stroke-width="1.2"{arrow}/>')
    for each in plan.boxes:
        _box(out, each, x, y, ink, figures, total, figure)


def _box(
    out: list[str], each: Placed, x: float, y: float, ink: Mapping[str, str], figures: Sequence[int], total: int, figure: str
) -> None:
    box, colour = each.box, COLOURS[each.box.family]
    left, top = x + each.x, y + each.y
    share = sum(figures[index] for index in box.layers) / total if total else 0.0
    said = percent(share) if total else ""
    name = f"{box.id} {box.badge}".strip() + f": {box.title}, {box.detail}" + (f", {said} of {figure}" if said else "")
    out.append(f"<g><title>{escape(printable(name))}</title>")
    for behind in (2, 1) if box.times > 1 else ():
        out.append(_rect(left + 3 * behind, top + 3 * behind, each.w, each.h, ink["card"], colour, 0.8))
    if each.inside is not None:
        out.append(_rect(left, top, each.w, each.h, ink["back"], ink["line"], 1.0, dashed=True))
        aside = (each.w - each.inside.w) / 2
        line = _line(left + each.entry, top, top + HEAD, ink)
        out += [line] if each.inside.lines else []
        _paint(out, each.inside, left + aside, top + HEAD, ink, figures, total, figure)
    else:
        out.append(_rect(left, top, each.w, each.h, ink["scope"] if box.family == "scope" else ink["card"], colour, 1.4))
        if share:
            bar = max(1.5, (each.w - 2) * share)
            out.append(
                f'<rect x="{left + 1:.1f}" y="{top + each.h - 5:.1f}" width="{bar:.1f}" height="4" fill="{COLOURS["conv"]}"/>'
            )
        out.append(_text(left + MARGIN, top + 29, each.detail, DETAIL, ink["dim"]))
    out.append(_text(left + MARGIN, top + 15, each.title, TITLE, ink["ink"], True, halo=ink["back"] if each.inside else ""))
    right = left + each.w - MARGIN
    if said:
        out.append(_text(right, top + 15, said, DETAIL, ink["dim"], anchor="end", halo=ink["back"] if each.inside else ""))
        right -= width("100.0 %", DETAIL) + 8
    if box.badge:
        out.append(
            _text(right, top + 15, box.badge, DETAIL, ink["mark"], True, anchor="end", halo=ink["back"] if each.inside else "")
        )
    out.append("</g>")


def percent(share: float) -> str:
    """Return a share as people read it; nothing where there is none."""
    return "" if share == 0 else "< 0.1 %" if share < 0.0005 else f"{100 * float(share):.1f} %"


def _line(x: float, start: float, end: float, ink: Mapping[str, str], arrow: bool = False) -> str:
    tip = ' marker-end="url(#tip)"' if arrow else ""
    return f'<path d="M{x:.1f} {start:.1f}V{end:.1f}" fill="none" stroke="{ink["line"]}" stroke-width="1.2"{tip}/>'


def _rect(x: float, y: float, w: float, h: float, fill: str, stroke: str, thick: float, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="4" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{thick:g}"{dash}/>'
    )


def _text(
    x: float, y: float, text: str, font: float, fill: str, bold: bool = False, anchor: str = "start", halo: str = ""
) -> str:
    weight = ' font-weight="600"' if bold else ""
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    around = f' stroke="{halo}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    look = f'font-size="{font:g}" fill="{fill}"{weight}{side}{around}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(printable(text))}</text>'


__all__ = ["COLOURS", "DARK", "HEIGHT", "LIGHT", "Box", "opened", "svg"]
