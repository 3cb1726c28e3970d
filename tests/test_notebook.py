"""The notebook of the documentation is executed: its cells show what stands in it, and little."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from tools.notebook import NOTEBOOK, executed

FOUND = json.loads(NOTEBOOK.read_text("utf-8"))
CODES = [cell for cell in FOUND["cells"] if cell["cell_type"] == "code"]
MOST = 2_000  # characters that a cell shows unasked


class Seen(HTMLParser):
    """The text of a page outside its folds, and how many tables there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.folds, self.tables, self.open = "", 0, 0, 0
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        self.folds += tag == "details"
        self.open += tag == "details"

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag == "details"

    def handle_data(self, data: str) -> None:
        self.text += data + " " if not self.open else ""


def test_cells_show_what_stands_in_the_notebook() -> None:
    """`python tests/tools/notebook.py` writes it; read the difference before you commit it."""
    for cell, outputs in zip(CODES, executed(FOUND), strict=True):
        assert cell["outputs"] == outputs, "".join(cell["source"])


@pytest.mark.parametrize("cell", CODES, ids=lambda cell: "".join(cell["source"])[-40:])
def test_a_cell_shows_little(cell: dict[str, Any]) -> None:
    (output,) = cell["outputs"]
    data = {kind: "".join(lines) for kind, lines in output["data"].items()}
    assert len(data["text/plain"]) < 300
    if "text/html" in data:
        seen = Seen(data["text/html"])
        assert 0 < len(seen.text) <= MOST
        assert seen.tables
        assert "--" not in seen.text


def test_its_form_is_that_of_jupyter() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


def test_layers_are_folded_below_stages() -> None:
    page = Seen("".join(CODES[1]["outputs"][0]["data"]["text/html"]))
    assert (page.folds, page.tables) == (1, 2)
    assert "layer4" in page.text
    assert "layer4.0.conv1" not in page.text


def test_formulas_are_mathematics() -> None:
    """17·C² + 12·C parameters of a bottleneck: He et al., arXiv:1512.03385, figure 5, with batch normalisation."""
    bottleneck = CODES[8]["outputs"][0]["data"]
    assert "$17 C^{2} + 12 C$" in "".join(bottleneck["text/html"])
    assert r"\text{params} &= 17 C^{2} + 12 C \\" in "".join(bottleneck["text/latex"])
    assert "".join(CODES[9]["outputs"][0]["data"]["text/latex"]) == "$18 C^{2} H W + 27 C H W$"  # 9·3·C + 9·C·2C at H×W
