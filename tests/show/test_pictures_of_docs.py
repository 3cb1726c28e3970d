"""The pictures of the documentation: each is there, shown, and what its command draws."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from support import command

import cnncost
from cnncost.show.plots import KINDS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
COMMANDS: dict[str, str] = runpy.run_path(str(FOLDER / "make.py"))["commands"]()


def test_each_is_there_and_shown() -> None:
    assert {path.name for path in FOLDER.glob("*.svg")} == set(COMMANDS)
    shown = set()
    for document in (ROOT / "README.md", ROOT / "docs" / "pictures.md"):
        shown |= {Path(path).name for path in re.findall(r"[\w./-]+\.svg", document.read_text(encoding="utf-8"))}
    assert set(COMMANDS) <= shown


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_plot_has_a_picture_and_is_named_where_people_look(kind: str) -> None:
    kinds = [line.partition("--kind ")[2].split()[:1] or ["icicle"] for line in COMMANDS.values() if "cnncost plot" in line]
    assert [kind] in kinds, f"docs/pictures/make.py makes none of the kind {kind}"
    assert f'"{kind}"' in str(cnncost.plot.__doc__)
    assert re.search(rf"\b{kind}\b", command("plot", "--help").out)


@pytest.mark.parametrize("file", [file for file, line in COMMANDS.items() if line.startswith("cnncost draw")])
def test_drawings_are_what_their_commands_draw(file: str, tmp_path: Path) -> None:
    assert command(*shlex.split(COMMANDS[file])[1:], folder=tmp_path).code == 0
    assert (tmp_path / file).read_text(encoding="utf-8") == (FOLDER / file).read_text(encoding="utf-8"), (
        "python docs/pictures/make.py draws them again"
    )
