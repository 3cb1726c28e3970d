"""Columns of integers: every operation gives what Python's unbounded integers give, at and past the edges of int64."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import examples

from cnncost.base.errors import Disagreement
from cnncost.base.ints import Ints, checked
from cnncost.base.poly import gcd, maximum, minimum

EXACT = examples(400)
Column = tuple[str, list[int]]  # a dtype, and values it can hold

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "floordiv", "mod")
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}
CHOICES: dict[str, Callable[[Any, Any], Any]] = {"minimum": minimum, "maximum": maximum, "gcd": gcd}

RANGES = {
    "int8": (-(2**7), 2**7 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint64": (0, 2**64 - 1),
    "object": (-(2**70), 2**70),
}


def numbers(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers of a range: small ones, any, and those near its ends and near the root of int64."""
    edges = [n + d for n in (low, high, 2**31, 2**32, 2**63, -(2**63)) for d in range(-2, 3)]
    near = [n for n in edges if low <= n <= high]
    return st.integers(max(low, -9), min(high, 9)) | st.integers(low, high) | st.sampled_from(near)


def columns(size: int) -> st.SearchStrategy[Column]:
    return st.sampled_from(sorted(RANGES)).flatmap(
        lambda dtype: st.tuples(st.just(dtype), st.lists(numbers(*RANGES[dtype]), min_size=size, max_size=size))
    )


operands = st.integers(1, 3).flatmap(lambda size: st.tuples(columns(size), columns(size) | numbers(-(2**70), 2**70)))


def made(operand: Column | int) -> Any:
    return operand if isinstance(operand, int) else checked(np.array(operand[1], dtype=operand[0]))


def entries(operand: Column | int, size: int) -> list[int]:
    return [operand] * size if isinstance(operand, int) else operand[1]


def plain(result: Any) -> list[int]:
    return [int(number) for number in result.values]


@EXACT
@given(operands, st.sampled_from(sorted(ARITHMETIC)), st.sampled_from(sorted(ARITHMETIC)), st.booleans())
@example((("int64", [-(2**63)]), -1), "floordiv", "mul", False)
@example((("int64", [3 * 10**9]), ("int64", [3 * 10**9 + 7])), "mul", "mul", False)
@example((("uint64", [2**64 - 1]), ("int64", [-1])), "add", "mul", False)
def test_arithmetic_never_overflows(pair: tuple[Column, Column | int], first: str, second: str, swap: bool) -> None:
    left, right = (pair[1], pair[0]) if swap else pair
    size = len(pair[0][1])
    a, b = entries(left, size), entries(right, size)
    if 0 in b and first in ("floordiv", "mod"):
        return
    result = ARITHMETIC[first](made(left), made(right))
    once = [ARITHMETIC[first](x, y) for x, y in zip(a, b, strict=True)]
    assert plain(result) == once
    if 0 in b and second in ("floordiv", "mod"):
        return
    result = ARITHMETIC[second](result, made(right))
    assert plain(result) == [ARITHMETIC[second](x, y) for x, y in zip(once, b, strict=True)]
    assert result.bound >= max(map(abs, plain(result)))


@EXACT
@given(operands, st.sampled_from(sorted(COMPARISONS)), st.booleans())
def test_comparisons_are_those_of_python(pair: tuple[Column, Column | int], name: str, swap: bool) -> None:
    left, right = (pair[1], pair[0]) if swap else pair
    size = len(pair[0][1])
    mask = COMPARISONS[name](made(left), made(right))
    assert mask.dtype == bool
    assert list(mask) == [COMPARISONS[name](x, y) for x, y in zip(entries(left, size), entries(right, size), strict=True)]


@EXACT
@given(operands, st.sampled_from(sorted(CHOICES)), st.booleans())
def test_minimum_maximum_and_gcd_are_those_of_python(pair: tuple[Column, Column | int], name: str, swap: bool) -> None:
    left, right = (pair[1], pair[0]) if swap else pair
    size = len(pair[0][1])
    a, b = entries(left, size), entries(right, size)
    assert plain(CHOICES[name](made(left), made(right))) == [CHOICES[name](x, y) for x, y in zip(a, b, strict=True)]


@EXACT
@given(columns(2), st.integers(0, 4))
@example(("int64", [-(2**63), 0]), 1)
def test_powers_and_signs(column: Column, exponent: int) -> None:
    assert plain(made(column) ** exponent) == [number**exponent for number in column[1]]
    assert plain(-made(column)) == [-number for number in column[1]]


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "uint64"])
def test_a_column_made_directly_is_as_safe(dtype: str) -> None:
    high = RANGES[dtype][1]
    column = Ints(np.array([high, 3], dtype=dtype))
    assert plain(column + column) == [2 * high, 6]
    assert plain(column - high - 1) == [-1, 2 - high]


def test_a_column_is_int64_as_long_as_that_suffices() -> None:
    column = checked(np.array([2**31 - 1, 5], dtype=np.int32))
    square = column * column
    assert square.values.dtype == np.int64
    assert (square * 4).values.dtype == object
    assert (square // 2**40 * 2**40).values.dtype == np.int64  # judged by what is there, not by what could be


def test_checked_makes_python_numbers_and_columns() -> None:
    assert type(checked(np.int64(7))) is int
    assert type(checked(np.array(7))) is int
    one, (two, three) = checked([np.uint8(1), (np.array([2, 3], dtype=np.int8), "same")])
    assert (type(one), plain(two), three) == (int, [2, 3], "same")
    reals = np.array([0.5])
    assert checked(reals) is reals


def test_a_column_takes_no_reals() -> None:
    column = checked(np.array([1, 2]))
    for other in (0.5, np.array([0.5, 1]), "1", None):
        with pytest.raises(TypeError):
            column * other


def test_a_column_answers_if_its_numbers_agree() -> None:
    column = checked(np.array([3, 4, 3]))
    assert column > 2
    assert not column > 4
    assert column in (9, column)
    for question in (lambda: bool(column == 3), lambda: column in (8, 3), lambda: column not in (4, 5)):
        with pytest.raises(Disagreement) as caught:
            question()
        assert type(caught.value.mask) is np.ndarray
        assert caught.value.mask.tolist() in ([True, False, True], [False, True, False])  # whichever size was asked about
    answers = pickle.loads(pickle.dumps(column == 3))
    assert answers.tolist() == [True, False, True]
