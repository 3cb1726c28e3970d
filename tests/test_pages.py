"""What every page of the documentation keeps to: who needs it, links that lead somewhere, widths, a place in the site; and what
the program says of the documentation: one address, with pages that are there.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnncost.base.site import SITE
from cnncost.cli import COMMANDS
from cnncost.rules import RULES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WITHOUT_COMMANDS = ("architecture", "glossary", "limits", "security", "stability", "performance")  # there is nothing to run
LINK = re.compile(r"(?<!`)\[[^\]`]+\]\(([^)\s]+)\)|srcset=\"([^\"]+)\"|src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for found in LINK.finditer(FENCE.sub("", path.read_text(encoding="utf-8"))):
        target = next(filter(None, found.groups()))
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_every_page_has_its_place() -> None:
    listed = re.findall(r"^([a-z/-]+)$", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    pages = [*PAGES, *DOCS.glob("*.ipynb")]
    assert sorted(listed) == sorted(name_of(path) for path in pages if path.stem != "index")


def name_of(path: Path) -> str:
    return path.relative_to(DOCS).with_suffix("").as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_page_says_who_needs_it_and_what_else_to_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, first, *_, last = text.strip().split("\n\n")
    assert title.startswith("# ")
    assert first.startswith("For "), "the first sentence says who needs the page"
    assert re.fullmatch(r"See also: \[.*\)", last.splitlines()[-1]), "the last line names other pages"


@pytest.mark.parametrize("path", [p for p in PAGES if p.stem not in WITHOUT_COMMANDS], ids=name_of)
def test_something_to_run_is_within_a_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    blocks = [n for n, line in enumerate(lines, 1) if re.fullmatch("```(console|pycon|sh|yaml|toml)", line)]
    assert blocks
    assert blocks[0] <= 40


def test_the_readme_fits() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert max(len(line) for block in FENCE.findall(text) for line in block.splitlines()) <= 97


def tool(name: str) -> Any:
    """Return a module of tests/tools."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


REFERENCE = tool("reference")


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_reference_pages_are_what_the_program_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == REFERENCE.PAGES[name](), "run: python tests/tools/reference.py"


def test_every_picture_is_in_the_gallery() -> None:
    gallery = (DOCS / "pictures.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted((DOCS / "pictures").glob("*.svg")) if f"pictures/{path.name}" not in gallery] == []


def sources() -> Iterator[tuple[str, str]]:
    """Iterate over the files of the package, as a wheel holds them."""
    for path in sorted((ROOT / "cnncost").rglob("*")):
        if path.suffix in (".py", ".html", ".js", ".css", ".csv") and "vendor" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


OWN = re.compile(r"(?<!/)docs/(?!Contrib)\w|(?<![\w/])[a-z-]+\.md\b")  # not those of other projects


def test_the_package_names_no_file_of_the_documentation() -> None:
    """An installation has none: it names pages of the site."""
    named = [(name, line) for name, text in sources() for line in text.splitlines() if OWN.search(line)]
    assert named == []


def test_the_site_has_one_address() -> None:
    host = SITE.split("/")[2]
    assert [name for name, text in sources() if host in text] == ["cnncost/base/site.py"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == SITE
    assert f'html_baseurl = "{SITE}"' in (DOCS / "conf.py").read_text(encoding="utf-8")


def test_the_program_names_pages_that_are_there() -> None:
    """Pages by their names in the source, and the headings of layer types and commands."""
    named = {found for _, text in sources() for found in re.findall(r"""\bpage\(f?["']([\w/-]+)["']""", text)}
    assert named >= {"ci", "conventions", "reference/commands"}
    assert [name for name in named if not (DOCS / f"{name}.md").exists()] == []
    for name, heads in (("reference/layer-types", RULES), ("reference/commands", [f"cnncost-{each}" for each in COMMANDS])):
        assert {each.replace("_", "-") for each in heads} <= {each.replace("_", "-") for each in anchors(DOCS / f"{name}.md")}
