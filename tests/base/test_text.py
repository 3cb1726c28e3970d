"""Text from outside arrives as text: hostile names, messages and names of files, tried in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support import Result, command

from cnncost.base import text as outside
from cnncost.base.limits import limit
from cnncost.questions.check.budget import Check, Verdict
from cnncost.show.render import ci, render
from cnncost.show.table import Column, Plot, Table
from cnncost.show.tables.check import check_table

HOSTILE = [
    "a\n::error file=x::PWN",
    "::stop-commands::x",
    "  ::add-mask::x",
    "##[error]PWN",
    "b ##[group]c",
    "\x1b]0;title\x07\x1b[2J",
    "\x9b31m",
    "a\rb",
    "a\tb",
    "nul\0",
    "\u202egnp.exe",
    "line\u2028separator\u2029s\x85t",
    "a[/b]",
    "net [v2]",
    "[bold red]x[/]",
    "a|b",
    "`code` ```",
    "[click](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "<script>alert(1)</script>",
    "<!-- x --> &lt; &amp;",
    "\"'><b>",
    "]]>",
    "# heading",
    "*bold* __strong__ ~~gone~~",
    "$x^2$",
    "$\\input{/etc/passwd}$",
    "\\input{x} \\write18{x}",
    "% comment",
    "a & b \\\\ \\hline",
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "'quoted",
    "a,b;c",
    'say "x"',
    "\udcff",
    "名前 ünï 🙂",
    "x" * 300,
]


def table(name: str) -> Table:
    columns = (Column("name", "layer"), Column("params", "params", "count"))
    records = [{"name": name, "params": 3}, {"name": "conv", "params": 4}]
    return Table.of(
        columns,
        records,
        schema="cnncost.x/1",
        field="rows",
        total={"params": 7},
        title=name,
        notes=(name, f"note: {name}"),
        plot=Plot(name, (3, 4), "count", name),
    )


def verdict(name: str) -> Table:
    held = limit("params", {"max": 2, "message": name}, name.replace("\0", "0"), 3, 1)
    return check_table(Check((Verdict(name, held, "max", 5, 2, heaviest=((name, 3),)),), (name,)))


def commands(text: str) -> list[str]:
    """Return the lines that a runner of GitHub would take for commands."""
    lines = re.split("\r\n|\r|\n", text)
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("format", ["plain", "terminal", "markdown", "latex", "html"])
def test_people_see_one_line_of_text(format: str, name: str) -> None:
    text, like = render(table(name), format), render(table("a" * len(name)), format)
    assert commands(text) == []
    styles = re.compile(r"\x1b\[[0-9;]*m")  # our own colours
    assert [c for c in styles.sub("", text) if not c.isprintable() and c != "\n"] == []
    if format != "terminal":  # which folds
        assert text.count("\n") == like.count("\n")
    else:
        assert outside.line(name)[:20] in styles.sub("", text) or commands(name)


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_html(name: str) -> None:
    page = Page(render(table(name), "html"))
    assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "p", "pre"}
    assert outside.line(name).strip() in (seen.strip() for seen in page.seen)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_markdown(name: str) -> None:
    text = render(table(name), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    bare = re.sub(r"\\.", "x", re.sub("```text.*?```", "", text, flags=re.DOTALL))
    assert not re.search(r"[<`\[]|^#", bare, re.MULTILINE)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_latex(name: str) -> None:
    text = render(table(name), "latex")
    body = [line for line in text.splitlines() if not line.startswith("%")]
    names = {*re.findall(r"\\([A-Za-z]+)", "\n".join(body))}
    assert names <= {
        "begin",
        "end",
        "toprule",
        "midrule",
        "bottomrule",
        "textbackslash",
        "textasciitilde",
        "ensuremath",
        "textquotedbl",
    }
    assert "\n".join(body).count("\\\\") == 4
    assert not re.search(r"(?<!\\)[$%]", "\n".join(body))


def test_formulas_of_our_own_are_mathematics() -> None:
    row = Table((Column("f", "f"),), ((outside.Math("$C^{2}$"),), ("$C^{2}$",)))
    cells = [line.strip().removesuffix("\\\\").strip() for line in render(row, "latex").splitlines() if "C" in line]
    assert cells == ["$C^{2}$", r"\$C\^{}\{2\}\$"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_data_reads_back_equal(name: str) -> None:
    text = render(table(name), "json")
    assert json.loads(text)["rows"][0]["name"] == name
    assert commands(text) == []
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    for format, delimiter in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.reader(io.StringIO(render(table(name), format), newline=""), delimiter=delimiter))
        assert [outside.uncelled(row[0]) for row in rows] == ["name", name, "conv", "total"]
        assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r"))  # what a spreadsheet would calculate


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_formats_of_builders(name: str) -> None:
    shown = verdict(name)
    log = ci.github(shown)
    assert len(commands(log)) == 1
    assert commands(log)[0].startswith("::error file=")
    assert json.loads(ci.gitlab(shown))[0]["description"].startswith(f"{name}: 5 params")
    root = ET.fromstring(ci.junit(shown).encode("utf-8", "backslashreplace"))
    assert (root.get("failures"), len(root)) == ("1", 1)
    label = root[0].get("name") or ""
    assert [c for c in label if c not in name] in ([], ["�"] * label.count("�"))
    assert commands(ci.junit(shown)) == []


SPEC = (
    "cnncost: 1\nname: {name}\ninput: [3, 8, 8]\nlayers:\n  - conv: {{out: 4, kernel: 3}}\n"
    "budget:\n  params: {{max: 1, message: {name}}}\n"
)
FILES = ["a\n::error::PWN.yaml", "\x1b[2J.yaml", "a[b].yaml", "=1.yaml", "a|b.yaml", "$x$.yaml", "##[x].yaml"]


@pytest.mark.parametrize("words", ["table", "check", "explain", "memory", "diff resnet18"])
@pytest.mark.parametrize("format", ["plain", "terminal", "markdown", "latex", "html", "json"])
def test_specs_from_strangers(tmp_path: Path, words: str, format: str) -> None:
    for number, name in enumerate(FILES[len(words + format) % 3 :: 3]):
        path = tmp_path / name
        path.write_text(SPEC.format(name=json.dumps(HOSTILE[number * 5])))
        found: Result = command(*words.split(), name, "--format", format, folder=tmp_path, merged=True)
        assert found.code in (0, 1, 2)
        assert commands(found.out) == []
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;]*m", "", found.out))


@pytest.mark.parametrize("words", [["table"], ["check", "--config"], ["diff", "resnet18"], ["table", "resnet18", "-o"]])
@pytest.mark.parametrize("name", [*HOSTILE[:12], "a\0b"], ids=ascii)
def test_messages(tmp_path: Path, name: str, words: list[str]) -> None:
    for github in ([], ["--format", "github"]) if words[0] == "check" else ([],):
        found = command(*words, f"{name}.nope", *github, folder=tmp_path, merged=True)
        assert found.code == 2
        assert "internal error" not in found.out
        assert [line for line in commands(found.out) if not line.startswith("::error title=cnncost::")] == []
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", found.out)


def test_a_name_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    name = b"\xff.yaml"
    (tmp_path / "ok.yaml").write_text(SPEC.format(name="net"))
    subprocess.run(["cp", "ok.yaml", name], cwd=tmp_path, check=True)
    for format in ("json", "csv", "html", "latex", "txt"):
        words = (
            "compare",
            "\udcff.yaml",
            "resnet18",
            "-o",
            f"out.{format}",
            "--format",
            "plain" if format == "txt" else format,
        )
        assert command(*words, folder=tmp_path).code == 0


def test_a_page_says_its_encoding(tmp_path: Path) -> None:
    assert command("table", "resnet18", "-o", "page.html", folder=tmp_path).code == 0
    assert (tmp_path / "page.html").read_bytes()[:40].startswith(b'<!DOCTYPE html>\n<meta charset="utf-8">')
