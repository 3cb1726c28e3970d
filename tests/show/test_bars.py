"""What terminals draw: bars, courses, stacks; and that nothing else gets them."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from support import command, traced

from cnncost.measures.comparison import Comparison
from cnncost.measures.report import report
from cnncost.show.blocks import bar, course
from cnncost.show.render import FORMATS, render
from cnncost.show.render.terminal import draw
from cnncost.show.table import Table

DRAWN = re.compile("[█▉▊▋▌▍▎▏▁▂▃▄▅▆▇]")


def on(table: Table, width: int, colour: bool = True) -> str:
    return draw(
        table, Console(file=io.StringIO(), force_terminal=True, width=width, no_color=not colour, color_system="truecolor")
    )


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_bars_are_as_long_as_their_values() -> None:
    assert [len(bar(value, 96, cells=12).rstrip()) for value in (96, 48, 8, 1, 0)] == [12, 6, 1, 1, 0]
    assert bar(10**30, 10**30) == "█" * 12
    assert bar(None, 5) == bar(0, 0) == " " * 12
    assert course([0] * 100 + [9] + [0] * 99, 9, cells=10) == "     █    "  # a peak of one layer is not lost
    assert course([], 9) == course([0], 0) == " " * 24


def test_bars_stand_beside_the_figures() -> None:
    table = report(traced("resnext50_32x4d")).table(depth=1, bars=True)
    text = plain(on(table, 140))
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert rows["layer4"].count("█") > rows["layer1"].count("█") - 12
    assert "████████████" in rows["layer3"]  # most FLOPs
    assert rows["layer3"].split()[-2:] == ["36.0%", "79.5%"]
    assert rows["fc"].split()[-1] == "100.0%"
    assert not DRAWN.search(rows["total"])


def test_a_stack_fills_the_line() -> None:
    table = report(traced("resnext50_32x4d")).table(depth=1, bars=True)
    for width in (40, 80, 160):
        lines = plain(on(table, width)).splitlines()
        assert lines[0] == "FLOPs by stage and block"
        assert "layer3" in lines[1]
        assert all(len(line) <= width for line in lines[:3])
    bare = on(table, 100, colour=False)
    assert "\x1b[48" not in bare
    assert "layer1 15%" in bare
    assert "│" in bare.splitlines()[1]  # where colours do not part them, a stroke does


def test_bars_go_first_where_space_is_short() -> None:
    table = report(traced("resnext50_32x4d")).table(depth=1, bars=True)
    wide, narrow = plain(on(table, 160)), plain(on(table, 70))
    assert "Σ %" in wide
    body = "\n".join(line for line in narrow.splitlines() if line.startswith("layer"))
    assert not DRAWN.search(body)
    assert "memory" in narrow
    assert "too few for" not in narrow or "Σ" not in narrow


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "terminal"])
def test_no_other_format_has_them(format: str) -> None:
    found = [report(traced(name)) for name in ("resnet18", "vgg16")]
    for table in (found[0].table(depth=1, bars=True), Comparison(tuple(found), ("a", "b")).table(bars=True)):
        text = render(table, format)
        assert not DRAWN.search(text)
        assert "Σ" not in text


def test_a_comparison_shows_the_course_of_live_memory() -> None:
    found = [report(traced(name)) for name in ("resnet18", "vgg16")]
    text = plain(on(Comparison(tuple(found), ("resnet18", "vgg16")).table(bars=True), 200))
    courses = [re.findall("[ ▁▂▃▄▅▆▇█]{20,}", line) for line in text.splitlines() if line.startswith(("resnet18", "vgg16"))]
    assert all(courses)
    assert "█" not in courses[0][-1]  # one scale: the peak of vgg16 is the largest
    assert "█" in courses[1][-1]


def test_shares_are_coloured() -> None:
    table = report(traced("resnext50_32x4d")).table(columns="name,params,flops", top=20, bars=True)
    text = on(table, 140)
    heavy = next(line for line in text.splitlines() if "layer2.0.conv1" in line)
    assert "\x1b[33m" in heavy  # 4.9 % of the FLOPs
    assert "\x1b[2m" in next(line for line in text.splitlines() if "conv1 " in line and "9,408" in line)  # below 0.1 %


def test_growth_is_red() -> None:
    from cnncost.questions.diff import difference

    old, new = (report(traced(name)).to_dict() for name in ("resnet18", "resnet34"))
    text = on(difference(old, new).table(), 140)
    grown = next(line for line in text.splitlines() if "layer1.2.conv1" in line)
    assert re.search(r"\x1b\[31m *\+115.61", grown)


def test_training_is_one_bar() -> None:
    from cnncost import memory

    text = plain(on(memory("resnext50_32x4d", optimizer="adam").table(), 120))
    assert text.splitlines()[0] == "training, optimizer adam"
    assert "■ optimizer 191 MB" in text


def test_pipes_get_no_bars() -> None:
    assert not DRAWN.search(command("table", "resnet18", "--bars", "--depth", "1").out)
    assert command("table", "resnet18", "--bars", "--format", "csv").out == command("table", "resnet18", "--format", "csv").out
    assert DRAWN.search(command("table", "resnet18", "--bars", "--format", "terminal", env={"COLUMNS": "150"}).out)
