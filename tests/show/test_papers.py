"""What goes into papers and pages: LaTeX that compiles, Markdown and HTML as parsers of others read them, of every command."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support import command, tables_of

from cnncost.show.render import render

# Calls of every command that has a table; those of networks with formulas, floors, fractions and odd names among them.
CALLS = [
    "table alexnet_lecture",
    "table resnext_block --columns name,input,groups,rf,field,training_step,bound --device h100",
    "table vgg16 --by type",
    "table inception_naive --free --exact",
    "table resnet110_stochastic --columns name,runs,expected_flops --top 3",
    "compare alexnet_lecture vgg16_lecture --by type",
    "compare vgg16 resnet50 --columns params,depth,peak --device p100",
    "compare resnet18 vgg16 --label ResNet_18 --label VGG-16% --label tab:cost --caption A&B~{C}#$^\\",
    "compare alexnet_lecture vgg16_lecture --claim 19.4x",
    "list lecture",
    "energy resnet50",
    "list resnet",
    "settings resnet50",
    "memory resnet18 --dtypes mixed --optimizer adam",
    "memory --rules",
    "explain resnet50",
    "explain resnet50 --conventions fvcore,thop",
    "explain resnet50 --conventions fvcore,thop,ptflops,torch",
    "explain resnet50 --claim 3.8G",
    "explain vgg16_lecture --claim 48.6MB",
    "explain resnet50 --layer conv1",
    "explain resnet50 --layer conv1 --blank",
    "explain alexnet --field features.12",
    "explain alexnet --field features.12 --blank",
    "formula bottleneck",
    "formula bottleneck --as latex",
    "formula resnet18 --as latex",
    "formula resnet18 --depth 1",
    "formula googlenet_stem --depth 9 --as latex",
    "formula mobilenet_v2",
    "solve resnext_block --for c --equals bottleneck --set C=64 --set G=32",
    "solve resnext_block --for c --equals bottleneck --set C=64 --over G=1,2,4,8,16,32",
    "explain resnet50 --layer layer1 --blank",
    "solve resnet50 --for size --target flops<=4.1G --target memory<=60MB",
    "sweep resnet18 --over width=32:64:16 --over size=160,224",
    "diff resnet18 resnet34 --top 5",
    "check resnet18 --max-params 12M --max-flops 1G",
    "snapshot resnet18 vgg11",
    "ops",
    "ops conv",
    "ops max_pool",
    "ops adaptive_avg_pool",
    "ops attention",
    "ops upsample",
    "conventions",
    "conventions lecture",
    "conventions ptflops",
    "errors",
    "errors E005",
]
DOCUMENT = (
    "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs}\n\\begin{document}\n%s\n\\end{document}\n"
)


def shown(call: str, format: str) -> str:
    return "\n\n".join(render(table, format) for table in tables_of(call))


@pytest.fixture(scope="module")
def papers() -> dict[str, str]:
    return {call: shown(call, "latex") for call in CALLS}


def test_every_command_is_tried() -> None:
    from cnncost.cli import COMMANDS

    no_tables = {"graph", "draw", "plot", "report", "serve", "new", "show", "schema"}
    assert {call.split()[0] for call in CALLS} == set(COMMANDS) - no_tables


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_pdflatex_sets_every_output(papers: dict[str, str], tmp_path: Path) -> None:
    """Names of other scripts, and every sign that a keyboard has, among them."""
    odd = "".join(map(chr, range(33, 127))) + "éß łž ′⌊⌋·×−²…≤→∑中"
    texts = [*papers.values()]
    for names in (["--label", odd, "--label", "--- [x] *y", "--caption", odd], ["--label", "[1]", "--label", "*"]):
        done = command("compare", "resnet18", "vgg11", *names, "--format", "latex")
        assert done.code == 0, done.err
        texts.append(done.out)
    (tmp_path / "all.tex").write_text(DOCUMENT % "\n\n\\clearpage\n".join(texts), encoding="utf-8")
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-1500:]
    assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")


# Where no TeX is: all that an output may hold.
COMMANDS = {
    *("begin", "end", "toprule", "midrule", "bottomrule", "centering", "caption", "label", "linewidth"),
    *("textbackslash", "textasciitilde", "textendash", "textemdash", "textquotedbl", "ensuremath", "ldots"),
    *("lfloor", "rfloor", "lceil", "rceil", "cdot", "times", "leq", "geq", "neq", "approx", "surd", "to", "leftarrow", "Delta"),
    *(
        "Sigma",
        "mu",
        "pm",
        "circ",
        "div",
        "frac",
        "sim",
        "in",
        "infty",
        "left",
        "right",
        "mathit",
        "mathrm",
        "prime",
        "max",
        "min",
    ),
    *("text", "operatorname"),
}


def test_outputs_hold_nothing_unknown(papers: dict[str, str]) -> None:
    """The body is ASCII and letters of Europe; its commands are those of LaTeX and booktabs; braces and dollars pair."""
    for call, text in papers.items():
        body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert all(c < "\x7f" or (c.isalpha() and "À" <= c <= "ž") for c in body), call
        assert set(re.findall(r"\\([A-Za-z]+)", body)) <= COMMANDS, call
        bare = re.sub(r"\\[\\{}$%&#_^ ]", "", body)
        assert bare.count("{") == bare.count("}"), call
        assert not re.search(r"(?<!\\)#", bare), call
        for line in bare.splitlines():
            assert line.count("$") % 2 == 0, (call, line)


def test_rules_and_alignment(papers: dict[str, str]) -> None:
    """Booktabs' three rules, one before a total, no vertical ones; as many cells in each row as columns."""
    for call, text in papers.items():
        assert text.startswith("% needs \\usepackage[T1]{fontenc} and \\usepackage{booktabs}\n")
        for found in re.finditer(r"\\begin\{tabular\}\{(.*?)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL):
            columns = re.findall(r"[lr]|p\{[^}]*\}", found[1])
            assert "|" not in found[1]
            assert "\\hline" not in found[2]
            lines = found[2].strip().splitlines()
            assert lines[0] == "\\toprule"
            assert lines[-1] == "\\bottomrule"
            rows = [line for line in lines if line.endswith("\\\\")]
            for row in rows:
                assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1, (call, row)
            assert lines.count("\\midrule") == 1 + rows[-1].startswith("total &"), call


def test_decimals_are_aligned(papers: dict[str, str]) -> None:
    text = papers["table alexnet_lecture"]
    cells = [line.split(" & ")[-3] for line in text.splitlines() if re.match("(conv|pool|fc|total)", line)]
    assert {len(cell.partition(".")[2]) for cell in cells} == {2}
    assert cells[0] == "784.00"


def test_a_caption_and_a_label_make_a_float() -> None:
    done = command("compare", "resnet18", "--caption", "Cost", "--label", "tab:cost", "--format", "latex").out
    assert done.splitlines()[1:5] == ["\\begin{table}", "\\centering", "\\caption{Cost}", "\\label{tab:cost}"]
    assert "\nresnet18 &" in done
    assert "<caption>A&amp;B</caption>" in command("compare", "resnet18", "--caption", "A&B", "--format", "html").out
    assert command("compare", "resnet18", "--caption", "A&B", "--format", "markdown").out.startswith("A&amp;B\n\n| model")
    assert command("compare", "resnet18", "vgg16", "--label", "a", "--format", "latex").code == 2
    assert (
        command("compare", "resnet18", "--label", "ResNet-18", "--format", "csv").out.splitlines()[1].startswith("ResNet-18,")
    )


class Cells(HTMLParser):
    """Collects the text of cells, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("call", CALLS)
def test_html_is_well_formed(call: str) -> None:
    """A strict parser takes it, and rows have as many cells as the header, with the text of the plain table."""
    text = shown(call, "html")
    tree = ElementTree.fromstring(f"<body>{text}</body>")
    assert {element.tag for element in tree.iter()} <= {
        *("body", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "pre", "strong", "details", "summary")
    }
    reader = Cells()
    reader.feed(text)
    for table in tree.iter("table"):
        assert len({len(row.findall("td") or row.findall("th")) for row in table.iter("tr")}) == 1
    plain = shown(call, "plain")
    for row in reader.rows:
        for cell in row:
            assert cell.strip() in plain, (call, cell)


@pytest.mark.parametrize("call", CALLS)
def test_markdown_is_read_as_tables(call: str) -> None:
    """CommonMark with tables, as GitHub has it: one table with all rows, and their cells as they are printed."""
    markdown = pytest.importorskip("markdown_it")
    text = shown(call, "markdown")
    html = markdown.MarkdownIt("commonmark").enable("table").render(text)
    reader = Cells()
    reader.feed(html)
    wanted = Cells()
    wanted.feed(shown(call, "html"))
    assert [[cell.strip() for cell in row] for row in reader.rows] == [[cell.strip() for cell in row] for row in wanted.rows]
