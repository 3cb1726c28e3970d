"""What polynomials are made of, and how people and programs write them.

An atom is a symbol or one flat floor ⌊numerator / denominator⌋; a monomial is a sorted tuple of (atom, exponent). Nothing here
computes: a polynomial (`cnncost.base.poly.Poly`) is whatever has `terms`, a mapping from monomials to coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

from cnncost.base.record import dataclass

Num: TypeAlias = Any  # int | Ints | Poly: whatever + - * // ** mean something for
Atom: TypeAlias = "str | Floor"
Monomial: TypeAlias = "tuple[tuple[Atom, int], ...]"

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def terms_of(value: Num) -> Mapping[Monomial, int] | None:
    """Return the terms of a polynomial, and None for a number."""
    return getattr(value, "terms", None)


@dataclass(frozen=True, slots=True)
class Floor:
    """The atom ⌊numerator / denominator⌋, with numerator reduced as far as `Poly.__floordiv__` can."""

    numerator: Num
    denominator: Num
    _hash: int = field(init=False, repr=False, compare=False)  # worked out once, for every product looks its atoms up,
    _text: str = field(init=False, repr=False, compare=False, default="")  # and orders them

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.numerator, self.denominator)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return Floor, (self.numerator, self.denominator)  # another process hashes texts differently

    def __str__(self) -> str:
        if not self._text:
            object.__setattr__(self, "_text", atom_text(self, TEXT))
        return self._text


def atom_order(atom: Atom) -> tuple[int, str]:
    """Symbols first, then floors, those of small divisors first."""
    if isinstance(atom, str):
        return 0, atom
    return atom.denominator if isinstance(atom.denominator, int) else 1, str(atom)


def letters_in(atom: Atom) -> set[str]:
    """Return the symbols of an atom, those inside a floor too."""
    if isinstance(atom, str):
        return {atom}
    parts = (terms_of(part) or {} for part in (atom.numerator, atom.denominator))
    return {letter for terms in parts for monomial in terms for inner, _ in monomial for letter in letters_in(inner)}


def times(left: Monomial, right: Monomial) -> Monomial:
    """Return the product of two monomials."""
    if not left or not right:
        return left or right
    powers: dict[Atom, int] = dict(left)
    for atom, exponent in right:
        powers[atom] = powers.get(atom, 0) + exponent
    return tuple(sorted(powers.items(), key=lambda item: atom_order(item[0])))


def reading_order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[int, str, int]]]:
    """Highest degree first, then alphabetically, higher powers first: C²·H before C·H²."""
    monomial = term[0]
    return (-sum(e for _, e in monomial), [(*atom_order(atom), -e) for atom, e in monomial])


@dataclass(frozen=True, slots=True)
class Style:
    """A way of writing polynomials."""

    times: str
    minus: str
    letter: Callable[[str], str]
    power: Callable[[str, int], str]
    floor: Callable[[Num, Num, Style], str]
    wrap: str  # a sum in parentheses, as a format


def _text_floor(top: Num, bottom: Num, style: Style) -> str:
    top, left, right = _ceiling(top, bottom)
    over, under = (plain(part, style) for part in (top, bottom))
    over, under = (f"({text})" if len(terms_of(part) or ()) > 1 else text for part, text in ((top, over), (bottom, under)))
    return f"{left}{over}/({under}){right}" if "·" in under and "(" not in under else f"{left}{over}/{under}{right}"


def _latex_floor(top: Num, bottom: Num, style: Style) -> str:
    top, left, right = _ceiling(top, bottom)
    names = {"⌈": "lceil", "⌉": "rceil", "⌊": "lfloor", "⌋": "rfloor"}
    return f"\\left\\{names[left]} \\frac{{{written(top, style)}}}{{{written(bottom, style)}}} \\right\\{names[right]}"


def _python_floor(top: Num, bottom: Num, style: Style) -> str:
    over, under = (text if text.isalnum() else f"({text})" for text in (written(part, style) for part in (top, bottom)))
    return f"({over} // {under})"


def _ceiling(top: Num, bottom: Num) -> tuple[Num, str, str]:
    """Return the numerator with its brackets: ⌊(n + d − 1)/d⌋ is ⌈n/d⌉."""
    terms = terms_of(top)
    if terms is not None and isinstance(bottom, int) and terms.get((), 0) == bottom - 1:
        return top - (bottom - 1), "⌈", "⌉"
    return top, "⌊", "⌋"


TEXT = Style("·", "−", str, lambda base, e: base + str(e).translate(SUPERSCRIPTS), _text_floor, "({})")
LATEX = Style(
    " ",
    "-",
    lambda name: name if len(name) == 1 else f"\\mathrm{{{name}}}".replace("_", "\\_"),
    lambda base, e: f"{base}^{{{e}}}",
    _latex_floor,
    "\\left({}\\right)",
)
PYTHON = Style("*", "-", str, lambda base, e: f"{base}**{e}", _python_floor, "({})")
STYLES = {"text": TEXT, "latex": LATEX, "python": PYTHON}


def written(value: Num, style: Style = TEXT, outside: Collection[str] = (), unknown: str | None = None) -> str:
    """Return a polynomial in a style, with what is made of the symbols `outside` factored out of each sum.

    With `unknown` the terms are ordered by its power, the highest first.

    >>> from cnncost.base.poly import symbols
    >>> C, G, c, H, W = symbols("C G c H W")
    >>> written(H * W * (8 * C * G * c + 9 * G * c**2), outside=("H", "W"))
    'H·W·(8·C·G·c + 9·G·c²)'
    >>> written(17 * C**2 * H * W, PYTHON)
    '17*C**2*H*W'
    """
    terms = terms_of(value)
    if terms is None:
        return str(value).replace("-", style.minus)
    groups: dict[Monomial, dict[Monomial, int]] = {}
    for monomial, coefficient in terms.items():
        before = tuple(factor for factor in monomial if _made_of(factor[0], outside))
        groups.setdefault(before, {})[tuple(factor for factor in monomial if factor not in before)] = coefficient
    parts: list[tuple[int, str]] = []
    for before, inner in sorted(groups.items(), key=_order_of_group):
        ordered = sorted(inner.items(), key=reading_order)
        if before and len(ordered) > 1:
            within = _sum_text([(c, _product(abs(c), m, style)) for m, c in ordered], style.minus)
            parts.append((1, style.times.join((*_factors(before, style), style.wrap.format(within)))))
        else:
            if unknown is not None:
                ordered.sort(key=lambda term: -dict(term[0]).get(unknown, 0))
            parts += [(c, _product(abs(c), times(before, m), style)) for m, c in ordered]
    return _sum_text(parts, style.minus)


def _made_of(atom: Atom, letters: Collection[str]) -> bool:
    return letters_in(atom) <= set(letters)


def _order_of_group(group: tuple[Monomial, Any]) -> Any:
    return reading_order((group[0], 1))


def _sum_text(parts: Sequence[tuple[int, str]], minus: str = "-") -> str:
    """Return signed terms as a sum that begins with a positive one where there is one: 3 - C rather than -C + 3."""
    lead = next((part for part in parts if part[0] > 0), parts[0])
    text = ("" if lead[0] > 0 else minus) + lead[1]
    for part in parts:
        if part is not lead:
            text += (" + " if part[0] > 0 else f" {minus} ") + part[1]
    return text


def plain(value: Num, style: Style) -> str:
    """Return a polynomial as one sum, with the plain minus of code and messages."""
    terms = terms_of(value)
    if terms is None:
        return str(value)
    return _sum_text([(c, _product(abs(c), m, style)) for m, c in sorted(terms.items(), key=reading_order)])


def _product(number: int, monomial: Monomial, style: Style) -> str:
    return style.times.join(([str(number)] if number != 1 or not monomial else []) + _factors(monomial, style))


def _factors(monomial: Iterable[tuple[Atom, int]], style: Style) -> list[str]:
    return [style.power(atom_text(atom, style), e) if e > 1 else atom_text(atom, style) for atom, e in monomial]


def atom_text(atom: Atom, style: Style) -> str:
    """Return a symbol or a floor in a style."""
    return style.letter(atom) if isinstance(atom, str) else style.floor(atom.numerator, atom.denominator, style)
