"""Conditions held against Python's own arithmetic, and what keeps them short."""

from __future__ import annotations

import re
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import examples

from cnncost.base.errors import UsageError
from cnncost.base.ints import checked
from cnncost.questions.sweep.where import holds, parse, upper_bounds

NAMES = ("flops", "params", "width", "ratio", "block", "depths.2")
VALUES = {"flops": (0, 1, 7, 4_100_000_000), "params": (5, 25_600_000), "width": (1, 3, 56), "ratio": (0.35, 0.5, 2.0)}

NUMBER = st.integers(0, 9).map(str) | st.sampled_from(["0.5", "2.25", "4.1G", "1e3", "26M", "3k", "1_000", ".5"])
NAME = st.sampled_from(sorted(VALUES))
DIVISOR = st.sampled_from(["2", "3", "0.5", "(1 - 3)", "-4", "2.5"])
POWER = st.sampled_from([" ** 2", "²", " ** 3", "¹"])
ARITHMETIC = st.recursive(
    NUMBER | NAME,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([" + ", " - ", " * ", "·", " − "]), part).map("".join),
        st.tuples(part, st.sampled_from([" / ", " // ", " % "]), DIVISOR).map("".join),
        st.tuples(st.just("("), part, st.just(")")).map("".join),
        st.tuples(NAME, POWER).map("".join),
        st.tuples(st.sampled_from("⌊⌈"), part, st.just(" / "), DIVISOR).map(lambda t: "".join(t) + {"⌊": "⌋", "⌈": "⌉"}[t[0]]),
        part.map("-({})".format),
    ),
    max_leaves=5,
)
SIGN = st.sampled_from([" < ", " <= ", " > ", " >= ", " == ", " != ", " ≤ ", " ≥ ", " ≠ "])
COMPARISON = st.one_of(
    st.tuples(ARITHMETIC, SIGN, ARITHMETIC).map("".join),
    st.tuples(ARITHMETIC, SIGN, ARITHMETIC, SIGN, ARITHMETIC).map("".join),
)
CONDITION = st.recursive(
    COMPARISON,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([" and ", " or "]), part).map("".join),
        part.map("not ({})".format),
        part.map("({})".format),
    ),
    max_leaves=4,
)
POINT = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


def in_python(text: str, values: dict[str, Any]) -> bool:
    """The condition by Python's own parser and its fractions."""
    for printed, typed in (("·", "*"), ("−", "-"), ("≤", "<="), ("≥", ">="), ("≠", "!="), ("²", "**2"), ("¹", "**1")):
        text = text.replace(printed, typed)
    text = re.sub("⌊", "floor(", text.replace("⌋", ")"))
    text = re.sub("⌈", "ceil(", text.replace("⌉", ")"))
    sizes = {"": "1", "k": "10**3", "M": "10**6", "G": "10**9"}
    text = re.sub(
        r"(?<![\w.])(\d[\d_]*\.?\d*(?:e\d+)?|\.\d+)([kMG]?)(?!\w)",
        lambda found: f"(F('{found[1].replace('_', '')}')*{sizes[found[2]]})",
        text,
    )
    names = {name: Fraction(repr(value)) for name, value in values.items()}
    rounded = {"floor": lambda number: Fraction(number.__floor__()), "ceil": lambda number: Fraction(number.__ceil__())}
    return bool(eval(text, {"F": Fraction, **names, **rounded}))


@examples(300)
@given(CONDITION, POINT)
@example("1G <= flops <= 4G", {"flops": 7, "params": 5, "width": 1, "ratio": 0.5})  # the first link fails, the second holds
@example("flops / -2 < 0", {"flops": 7, "params": 5, "width": 1, "ratio": 0.5})
@example("ratio == 0.35", {"flops": 7, "params": 5, "width": 1, "ratio": 0.35})
@example("width < 3 and not width == 1", {"flops": 7, "params": 5, "width": 1, "ratio": 0.35})
def test_conditions_are_those_of_python(text: str, point: dict[str, Any]) -> None:
    condition = parse(text, NAMES)
    expected = in_python(text, point)
    assert bool(holds(condition, point)) is expected
    columns = {name: checked(np.array([value, value])) if name != "ratio" else value for name, value in point.items()}
    assert np.broadcast_to(np.asarray(holds(condition, columns)), 2).tolist() == [expected, expected]


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("flops < 2.5", {"flops": 2}),
        ("flops < 3", {"flops": 2}),
        ("flops <= 2.5", {"flops": 2}),
        ("flops ≤ 7/2 and 3k > params", {"flops": 3, "params": 2_999}),
        ("flops < 8·2²", {"flops": 31}),
        ("flops < 4 and flops < 3", {"flops": 2}),
    ],
)
def test_upper_bounds(text: str, bounds: dict[str, int]) -> None:
    assert upper_bounds(parse(text, NAMES), ("flops", "params")) == bounds


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_texts_have_no_order(sign: str) -> None:
    with pytest.raises(UsageError, match="a text has no order"):
        parse(f"block {sign} 'basic'", NAMES)
    assert holds(parse("block != 'basic'", NAMES), {"block": "bottleneck"})


@pytest.mark.parametrize(
    ("text", "fact", "place"),
    [
        ("flops / 0 < 1", "divide by numbers other than 0 only", "        ^"),
        ("flops / (2 - 2) < 1", "divide by numbers other than 0 only", "        ^^^^^^^"),
        ("flops // params < 1", "divide by numbers other than 0 only", "         ^^^^^^"),
        ("flops % 0 < 1", "divide by numbers other than 0 only", "        ^"),
        ("flops ** params < 1", "a power is a whole number from 0 to 8", "         ^^^^^^"),
        ("flops ** 9 < 1", "a power is a whole number from 0 to 8", "         ^"),
        ("flops < 3 not width", "expected an operator, got 'not'", "          ^^^"),
        ("flops = 3", "cannot read '= 3' in a condition", "      ^"),
        ("max(flops, 3) < 1", "unknown function 'max'", "^^^"),
    ],
)
def test_places(text: str, fact: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, NAMES)
    assert caught.value.message == f"--where: {fact}\n  {text}\n  {place}"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "flops" + ")" * 5_000,
        "flops < " + "1 + " * 2_400 + "1",
        "not " * 2_400 + "flops < 1",
        "flops < " + "-" * 9_000 + "1",
        "flops < 1e999999999",
        "flops < " + "9" * 9_000,
        "flops ** 8 ** 8 ** 8 < 1",
        "flops < '" + "x" * 20_000 + "'",
        "f" * 9_000 + " < 1",
        "flops < " + "(1 < 2) and " * 800,
    ],
    ids=range(10),
)
def test_a_hostile_condition_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(UsageError) as caught:
        parse(text, NAMES)
    assert len(str(caught.value)) < 1_000
    assert time.process_time() - start < 1  # of this process's own time: the promise of the grammar
