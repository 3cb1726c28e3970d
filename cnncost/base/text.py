"""Text from outside made safe to print: names, messages, names of files, sentences of conventions. The one door for it.

Whoever writes a network, or opens a change to one, writes these texts; what is written must arrive as text, whatever reads the
output: a terminal, the log of a build, a Markdown page, a browser, LaTeX, a spreadsheet. JSON and CSV are for programs: they
give every text back as it was.
"""

from __future__ import annotations

import re
import unicodedata

UNSEEN = "�"  # what stands for a character that would move the cursor, end the line, or turn the writing round


class Math(str):
    """A formula of our own in LaTeX, between dollar signs. Text from outside is never one, whatever signs it has."""

    __slots__ = ()


def line(text: str) -> str:
    r"""Return text on one line, with a sign for each character that cannot be seen.

    >>> line("a\n\x1b[2Jb\u202ec d")
    'a��[2Jb�c d'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else UNSEEN for c in text)


def lines(text: str) -> str:
    r"""Return text of several lines for a terminal or a log: each as `line` gives it, none of them a command to GitHub.

    >>> print(lines("a\n  ::error::b ##[group]c"))
    a
      \::error::b ##\[group]c
    """
    return log("\n".join(map(line, text.split("\n"))))


def log(text: str) -> str:
    r"""Return lines of which none is a command to the runner that reads a log.

    Source: github.com/actions/runner, ActionCommand.cs: `::name` behind blanks at the start of a line, `##[name` anywhere.
    """
    if "::" in text:
        text = re.sub(_COMMAND, r"\1\\::", text)
    return text.replace("##[", r"##\[") if "##[" in text else text


# Patterns are compiled when they are first used: most commands use none of them.
_COMMAND = r"(?m)^((?:\s|\x1b\[[0-9;]*m)*)::"  # colours are taken away in pipes


def clip(text: str, most: int = 60) -> str:
    """Return text as a message can quote it: on one line, and not for ever.

    >>> clip("abcdef", 4)
    'abc…'
    """
    shown = line(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def markdown(text: str) -> str:
    r"""Return text that Markdown, as GitHub reads it, shows as it is: no cell ends, no link, no HTML, no emphasis.

    >>> print(markdown("a|b <b>[x](y) `c` conv_1 __d__ 2*3 ##[e]"))
    a\|b &lt;b&gt;\[x\](y) \`c\` conv_1 \_\_d\_\_ 2\*3 ##\[e\]
    """
    if isinstance(text, Math) or ("::" not in text and re.fullmatch(_PLAIN, text)):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return log(re.sub(_LEADING, r"\1\\\2", re.sub(_MARKS, r"\\\g<0>", text)))


_PLAIN = r"(?a)[\w ,.()/·×−…→%:'\"=]*(?<!_)"
_MARKS = r"[\\|`*\[\]~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
_LEADING = r"^(\s*)([#+-])"


def latex(text: str) -> str:
    r"""Return text that LaTeX sets as it is; a formula of ours stays one. Signs that LaTeX lacks become mathematics.

    >>> print(latex("50% of {a}_1 --set ⌊C/2⌋"), latex(Math("$C^{2}$")))
    50\% of \{a\}\_1 -{}-set $\lfloor$C/2$\rfloor$ $C^{2}$
    """
    if isinstance(text, Math):
        return text
    return re.sub(_COMMAND, r"\1{:}:", "".join(map(_latex, text)).replace("--", "-{}-"))


def _latex(character: str) -> str:
    """Return a character as LaTeX with T1 fonts sets it; the letters of Europe are what they are, others are named."""
    known = LATEX.get(character)
    if known is None and character > "~" and not (character.isalpha() and "À" <= character <= "ž"):
        return f"[U+{ord(character):04X}]"
    return character if known is None else known


LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\^{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "⌈": r"$\lceil$", "⌉": r"$\rceil$", "′": r"$'$", "−": r"$-$", "·": r"$\cdot$",
    "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$", "√": r"$\surd$", "→": r"$\to$",
    "Δ": r"$\Delta$", "Σ": r"$\Sigma$", "µ": r"$\mu$", "μ": r"$\mu$", "ᵀ": "$^{T}$", "ⁿ": "$^{n}$", "�": "?", "⁻": "$^{-}$",
    "…": r"\ldots{}", "–": r"\textendash{}", "—": r"\textemdash{}", "±": r"$\pm$", "°": r"$^{\circ}$", "÷": r"$\div$",
    "“": "``", "”": "''", "‘": "`", "’": "'", '"': r"\textquotedbl{}", "\xa0": "~", "½": r"$\frac{1}{2}$", "∼": r"$\sim$",
    "←": r"$\leftarrow$", "∈": r"$\in$", "∞": r"$\infty$",
    **{sign: f"$^{digit}$" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip


def cell(text: str) -> str:
    """Return text for a cell of CSV or TSV. A spreadsheet calculates what begins like a formula, so that gets an apostrophe.

    >>> cell("=1+1"), cell("'a"), cell("conv1"), uncelled("'=1+1")
    ("'=1+1", "''a", 'conv1', '=1+1')

    Source: OWASP, "CSV Injection". What begins with an apostrophe gets one more, so that a reader can take the first away.
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def uncelled(text: str) -> str:
    """Return the text of a cell that `cell` has written."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # what a cell must not begin with


def html(text: str) -> str:
    """Return text for HTML: its marks as entities.

    >>> html('<b title="x">##[error]')
    '&lt;b title=&quot;x&quot;&gt;&#35;#[error]'
    """
    from html import escape  # imported late: only these formats need it

    return re.sub(_COMMAND, r"\1&#58;:", escape(text)).replace("##[", "&#35;#[")


def xml(text: str) -> str:
    r"""Return text for XML: as for HTML, line ends so that attributes keep them, and a sign for what XML cannot hold.

    >>> xml("a\nb\x1b")
    'a&#10;b�'
    """
    held = "".join(
        c if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else UNSEEN for c in text
    )
    return html(held).replace("\n", "&#10;").replace("\t", "&#9;")


def json(text: str) -> str:
    r"""Return JSON in which characters that cannot be seen, and commands to the runner of a log, are written as escapes.

    >>> print(json('"a\x9b\u202e ##[group]"'))
    "a\u009b\u202e ##\u005bgroup]"
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)
    return text.replace("##[", r"##\u005b")


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
