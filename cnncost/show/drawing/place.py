"""Coordinates of a drawing: rows below each other, the boxes of a row side by side, lines as straight as they can be.

In a row the order is given; what is chosen are the places. Each box wants to stand where the boxes it is joined with stand,
and no two may overlap: least squares under an order, which pooling neighbours solves exactly (Barlow and others, Statistical
Inference under Order Restrictions, 1972). Sweeps down and up repeat it. `drawing.js` does the same for the page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field

from cnncost.base.record import dataclass
from cnncost.show.drawing.rows import ENTRY, EXIT
from cnncost.show.drawing.scheme import Box, Level
from cnncost.show.drawing.words import clip, width

TITLE, DETAIL = 12.0, 11.0  # font sizes
HEIGHT, HEAD = 40.0, 24.0  # of a box; of the title of an open one
PAD, GAP, ROW = 10.0, 16.0, 18.0  # inside a frame, between the boxes of a row, between rows
MARGIN = 9.0  # beside the text of a box
LEAST, MOST = 84.0, 330.0  # widths of a box
SWEEPS = 40
LONG, TETHER = 24, 0.5  # rows from which boxes are held to the middle, and how strongly


@dataclass(slots=True)
class Placed:
    """A box with its place: x and y are of its upper left corner, in the drawing."""

    box: Box
    title: str
    detail: str
    w: float
    h: float
    entry: float  # where lines come in and go out, from the left edge
    exit: float
    inside: Plan | None = None
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Plan:
    """A level with places, from (0, 0); lines as the points (x, y) that they pass through straight down or in a curve."""

    w: float
    h: float
    entry: float
    exit: float
    boxes: list[Placed]
    lines: list[tuple[float, float, float, float, float, float, bool]] = field(default_factory=list)


def place(level: Level, opened: Collection[str], share: str = "100.0 %", inner: bool = False) -> Plan:
    """Return the places of a level; scopes in `opened`, by name, are drawn with what is inside.

    `share` is the widest text that will stand at a box's right.
    """
    boxes = [_sized(box, opened, share) for box in level.boxes]
    order, lines = level.rows.order, level.rows.lines
    spans: dict[int, tuple[float, float, float, float]] = {}  # width, height, entry and exit of each element of a row
    for row in order:
        for number in row:
            if 0 <= number < len(boxes):
                box = boxes[number]
                spans[number] = box.w, box.h, box.entry, box.exit
            else:
                spans[number] = 0.0, 0.0, 0.0, 0.0
    left = _across(order, lines, spans, len(boxes))
    if ENTRY in left and EXIT in left and inner:
        left[EXIT] = left[ENTRY]  # frames below each other stand in line
    shift = min((left[n] for row in order for n in row), default=0.0)
    for number in left:
        left[number] -= shift
    top: dict[int, float] = {}  # of each row
    bottom: dict[int, float] = {}
    at: dict[int, int] = {number: index for index, row in enumerate(order) for number in row}
    y = 0.0
    leans = [0.0] * len(order)
    for a, b in lines:
        lean = abs(left[a] + spans[a][3] - left[b] - spans[b][2])
        leans[at[b]] = max(leans[at[b]], lean)
    for index, row in enumerate(order):
        y += ROW + min(22.0, leans[index] * 0.08) if index else 0.0
        height = max((spans[number][1] for number in row), default=0.0)
        top[index], bottom[index] = y, y + height
        for number in row:
            if 0 <= number < len(boxes):
                boxes[number].x = left[number]
                boxes[number].y = y + (height - boxes[number].h) / 2
        y += height
    plan = Plan(
        max((left[n] + spans[n][0] for row in order for n in row), default=LEAST),
        y,
        left.get(ENTRY, 0.0),
        left.get(EXIT, 0.0),
        boxes,
    )
    for a, b in lines:
        x1, x2 = left[a] + spans[a][3], left[b] + spans[b][2]
        is_box = 0 <= b < len(boxes)
        start = boxes[a].y + boxes[a].h if 0 <= a < len(boxes) else top[at[a]]
        end = boxes[b].y if is_box else bottom[at[b]]
        tip = is_box and boxes[b].inside is None
        plan.lines.append((x1, start, bottom[at[a]], x2, top[at[b]], end, tip))
    return plan


def _sized(box: Box, opened: Collection[str], share: str) -> Placed:
    beside = (width(box.badge, DETAIL, bold=True) + 8 if box.badge else 0.0) + width(share, DETAIL) + 10
    title = clip(box.title, TITLE, MOST - 2 * MARGIN - beside, bold=True)
    detail = clip(box.detail, DETAIL, MOST - 2 * MARGIN)
    text = max(width(title, TITLE, bold=True) + beside, width(detail, DETAIL))
    if box.inside is None or box.id not in opened:
        w = max(LEAST, text + 2 * MARGIN)
        return Placed(box, title, detail, w, HEIGHT, w / 2, w / 2)
    plan = place(box.inside, opened, share, inner=True)
    w = max(plan.w + 2 * PAD, width(title, TITLE, bold=True) + beside + 2 * MARGIN)
    aside = (w - plan.w) / 2
    return Placed(box, title, detail, w, plan.h + HEAD, plan.entry + aside, plan.exit + aside, plan)


def _across(
    order: list[list[int]],
    lines: Sequence[tuple[int, int]],
    spans: dict[int, tuple[float, float, float, float]],
    count: int,
) -> dict[int, float]:
    """Return the left edge of each element."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for a, b in lines:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    left: dict[int, float] = {}
    for row in order:
        total = sum(spans[number][0] for number in row) + GAP * (len(row) - 1)
        x = -total / 2
        for number in row:
            left[number] = x
            x += spans[number][0] + GAP
    for sweep in range(SWEEPS):
        for row in order if sweep % 2 == 0 else reversed(order):
            wanted: list[float] = []
            weights: list[float] = []
            for number in row:
                total = TETHER if len(order) > LONG else 0.0
                pull = -total * spans[number][2]  # to the middle of the drawing, lest long ones drift aside
                for other in above.get(number, []) if sweep != 1 or total else ():  # the first two sweeps look one way
                    weight = _weight(other, number, count, below, above)
                    pull += weight * (left[other] + spans[other][3] - spans[number][2])
                    total += weight
                for other in below.get(number, []) if sweep != 0 or total else ():
                    weight = _weight(number, other, count, below, above)
                    pull += weight * (left[other] + spans[other][2] - spans[number][3])
                    total += weight
                wanted.append(pull / total if total else left[number])
                weights.append(total or 0.1)
            for number, x in zip(row, _apart(wanted, weights, [spans[number][0] for number in row]), strict=True):
                left[number] = x
    return left


def _weight(a: int, b: int, count: int, below: dict[int, list[int]], above: dict[int, list[int]]) -> float:
    """Return how much the line from a to b wants to be straight: most between two boxes, then between two bends."""
    if a >= count and b >= count:
        return 4.0
    single = len(below[a]) == 1 or len(above[b]) == 1
    return 16.0 if single and a < count and b < count else 0.5


def _apart(wanted: Sequence[float], weights: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Return the left edges nearest to the wanted ones that keep the order and the gaps."""
    offsets = [0.0]
    for w in widths[:-1]:
        offsets.append(offsets[-1] + w + GAP)
    blocks: list[list[float]] = []  # weighted sum, weight, members: each block stands as one
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        blocks.append([weight * (want - offset), weight, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    places = [total / weight for total, weight, members in blocks for _ in range(int(members))]
    return [x + offset for x, offset in zip(places, offsets, strict=True)]
