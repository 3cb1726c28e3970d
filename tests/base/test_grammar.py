"""One grammar in four dialects: what is printed can be typed, values are Python's, and no text takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from cnncost.base.errors import AlgebraError
from cnncost.base.exact import Ratio, compiled, expression
from cnncost.base.grammar import Dialect, ExpressionError, parse
from cnncost.base.ints import checked
from cnncost.base.notation import PYTHON, written
from cnncost.base.poly import Poly
from cnncost.models.spec import expressions

NUMBER = st.integers(0, 9).map(str)
EXPRESSION = st.recursive(
    st.sampled_from(["a", "b", "c"]) | NUMBER,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * "]), inner).map("".join).map("({})".format),
        st.tuples(inner, st.integers(2, 9).map(" // {}".format)).map("".join).map("({})".format),
        st.tuples(inner, st.sampled_from([" ** 2", "²", " % 5"])).map("".join).map("({})".format),
        inner.map("-{}".format).map("({})".format),
    ),
    max_leaves=6,
)


@examples(150)
@given(EXPRESSION)
def test_what_is_printed_can_be_typed(text: str) -> None:
    """In every style but LaTeX, and in two dialects that share nothing but the grammar."""
    value = expression(text)
    for shown in (written(value), str(value), written(value, PYTHON)):
        if len(shown) <= 150:
            assert expression(shown) == value, shown
            at = {"a": 3, "b": 5, "c": 7}
            number = value.subs(at) if isinstance(value, Poly) else value
            assert expressions.parse(shown).value(at) == number, shown


RATIONAL = st.recursive(
    st.integers(0, 30).map(str) | st.sampled_from(["0.5", "2.25", "1e2", "12_000"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([" + ", " - ", " * ", " / ", " // ", " % ", " < ", " >= ", " == "]), part)
        .map("".join)
        .map("({})".format),
        st.tuples(part, st.sampled_from([" ** 2", " ** -1"])).map("".join).map("({})".format),
    ),
    max_leaves=5,
)


@examples(200)
@given(RATIONAL)
def test_values_are_those_of_python_s_fractions(text: str) -> None:
    words = text.replace("(", " ( ").replace(")", " ) ").split()
    exact = [f"Fraction('{word.replace('_', '')}')" if word[0].isdigit() else word for word in words]
    try:
        expected = eval(" ".join(exact).replace("** Fraction('2')", "** 2").replace("** -1", "** -1"), {"Fraction": Fraction})
    except (ZeroDivisionError, TypeError):
        return
    try:
        value = expressions.parse(text).value({})
    except ExpressionError:  # true is no number here; a result past 10^30
        return
    assert (Fraction(value.numerator, value.denominator) if isinstance(value, Ratio) else value) == expected


SEVENS = dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 7)
HOSTILE = [
    "((((a+b+c+d)**8)**8)**8)**8",
    "*".join(["(a+b+c+d+e+f+g)"] * 9),
    "(a+b+c+d)**64",
    "((2*a)**64)**64",
    "9**9**9**9",
    "10**99999",
    "(" * 140 + "1",
    "-" * 149 + "1",
    "a//b//c//d//e//f//g//h//i//j//k//l//m//n//o//p//q//r//s//t//u//v//w",
    "1e999999999",
    "1" * 149,
    "a" * 100_000,
    "((a+1)//b+1)//((b+1)//a+1)//(((a+1)//b+1)//((b+1)//a+1))",
    "((a+b)**6//(c+d)**5)**3//((a+b+c)**4)",
    "".join(f"+1/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_expression_takes_long(text: str) -> None:
    start = time.process_time()
    said = [outcome(lambda: str(expression(text))), outcome(lambda: str(expressions.parse(text).value(SEVENS)))]
    assert all(len(words) < 20_000 for words in said)
    assert time.process_time() - start < 1  # of this process's own time


def outcome(question: Callable[[], str]) -> str:
    """The answer, or the refusal."""
    try:
        return question()
    except (AlgebraError, ExpressionError, KeyError) as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "length"), [("1" + "+1" * 74, True), ("1" + "+1" * 74 + " ", True), ("1" + "+1" * 74 + "  ", False)]
)
def test_the_longest_expression(text: str, length: bool) -> None:
    """149, 150 and 151 characters."""
    if length:
        assert expression(text) == 75
    else:
        with pytest.raises(AlgebraError, match="an expression of 151 characters"):
            expression(text)


def test_the_highest_power() -> None:
    assert str(expression("a**64")) == "a⁶⁴"
    for text in ("a**65", "a**60*a**5", "(a**8)**9", "(99999*a)**64"):
        with pytest.raises(AlgebraError):
            expression(text)


def test_levels_and_operations_are_counted() -> None:
    few = Dialect("expression", deepest=3, most=4)
    assert compiled(parse("((1)) + 2", few))({}) == 3
    with pytest.raises(ExpressionError, match="more than 3 levels"):
        parse("((((1))))", few)
    with pytest.raises(ExpressionError, match="more than 4 operations"):
        parse("1+1+1+1+1+1", few)


@pytest.mark.parametrize(
    ("text", "fact", "place"),
    [
        ("2 * (a + ", "expected a number or a name, got the end", "        ^"),
        ("2 * (a + 1", "this bracket is never closed", "    ^"),
        ("⌊a/2", "this bracket is never closed", "^"),
        ("⌊a/2)", "expected an operator or '⌋', got ')'", "    ^"),
        ("a < b", "no < in an expression", "  ^"),
        ("a and b", "expected an operator, got 'and'", "  ^^^"),
        ("a = 3", "cannot read '= 3' in an expression", "  ^"),
        ("a // 0", "a division by zero", "  ^^"),
        ("(a/2)**2", "(a²)/(4) may be no whole number", "^^^^^^^^"),
    ],
)
def test_places(text: str, fact: str, place: str) -> None:
    with pytest.raises(AlgebraError) as caught:
        expression(text)
    message, line, carets = caught.value.message.split("\n")
    assert (message, line, carets.removeprefix("  ").rstrip()) == (fact, f"  {text}", place.rstrip())


def test_a_negative_denominator_turns_no_comparison_round() -> None:
    columns = {"a": checked(np.array([1, 1])), "b": checked(np.array([3, 9]))}
    assert list(expressions.parse("a/(b - 5) < 0").value(columns)) == [True, False]
    assert list(expressions.parse("0 >= a/(b - 5)").value(columns)) == [True, False]
    assert expressions.parse("a/(b - 5) < 0").value({"a": 1, "b": 3}) is True
