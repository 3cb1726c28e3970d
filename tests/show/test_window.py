"""What a value shows unasked is short: at a prompt one line, printed and in a notebook at most 2,000 characters."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import traced
from test_notebook import MOST, Seen

import cnncost
from cnncost.base.record import dataclass
from cnncost.base.showable import Showable, Tabled
from cnncost.counting import CONVENTIONS
from cnncost.measures.live import Live
from cnncost.models.load import names
from cnncost.questions.claims.ratios import ratios
from cnncost.show.window import BUILDERS

LINE = 320  # characters at a prompt

LARGE = ("densenet201", "inception_resnet_v2", "maxvit_t", "lenet5", "resnet110_cifar")
VALUES: dict[str, Callable[[], Any]] = {
    **{f"analyze {name}": lambda name=name: cnncost.analyze(traced(name)) for name in LARGE},  # type: ignore[misc]
    "analyze letters": lambda: cnncost.analyze("resnet18", input=(3, *cnncost.symbols("H W"))),
    "analyze columns": lambda: cnncost.analyze("resnet18", width=np.array([32, 64])),
    "group": lambda: cnncost.analyze(traced("resnet50")).group(2),
    "compare 3": lambda: cnncost.compare("resnet18", "resnet34", "resnet50"),
    "compare 40": lambda: cnncost.compare(*[traced(name) for name in names("resnet")[:10] * 4]),
    "memory": lambda: cnncost.memory(traced("densenet201"), optimizer="adam"),
    "formula": lambda: cnncost.formula("bottleneck"),
    "formula of floors": lambda: cnncost.formula("densenet121"),
    "solve": lambda: cnncost.solve("resnet18", "width", "flops<=1G"),
    "solve over": lambda: cnncost.solve("resnet18", "width", "flops<=1G", over={"size": range(64, 512, 32)}),
    "energy": lambda: cnncost.energy("resnet50"),
    "sweep": lambda: cnncost.sweep("resnet18", width=range(8, 128), top=100),
    "diff": lambda: cnncost.diff("resnet18", "resnet50"),
    "check": lambda: cnncost.check("resnet18", params="1M", flops="1G", peak="1MB", macs="1G", memory="1MB"),
    "explain types": lambda: cnncost.explain("resnet50"),
    "explain many": lambda: cnncost.explain("resnet50", list(CONVENTIONS)),
    "explain layer": lambda: cnncost.explain("resnet50", layer="conv1"),
    "explain scope": lambda: cnncost.explain("resnet50", layer="layer3"),
    "explain field": lambda: cnncost.explain("resnet50", field="layer4.2.conv3"),
    "explain claim": lambda: cnncost.explain("resnet50", claim="3.8G"),
    "ratios": lambda: ratios("19.4x", *(pair := cnncost.compare("alexnet_lecture", "vgg16_lecture")), pair.labels),
    "model": lambda: cnncost.load("resnet50"),
    "graph": lambda: traced("resnet50"),
    "small graph": lambda: traced("lenet5"),
    "table": lambda: cnncost.analyze(traced("resnet50")).table(),
}
PARTS: dict[str, Callable[[Any], Any]] = {
    "layers of a graph": lambda: traced("resnet50").layers,
    "nodes of a graph": lambda: traced("resnet50").nodes,
    "rows": lambda: cnncost.analyze(traced("resnet50")).rows,
    "columns": lambda: cnncost.analyze(traced("resnet50")).columns,
    "total": lambda: cnncost.analyze(traced("resnet50")).total,
    "columns of a sweep": lambda: cnncost.sweep("resnet18", width=range(8, 128), top=100).columns,
    "changes": lambda: cnncost.diff("resnet18", "resnet50").layers,
    "verdicts": lambda: cnncost.check("resnet18", params="1M", flops="1G").verdicts,
    "candidates": lambda: cnncost.explain("resnet50", claim="3.8G").candidates,
    "reports": lambda: list(cnncost.compare("resnet18", "resnet34", "resnet50")),
    "a tuple of values": lambda: (cnncost.diff("resnet18", "resnet50"), cnncost.memory("resnet18"), CONVENTIONS["fvcore"]),
    "a convention": lambda: CONVENTIONS["ptflops"],
    "a polynomial": lambda: cnncost.formula("inception_v3").total["flops"],
}


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    kept: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in kept:
            kept[name] = VALUES[name]()
        return kept[name]

    return make


@pytest.mark.parametrize("name", VALUES)
def test_a_value_shows_little_unasked(name: str, made: Callable[[str], Any]) -> None:
    value = made(name)
    assert len(repr(value)) <= LINE
    assert "\n" not in repr(value)
    if name != "table":  # asked for by name, it is printed as a whole
        assert len(str(value)) <= MOST
    page = Seen(value._repr_html_())
    assert 0 < len(page.text) <= MOST
    assert page.tables
    assert page.folds <= 1
    assert "cnncost " not in page.text
    assert not re.search(r"\(--\w", page.text)  # no advice for the command line
    latex = getattr(value, "_repr_latex_", lambda: None)()
    assert latex is None or (len(latex) <= MOST and latex.count("{") == latex.count("}"))


@pytest.mark.parametrize("name", VALUES)
def test_so_do_its_attributes(name: str, made: Callable[[str], Any]) -> None:
    value = made(name)
    for attribute in dir(value):
        if attribute.startswith("_") or attribute == "tensor_bytes":
            continue
        try:
            part = getattr(value, attribute)
        except cnncost.CnncostError:  # what letters leave open
            continue
        if not isinstance(part, np.ndarray) and not callable(part):  # NumPy's own are as long as NumPy has them
            assert len(repr(part)) <= MOST, attribute


@pytest.mark.parametrize("name", PARTS)
def test_so_do_its_parts(name: str) -> None:
    assert len(repr(PARTS[name]())) <= MOST  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("compare 3", "resnet18, resnet34, resnet50"),
        ("formula", "bottleneck"),
        ("memory", "densenet201"),
        ("solve", "resnet18"),
        ("sweep", "resnet18"),
        ("diff", "resnet18 → resnet50"),
        ("explain types", "resnet50"),
        ("explain layer", "resnet50: conv1"),
        ("graph", "resnet50"),
        ("model", "resnet50"),
    ],
)
def test_a_notebook_says_what_it_shows(name: str, title: str, made: Callable[[str], Any]) -> None:
    assert made(name)._repr_html_().startswith(f"<strong>{title}</strong>\n<table>")


def classes(of: type) -> set[type]:
    return {of}.union(*map(classes, of.__subclasses__()))


def test_every_value_class_is_tried(made: Callable[[str], Any]) -> None:
    """A new class of values needs a builder of its table, and a row in VALUES; `Live` is a part of `Memory`."""
    for info in pkgutil.walk_packages(cnncost.__path__, "cnncost."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)
    own = {each.__name__ for each in classes(Tabled) - {Tabled, Showable, Live} if each.__module__.startswith("cnncost.")}
    assert own == {*BUILDERS, "Table"}
    assert own <= {parent.__name__ for name in VALUES for parent in type(made(name)).__mro__}


def test_what_letters_leave_open_is_said_without_a_traceback() -> None:
    """Which maps are alive together depends on H: the plan says so where it is asked, and a notebook shows the sentence."""
    (h,) = cnncost.symbols("H")
    plan = cnncost.memory("resnet18", input=(3, h, h))
    assert repr(plan) == "<Memory resnet18, batch 1>"
    page = plan._repr_html_()
    assert page.startswith("<p>&lt;Memory resnet18, batch 1&gt;: whether ")
    assert "depends on the " in page


def test_many_columns_are_cut() -> None:
    table = cnncost.compare(*[traced(name) for name in names("resnet")[:30]]).table(by="resolution")
    assert len(Seen(table._repr_html_()).text) <= MOST


def test_what_is_left_out_is_said_and_can_be_had(made: Callable[[str], Any]) -> None:
    report = made("analyze resnet110_cifar")
    text = str(report)
    assert f"the stages of {len(report)} layers: print(….table()) shows all" in text
    assert len(str(report.table()).splitlines()) > len(text.splitlines())
    change = made("diff")
    assert "\nthe stages of 124 layers: print(….table()) shows all\n" in str(change)
    assert str(change.table()).count("\n") > 124
    assert change._repr_html_().count("<summary>124 layers</summary>") == 1
    rows = str(made("sweep"))
    assert re.search(r"\n\d\d of 100 rows: print\(….table\(\)\) shows all\n", rows)


def test_a_small_table_is_shown_as_a_whole() -> None:
    """All 13 layers of AlexNet that cost something (the lecture's table), printed and in a notebook."""
    report = cnncost.analyze("alexnet")
    layers = [row[0] for row in report.table().rows]
    assert len(layers) == 13
    page = Seen(report._repr_html_())
    assert page.folds == 0
    for layer in layers:
        assert layer in page.text
        assert f"\n{layer} " in str(report)


def test_very_long_folds_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import cnncost.show.window as window

    monkeypatch.setattr(window, "KEPT", 100)
    page = cnncost.analyze(traced("densenet201"))._repr_html_()
    assert "<summary>100 of" in page
    assert page.count("<tr>") < 120


def test_a_record_ends_where_it_would_be_long() -> None:
    @dataclass(frozen=True)
    class Point:
        values: tuple[int, ...]

    assert repr(Point((1, 2))).endswith("Point(values=(1, 2))")
    assert len(repr(Point(tuple(range(10_000))))) < 400


def test_short_tuples_are_tuples() -> None:
    layers = traced("lenet5").layers
    assert layers == tuple(layers)
    assert isinstance(layers[1:3], tuple)
    assert pickle.loads(pickle.dumps(layers[0])) == layers[0]


def test_columns_of_a_sweep_have_their_types() -> None:
    columns = cnncost.sweep("mobilenet_v2", width=[0.5, 1.0], size=[96, 128]).columns
    assert {name: str(column.dtype) for name, column in columns.items()} == {
        "width": "float64",
        "size": "int64",
        **dict.fromkeys(("params", "macs", "flops", "activation_bytes"), "int64"),
    }
