"""One word for one thing, and words that a foreigner knows: in the documents, in help and messages, and in docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Not to be used → what to write instead.
WORDS = {
    r"alike": "the same, in the same way",
    r"whoever|whosoever": "everybody who",
    r"charge[sd]?|priced?|prices|pays?": "count, counts, is counted",
    r"but for": "except for",
    r"com(?:e|es|ing) out|came out": "equals, agrees with",
    r"cannot be had": "is not available",
    r"stands?(?! for\b)": "is, is written",
    r"alive": "live",
    r"slips?": "mistake (of a tool: note; of a paper: erratum)",
    r"dialects?": "spec format",
    r"one's own": "your own",
    r"in one breath": "in short",
    r"(?:leave|leaves|left) aside": "do not count",
    r"steadily|provably|believed": "monotonically; if nothing can overflow; used after a check",
    r"quantit(?:y|ies)": "figure",
    r"letters?": "symbol; in a convention: name",
    r"strangers?(?:'s)?": "of unknown origin",
    r"heretofore|thereof|therein|wherein": "plain English",
    r"for those who": "for everybody who",
}
# Where a word has another, plain meaning.
ALLOWED = {
    r"letters?": "letters, digits|has … letters|letter is an axis|all letters together|letters that occur|small letters",
}
PATTERN = {re.compile(rf"\b(?:{word})\b", re.IGNORECASE): instead for word, instead in WORDS.items()}
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def found(text: str) -> list[str]:
    """Return the words of a text that are not to be used, with what is around them."""
    plain = re.sub(r"`[^`\n]*`", "`…`", text)  # names of the program are not prose
    hits = []
    for pattern, instead in PATTERN.items():
        allowed = ALLOWED.get(pattern.pattern.removeprefix(r"\b(?:").removesuffix(r")\b"), r"(?!)")
        for hit in pattern.finditer(plain):
            around = " ".join(plain[max(0, hit.start() - 40) : hit.end() + 30].split())
            if not re.search(allowed, around):
                hits.append(f"…{around}… → {instead}")
    return hits


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents(path: Path) -> None:
    assert found(FENCE.sub("", path.read_text(encoding="utf-8"))) == []


def strings(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Iterate over the strings of a module that have words in them: line, text, and whether it is a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {id(node.body[0].value): node for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values), False
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            owner = docs.get(id(node))
            yield node.lineno, node.value, owner is not None


MODULES = sorted((ROOT / "cnncost").rglob("*.py"))


def test_help_and_messages() -> None:
    """What the program prints: strings that are no docstrings, and the docstrings of commands."""
    hits = []
    for path in MODULES:
        command = path.parent.name == "cli"
        for line, text, is_docstring in strings(path):
            if " " in text and (command or not is_docstring):
                hits += [f"{path.relative_to(ROOT)}:{line}: {hit}" for hit in found(text)]
    assert hits == []


def test_docstrings_of_the_library() -> None:
    """Those that `help()` shows of public names."""
    import inspect

    import cnncost

    hits = []
    for name in cnncost.__all__:
        value = getattr(cnncost, name)
        members = [value, *(vars(value).values() if inspect.isclass(value) else ())]
        for member in members:
            hits += [f"{name}: {hit}" for hit in found(inspect.getdoc(member) or "") if getattr(member, "__doc__", None)]
    assert sorted(set(hits)) == []
