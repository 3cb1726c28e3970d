"""The documentation as a site: `sphinx-build -W docs site` with the extra `docs`."""

from __future__ import annotations

import json
import re
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx

project = "cnncost"
author = "the cnncost authors"
copyright = "the cnncost authors"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "cnncost"
html_baseurl = "https://cnncost.readthedocs.io/en/stable/"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
exclude_patterns = ["schemas", "pictures/make.py"]
suppress_warnings = ["misc.highlighting_failure"]  # a console block shows what a program printed, not a language
source_suffix = {".md": "markdown", ".ipynb": "notebook"}


class NotebookParser(MystParser):
    """Reads a notebook as the page of its cells: prose, code, and what the code showed, as it stands in the file."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse the cells of a notebook."""
        super().parse("\n\n".join(map(_cell, json.loads(inputstring)["cells"])), document)


def _cell(cell: dict[str, Any]) -> str:
    """Return a cell as Markdown."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    return "\n\n".join([f"```python\n{source}\n```", *map(_output, cell["outputs"])])


def _output(output: dict[str, Any]) -> str:
    """Return what a cell showed as Markdown: HTML as it is, a formula in HTML as well, for a site without requests."""
    data = output.get("data", {"text/plain": output.get("text", [])})
    for kind in ("text/html", "text/latex"):
        if kind in data:
            page = re.sub(r"\$(.+?)\$", _formula, "".join(data[kind])).replace("<table>", '<table class="docutils">')
            return f'```{{raw}} html\n<div style="overflow-x: auto; font-size: 80%">\n{page}\n</div>\n```'
    return "```text\n" + "".join(data["text/plain"]) + "\n```"


def _formula(found: re.Match[str]) -> str:
    """Return a formula between dollar signs in HTML: powers raised, letters slanted."""
    raised = re.sub(r"\^\{(\w+)\}", r"<sup>\1</sup>", found[1].replace(r"\left", "").replace(r"\right", ""))
    return re.sub(r"(?<![\w<\\/])([A-Za-z])(?!\w)", r"<i>\1</i>", raised)


def setup(app: Sphinx) -> None:
    """Let Sphinx read notebooks."""
    app.add_source_parser(NotebookParser)
