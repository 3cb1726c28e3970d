"""Drawings: every network of the zoo, by the geometry of what is written."""

from __future__ import annotations

import re
import time
from itertools import combinations
from xml.etree import ElementTree

import pytest
from support import command, traced, zoo_names

from cnncost import Graph
from cnncost.measures.report import report
from cnncost.show.drawing import drawing
from cnncost.show.drawing.place import Plan, place
from cnncost.show.drawing.rows import ENTRY, EXIT, rows
from cnncost.show.drawing.scheme import Level, scheme
from cnncost.show.drawing.svg import opened
from cnncost.show.drawing.words import width

SVG = "{http://www.w3.org/2000/svg}"
NAMES = zoo_names()


def check_places(plan: Plan, name: str) -> None:
    for box in plan.boxes:
        assert box.x >= -0.01, name
        assert box.x + box.w <= plan.w + 0.01, name
        assert box.y >= -0.01, name
        assert box.y + box.h <= plan.h + 0.01, name
        assert width(box.detail, 11) <= box.w, (name, box.detail)
        assert width(box.title, 12, bold=True) + (width(box.box.badge, 11, bold=True) if box.box.badge else 0) <= box.w, name
        if box.inside is not None:
            assert box.inside.w <= box.w, name
            check_places(box.inside, name)
    for a, b in combinations(plan.boxes, 2):
        apart = a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y
        assert apart, (name, a.title, b.title)


def check_lines(level: Level, graph: Graph, name: str) -> None:
    """Follow the lines from box to box: they join those that read each other, and no others."""
    count = len(level.boxes)
    below: dict[int, list[int]] = {}
    row = {number: at for at, numbers in enumerate(level.rows.order) for number in numbers}
    for a, b in level.rows.lines:
        assert row[b] == row[a] + 1, (name, a, b)  # a line that passed over a row would pass through its boxes
        below.setdefault(a, []).append(b)

    def reached(start: int) -> set[int]:
        found: set[int] = set()
        for end in below.get(start, []):
            found |= reached(end) if end >= count else {end}
        return found

    owner = {index: number for number, box in enumerate(level.boxes) for index in box.layers}
    expected: dict[int, set[int]] = {ENTRY: set(), **{number: set() for number in range(count)}}
    outputs = {index - 1 for index in graph.outputs}
    for index, number in owner.items():
        for source in graph.layers[index].inputs:
            if source - 1 not in owner:
                expected[ENTRY].add(number)
            elif owner[source - 1] != number:
                expected[owner[source - 1]].add(number)
        if index in outputs:
            expected[number].add(EXIT)
    for index, node in enumerate(graph.layers):
        for source in node.inputs:
            if source - 1 in owner and index not in owner:
                expected[owner[source - 1]].add(EXIT)
    drawn = {(start, end) for start in expected for end in reached(start)}
    wanted = {(start, end) for start, ends in expected.items() for end in ends}
    if name == "polynet":  # calls its scopes again and again, so that they read each other: their lines all run downwards
        drawn, wanted = {(*sorted(line),) for line in drawn}, {(*sorted(line),) for line in wanted}
    assert drawn == wanted, name
    for box in level.boxes:
        if box.inside is not None:
            check_lines(box.inside, graph, name)


@pytest.mark.parametrize("part", range(8))
def test_every_network_is_drawn(part: int) -> None:
    for name in NAMES[part::8]:
        graph = traced(name)
        level = scheme(graph)
        drawn = sorted(index for box in level.boxes for index in box.layers)
        assert drawn == list(range(len(graph.layers))), name
        check_lines(level, graph, name)
        check_places(place(level, opened(level)), name)
        if len(graph.layers) < 300:
            check_places(place(level, opened(level, 99)), name)


def test_time_follows_the_levels_and_not_the_layers() -> None:
    """A flat layout of densenet121 took a minute; ten times the layers in repeats are to cost no ten times more."""

    def cost(name: str) -> float:
        level, start = scheme(traced(name)), time.process_time()
        place(level, opened(level, 99))
        return time.process_time() - start

    cost("resnet18")
    assert cost("resnet1202_cifar") < 20 * cost("resnet101") + 0.05


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_blocks_look_as_in_the_papers() -> None:
    # arXiv:1409.4842, figure 2b: four branches side by side, the filters behind 1×1 convolutions, then one concatenation.
    level = scheme(traced("inception_reduced"))
    inner = level.boxes[0].inside
    assert inner is not None
    by_row = [[inner.boxes[n].title for n in row if 0 <= n < len(inner.boxes)] for row in inner.rows.order]
    assert sorted(by_row[1]) == ["conv 1×1", "conv 1×1", "conv 1×1", "max pool 3×3"]
    assert sorted(by_row[2]) == ["conv 1×1", "conv 3×3", "conv 5×5"]
    assert by_row[3] == ["concat"]
    # arXiv:1611.05431, figure 3c: 1×1, grouped 3×3, 1×1, and the shortcut around them.
    inner = scheme(traced("resnext_block")).boxes[0].inside
    assert inner is not None
    assert [box.title for box in inner.boxes] == ["conv 1×1", "conv 3×3 g32", "conv 1×1", "add"]
    assert len(inner.rows.order[2]) == 2  # the second box, and the shortcut passing by


def test_a_drawing_says_what_each_box_is_and_costs() -> None:
    whole = report(traced("resnet18"))
    svg = drawing(whole)
    found = texts(svg)
    assert "conv 7×7 /2" in found
    assert "64×112×112 · bn relu" in found
    assert f"{100 * whole.flops[0] / whole.total['flops']:.1f} %" in found
    assert "×3 growing" in found
    assert re.search(r'viewBox="0 0 \d+ \d+"', svg)
    assert not re.search(r"class=|<style|url\(http", svg)  # colours stand on the elements


def test_depth_and_figure() -> None:
    whole = report(traced("resnet18"))
    assert "layer2 … 4" in texts(drawing(whole, depth=0))
    assert len(texts(drawing(whole, depth=9))) > len(texts(drawing(whole, depth=0)))
    assert "parameters" in drawing(whole, figure="params") or "params" in drawing(whole, figure="params")


def test_a_name_from_a_file_cannot_leave_its_element() -> None:
    from cnncost import trace

    graph = trace(lambda x: x.conv(8, 3, name='<script>&"\x00\x1b[31m\u202e'), (3, 8, 8))
    assert "<script>" not in drawing(report(graph))
    ElementTree.fromstring(drawing(report(graph)))


def test_a_long_flat_network_stays_in_line() -> None:
    """Without scopes nothing folds: 80 layers that each read all before them stand below each other, not in a staircase."""
    from cnncost import Tensor, trace

    def dense(x: Tensor) -> Tensor:
        for _ in range(80):
            x = x.concat(x.batch_norm().relu().conv(8, 3, pad=1))
        return x

    plan = place(scheme(trace(dense, (8, 8, 8))), [])
    assert plan.w < 800 < plan.h


def test_further_inputs_stand_in_boxes() -> None:
    from cnncost import trace

    graph = trace(lambda a, b: a.conv(8, 3).add(b.conv(8, 3)), {"left": (3, 8, 8), "right": (3, 8, 8)})
    found = texts(drawing(report(graph)))
    assert "left 3×8×8" in found
    assert "input right" in found


def test_rows_share_the_bends_of_a_shortcut() -> None:
    found = rows(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (0, 3), (0, 4)], [0], [4])
    assert sum(number >= 5 for row in found.order for number in row) == 3  # one per row passed, not one per edge


def test_command_line(tmp_path) -> None:  # type: ignore[no-untyped-def]
    target = tmp_path / "net.svg"
    assert command("draw", "resnet18", "-o", str(target)).code == 0
    ElementTree.fromstring(target.read_text(encoding="utf-8"))
    assert command("draw", "resnet18").out.startswith("<svg ")
    assert "names no format" in command("draw", "resnet18", "-o", "net.xyz").err
    assert "cannot sort" not in command("draw", "resnet18", "--figure", "kind").out
    assert command("draw", "resnet18", "--figure", "kind").code == 2
