"""What expressions come to: exact values, and how trees of `cnncost.base.grammar` are evaluated.

A value is a whole number, a column of them, a polynomial, a `Ratio` of those, true or false, or a text. Sizes are bounded
before they are computed, so that no expression of a stranger's takes long.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd
from typing import Any, TypeAlias

from cnncost.base.errors import AlgebraError
from cnncost.base.grammar import Dialect, ExpressionError, Tree, parse
from cnncost.base.notation import Num
from cnncost.base.poly import Poly, equal, symbol
from cnncost.base.record import dataclass

LARGEST_EXPONENT = 64
LARGEST = 10**30  # a result, its numerator and its denominator
LONGEST_NUMBER = 512  # bits of a coefficient
HIGHEST = 64  # degree of a polynomial
LONGEST_SHOWN = 80  # characters of a value that a message quotes
MOST_TERMS = 2_000  # products of terms that one operation may take

Value: TypeAlias = Any  # Num | Ratio | bool | str: what an expression may come to
Env: TypeAlias = Mapping[str, Value]
Evaluate: TypeAlias = Callable[[Env], Value]


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A quotient that is not known to be whole; of integers it is in lowest terms."""

    numerator: Num
    denominator: Num

    def __str__(self) -> str:
        if not isinstance(self.numerator, int) or not isinstance(self.denominator, int):
            return f"({self.numerator})/({self.denominator})"
        number = Fraction(self.numerator, self.denominator)
        return f"{float(number):.10g}" if number.denominator in (2, 4, 5, 8, 10, 20, 25, 100, 1000) else f"{number}"


def ratio(top: Num, bottom: Num) -> Value:
    """Return top / bottom, as an integer where that is whole. Raises ExpressionError for 0 below."""
    if isinstance(top, int) and isinstance(bottom, int):
        if bottom == 0:
            raise ExpressionError("E113", "a division by zero")
        if bottom < 0:
            top, bottom = -top, -bottom
        common = gcd(top, bottom)
        top, bottom = top // common, bottom // common
        if max(abs(top), bottom) > LARGEST:
            raise ExpressionError("E113", "a result past 10^30")
        return top if bottom == 1 else Ratio(top, bottom)
    if isinstance(bottom, int) and bottom == 0:
        raise ExpressionError("E113", "a division by zero")
    return top if isinstance(bottom, int) and bottom == 1 else Ratio(top, bottom)


def parts(value: Value) -> tuple[Num, Num]:
    """Return numerator and denominator of any number."""
    if isinstance(value, Ratio):
        return value.numerator, value.denominator
    if isinstance(value, (bool, str)):
        raise ExpressionError("E110", f"{shown(value)} is no number")
    return value, 1


def shown(value: Value) -> str:
    """Return a value as a spec writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(a: Num, b: Num) -> None:
    """Raise ExpressionError where the product of two polynomials would be too long."""
    if isinstance(a, Poly) and isinstance(b, Poly):
        if len(a.terms) * len(b.terms) > MOST_TERMS:
            raise ExpressionError("E113", f"more than {MOST_TERMS:,} terms")
        if _degree(a) + _degree(b) > HIGHEST:
            raise ExpressionError("E113", f"a degree above {HIGHEST}")
    if sum(map(_bits, (a, b))) > LONGEST_NUMBER:
        raise ExpressionError("E113", f"a coefficient of more than {LONGEST_NUMBER} bits")


def _degree(a: Poly) -> int:
    return max(sum(exponent for _, exponent in monomial) for monomial in a.terms)


def _bits(a: Num) -> int:
    coefficients = a.terms.values() if isinstance(a, Poly) else (a,) if isinstance(a, int) else ()
    return max((int(abs(number)).bit_length() for number in coefficients), default=0)


def times(a: Num, b: Num) -> Num:
    """Return a·b. Raises ExpressionError where polynomials grow too long."""
    if type(a) is int and type(b) is int:
        return a * b
    if isinstance(a, Poly) or isinstance(b, Poly):
        _checked(a, b)
    return a * b


def bounded(value: Value) -> Value:
    """Return a value, unless it is an integer past 10^30."""
    if type(value) is int and not -LARGEST <= value <= LARGEST:
        raise ExpressionError("E113", "a result past 10^30")
    return value


def _add(a: Value, b: Value) -> Value:
    if type(a) is int and type(b) is int:
        return bounded(a + b)
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(times(n, e) + times(m, d), times(d, e))


def _subtract(a: Value, b: Value) -> Value:
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(times(n, e) - times(m, d), times(d, e))


def _multiply(a: Value, b: Value) -> Value:
    if type(a) is int and type(b) is int:
        return bounded(a * b)
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(times(n, m), times(d, e))


def _divide(a: Value, b: Value) -> Value:
    (n, d), (m, e) = parts(a), parts(b)
    return ratio(times(n, e), times(d, m))


def _floor_divide(a: Value, b: Value) -> Value:
    return floor(_divide(a, b))


def _remainder(a: Value, b: Value) -> Value:
    return _subtract(a, _multiply(b, _floor_divide(a, b)))


def _power(a: Value, b: Value) -> Value:
    if type(b) is not int or not -LARGEST_EXPONENT <= b <= LARGEST_EXPONENT:
        raise ExpressionError(
            "E113", f"an exponent of {shown(b)}", hint=f"an exponent is a whole number up to {LARGEST_EXPONENT}"
        )
    n, d = parts(a)
    for part in (n, d):
        if isinstance(part, int) and part.bit_length() * abs(b) > 256:
            raise ExpressionError("E113", "a result past 10^30")
    return ratio(_raised(n, b), _raised(d, b)) if b >= 0 else ratio(_raised(d, -b), _raised(n, -b))


def _raised(a: Num, exponent: int) -> Num:
    if not isinstance(a, Poly):
        return a**exponent
    if _degree(a) * exponent > HIGHEST:
        raise ExpressionError("E113", f"a degree above {HIGHEST}")
    result: Num = 1
    for _ in range(exponent):
        result = times(result, a)
    return result


def floor(a: Value) -> Value:
    """Return the largest whole number up to a."""
    n, d = parts(a)
    return n // d


def ceil(a: Value) -> Value:
    """Return the smallest whole number from a."""
    n, d = parts(a)
    return (n + d - 1) // d


def round_(a: Value) -> Value:
    """Return the nearest whole number, halves up."""
    n, d = parts(a)
    return (2 * n + d) // (2 * d)


def extreme(pick: Callable[[Num, Num], Num]) -> Callable[..., Value]:
    """Return the function that picks the least or the greatest of its arguments."""

    def of(first: Value, *others: Value) -> Value:
        result = first
        for other in others:
            (n, d), (m, e) = parts(result), parts(other)
            result = ratio(pick(n * e, m * d), d * e)
        return result

    return of


COMPARISONS: dict[str, Callable[[Num, Num], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _compared(test: Callable[[Num, Num], Any]) -> Callable[[Value, Value], Any]:
    def of(a: Value, b: Value) -> Any:
        if isinstance(a, (bool, str)) and isinstance(b, (bool, str)):
            return test(a, b) if type(a) is type(b) else a is b
        (n, d), (m, e) = parts(a), parts(b)
        top, bottom = (n * d * e * e, m * e * d * d) if _signed(d) or _signed(e) else (n * e, m * d)
        return test(top, bottom)

    return of


def _signed(divisor: Num) -> bool:
    """Whether a denominator may be negative, so that a comparison would turn round."""
    return not isinstance(divisor, int)


OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": _floor_divide,
    "%": _remainder,
    "**": _power,
    "-x": lambda a: _subtract(0, a),
    "floor": floor,
    "ceil": ceil,
    **{sign: _compared(test) for sign, test in COMPARISONS.items()},
}


def compiled(tree: Tree, functions: Mapping[str, Callable[..., Value]] = OPERATIONS) -> Evaluate:
    """Return a function from the values of the names to the value of the tree, made of one closure per operation.

    It raises ExpressionError with the place of the operation that has no value.
    """
    if tree.operation in ("number", "text"):
        constant = tree.value
        if isinstance(constant, Fraction):
            constant = ratio(constant.numerator, constant.denominator)
        return lambda env: constant
    if tree.operation == "name":
        name = tree.value
        if name in ("true", "false"):
            truth = name == "true"
            return lambda env: truth
        return lambda env: env[name]
    parts = [compiled(part, functions) for part in tree.parts]
    operation = tree.value[0] if tree.operation == "compare" else tree.operation
    function = functions.get(operation) or OPERATIONS[operation]

    if len(parts) == 2:
        left, right = parts

        def of_two(env: Env) -> Value:
            a, b = left(env), right(env)
            try:
                return function(a, b)
            except ExpressionError as error:
                raise _placed(error, *tree.at) from None

        return of_two

    def evaluate(env: Env) -> Value:
        values = [part(env) for part in parts]
        try:
            return function(*values)
        except ExpressionError as error:
            raise _placed(error, *tree.at) from None

    return evaluate


def _placed(error: ExpressionError, start: int, end: int) -> ExpressionError:
    """Return the error at a place, unless an operation inside has placed it already."""
    if not error.offset and error.length == 1:
        error.offset, error.length = start, end - start
    return error


def whole(tree: Tree, env: Env) -> Num:
    """Return the value of a tree, an integer or a polynomial. Raises ExpressionError where it may not be whole."""
    value = compiled(tree)(env)
    if isinstance(value, Ratio):
        top, bottom = value.numerator, value.denominator
        rest = top % bottom
        if not equal(rest, 0):
            start, end = tree.span
            text = str(value)
            what = text if len(text) <= LONGEST_SHOWN else "this"
            fact = "is" if isinstance(rest, int) else "may be"
            raise ExpressionError("E112", f"{what} {fact} no whole number", start, end - start, "write // to round down")
        value = top // bottom
    if isinstance(value, (bool, str)):
        raise ExpressionError("E110", f"{shown(value)} is no number", tree.span[0], tree.span[1] - tree.span[0])
    return value


LETTERS = Dialect("expression", longest=150)  # `--let`


def expression(text: str) -> Num:
    """Return the value of an expression in letters and whole numbers with + - * / // % ** and parentheses.

    >>> str(expression("(32·h + 6 − 7)//2 + 1")), str(expression("⌈h/2⌉² / 1"))
    ('16·h', '⌈h/2⌉²')

    Raises AlgebraError with the place of what cannot be read, and of what may be no whole number.
    """
    try:
        tree = parse(text, LETTERS)
        for name, offset in tree.names().items():
            if keyword.iskeyword(name):
                raise ExpressionError("E111", f"'{name}' cannot be a symbol", offset, len(name), "give it another name")
        return whole(tree, {name: symbol(name) for name in tree.names()})
    except ExpressionError as error:
        hint = error.hint or "write symbols and whole numbers with + - * // ** ( )"
        raise AlgebraError(error.shown(text), hint) from None
