"""Settings: what each takes is one description, and text and Python values meet the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from support import command

from cnncost import analyze, load, symbols
from cnncost.base.errors import UsageError
from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor
from cnncost.models import zoo
from cnncost.models.instance import Instance
from cnncost.models.model import Model
from cnncost.models.settings import MISSING, Setting, declared
from cnncost.questions.sweep.space import axis


def network(
    x: Tensor,
    width: Num,
    depth: int = 2,
    ratio: float = 0.5,
    bias: bool = False,
    act: Literal["relu", "silu", 3] = "relu",
    word: str = "a",
    widths: tuple[Num, ...] = (8, 16),
    depths: Sequence[int] = (1, 2),
    stem: Num | None = None,
    either: int | float = 1,
    hook: Callable[[Tensor], Tensor] | None = None,
    untyped=7,  # type: ignore[no-untyped-def]
) -> Tensor:
    return x.conv(width, 1)


def test_what_each_parameter_takes() -> None:
    kinds = {name: (setting.kind, setting.optional) for name, setting in declared(network).items()}
    assert kinds == {
        "width": ("size", False),
        "depth": ("count", False),
        "ratio": ("real", False),
        "bias": ("flag", False),
        "act": ("choice", False),
        "word": ("word", False),
        "widths": ("list", False),
        "depths": ("list", False),
        "stem": ("size", True),
        "either": ("real", False),
        "hook": ("any", True),
        "untyped": ("size", False),
    }
    entries = {name: declared(network)[name].entry for name in ("widths", "depths")}
    assert [entry and entry.kind for entry in entries.values()] == ["size", "count"]
    assert declared(network)["width"].default is MISSING


# ── the same refusals for text and for Python ────────────────────────────────────────────────────────────────────────

REFUSED: list[tuple[str, str, Any, str]] = [
    ("resnet18", "block=foo", "foo", "setting block={}: no such choice\nchoices: basic, bottleneck"),
    ("resnet18", "block=basics", "basics", "setting block={}: no such choice\ndid you mean 'basic'?"),
    ("resnet50", "pool=nope", "nope", "setting pool={}: no such choice\nchoices: pad, ceil"),
    ("resnet50", "shortcut=Z", "Z", "setting shortcut={}: no such choice\nchoices: A, B, C, D, none"),
]


@pytest.mark.parametrize(("model", "text", "value", "told"), REFUSED)
def test_choices(model: str, text: str, value: Any, told: str) -> None:
    with pytest.raises(UsageError) as written:
        load(f"{model} --set {text}")
    assert str(written.value) == told.format(text.partition("=")[2])
    with pytest.raises(UsageError) as given:
        analyze(model, **{text.partition("=")[0]: value})
    assert str(given.value) == told.format(repr(value))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"width": True}, "setting width=True: it is no whole number\ngive a whole number, as in 224"),
        ({"width": 0.5}, "setting width=0.5: it is no whole number\ngive a whole number, as in 224"),
        ({"width": "32"}, "setting width='32': it is no whole number\ngive a whole number, as in 224"),
        ({"width": -1}, "setting width=-1: -1 is below what is possible\ngive 0 to 10^18"),
        ({"width": np.array([0.5])}, "setting width=array([0.5]): it holds no whole numbers\ngive an array of whole numbers"),
        ({"stride_in_1x1": "no"}, "setting stride_in_1x1='no': it is neither true nor false\ngive True or False"),
        ({"stride_in_1x1": 1}, "setting stride_in_1x1=1: it is neither true nor false\ngive True or False"),
        ({"depths": 3}, "setting depths=3: it is no list of values\ngive a tuple: depths=(3, 4, 6, 3)"),
        ({"depths": "3,4"}, "setting depths='3,4': it is no list of values\ngive a tuple: depths=(3, 4, 6, 3)"),
        ({"depths": (3, 4.0, 6, 3)}, "setting depths.1=4.0: it is no whole number\ngive a whole number, as in 224"),
        ({"depths.4": 2}, "resnet50 has no setting 'depths.4'\ndepths is 3,4,6,3: its entries are 0 to 3"),
        ({"widht": 2}, "resnet50 has no setting 'widht'\ndid you mean 'width'?"),
        ({"size": 0}, "setting size=0: 0 is below what is possible\ngive 1 to 10^18"),
        ({"size": (1, 2, 3)}, "size=(1, 2, 3) has 3 numbers\ngive one number, or (height, width)"),
        ({"input": (3, 8, 8), "H": 9}, "input and H both say how large the input is\ngive one of them"),
    ],
)
def test_what_python_gives(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        load("resnet50").trace(**settings)
    assert str(caught.value) == told


def test_what_python_may_give() -> None:
    """NumPy numbers, columns and letters are numbers; lists and arrays are lists; whole numbers are real ones."""
    params = analyze("resnet50", width=32).total["params"]
    assert analyze("resnet50", width=np.int8(32)).total["params"] == params
    assert analyze("resnet50", width=np.array([32, 64])).total["params"].tolist()[0] == params
    assert analyze("resnet50", width=symbols("w")[0]).total["params"].subs({"w": 32}) == params
    for depths in ([2, 2, 2, 2], np.array([2, 2, 2, 2])):
        assert analyze("resnet18", depths=depths).total["params"] == 11_689_512
    assert analyze("mobilenet_v2", width=1).total == analyze("mobilenet_v2", width=Fraction(1)).total
    assert Model("net", network, (3, 8, 8)).trace(width=4, untyped=0.5, hook=len).output == (4, 8, 8)


def test_every_value_of_the_zoo_is_one_that_its_setting_takes() -> None:
    for module in zoo.FAMILIES:
        for model in zoo.models(module).values():
            for name, value in model.values.items():
                assert model.setting(name).checked(value) == value


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "polynet", "fractalnet20", "densenet121"])
def test_what_is_shown_can_be_read(name: str) -> None:
    from cnncost.models.settings import shown

    model = load(name)
    for setting, value in model.values.items():
        assert model.setting(setting).read(shown(value)) == value


# ── instances ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sizes_of_the_input() -> None:
    assert load("resnet50").trace(size=160).input == (3, 160, 160)
    assert load("resnet50").trace(size=(160, 320)).input == (3, 160, 320)
    assert load("resnet50").trace(H=160, W=96).input == (3, 160, 96)
    assert load("resnet50").trace(input=(3, 64, 64)).input == load("resnet50").trace((3, 64, 64)).input == (3, 64, 64)
    assert analyze("resnet50", size=160).total == analyze("resnet50", input=(3, 160, 160)).total


def sized(x: Tensor, size: int = 8, H: int = 3, batch: int = 1) -> Tensor:  # noqa: N803
    return x.conv(size, H).conv(batch, 1)


def test_a_setting_called_size_does_not_hide_the_input() -> None:
    model = Model("sized", sized, (3, 32, 32))
    case = Instance(model)
    assert list(case.settings()) == ["size", "H", "batch", "input.H", "W", "C", "input.size", "input.batch"]
    assert case.put("size", 4).trace().output == (1, 30, 30)
    assert case.put("input.size", 16).put("input.H", 10).trace().input == (3, 10, 16)
    assert case.put("input.batch", 7).batch == 7
    assert (case.value("H"), case.value("input.H"), case.value("W")) == (3, 32, 32)
    assert [(one.name, one.role) for one in (axis(model, "size=4,5"), axis(model, "input.size=16,32"))] == [
        ("size", "structure"),
        ("input.size", "size"),
    ]


def test_height_and_width_can_be_swept() -> None:
    done = command("sweep", "resnet18", "--over", "H=64,96", "--over", "W=128", "--format", "csv", "--exact")
    assert done.code == 0
    rows = [line.split(",") for line in done.out.splitlines()]
    flops = rows[0].index("flops")
    expected = [analyze("resnet18", input=(3, height, 128)).total["flops"] for height in (64, 96)]
    assert [int(row[flops]) for row in rows[1:]] == expected


def test_the_input_of_mobilenet_v3_is_its_size() -> None:
    done = command("solve", "mobilenet_v3_small", "--for", "size", "--target", "macs<=30M")
    assert (done.code, done.err) == (0, "")
    assert "160" in done.out


def test_an_unknown_name_has_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        Instance(load("resnet50")).setting("depts")
    assert str(caught.value) == "resnet50 has no setting 'depts'\ndid you mean 'depths'?"


def test_entries_of_lists() -> None:
    setting = load("resnet50").setting("depths.2")
    assert setting == Setting("depths.2", "count", 6)
    assert load("resnet50").with_settings(**{"depths.2": 5, "depths.0": 1}).values["depths"] == (1, 4, 5, 3)
