"""Every format that is read has files here, a section in the documentation, and one reader that knows it as its own."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from cnncost.base.errors import CnncostError
from cnncost.models.importers import READERS, open_model

ROOT = Path(__file__).parents[3]
MODULES: dict[str, ModuleType] = {name: import_module(f"cnncost.models.importers.{name}") for name in READERS}
SUFFIXES = {suffix for _, suffixes in READERS.values() for suffix in suffixes}
TORN = 12  # places at which a file is cut, and bytes of it that are changed


def files() -> dict[str, list[Path]]:
    """Return the files of the tests by the reader that says that they are its own: exactly one."""
    found = defaultdict(list)
    for folder in ("exports", "networks"):
        for path in sorted((ROOT / "tests" / "data" / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                owners = [name for name, reader in MODULES.items() if reader.is_mine(path.read_bytes())]
                assert len(owners) < 2, f"{path.name} is read by {owners}"
                if owners:
                    found[owners[0]].append(path)
    return found


FILES = files()


@pytest.mark.parametrize("name", READERS)
def test_a_format_has_files_and_a_section(name: str) -> None:
    text = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
    assert FILES[name], f"tests/data has no file of {name}"
    assert any(suffix in text for suffix in READERS[name][1]), f"docs/importing.md says nothing of {READERS[name][1]}"


@pytest.mark.parametrize("name", READERS)
def test_a_torn_file_is_read_or_refused_in_words(name: str) -> None:
    data = min(FILES[name], key=lambda path: path.stat().st_size).read_bytes()
    chance = random.Random(name)
    for turn in range(TORN):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        for torn in (data[: len(data) * turn // TORN], bytes(changed)):
            with suppress(CnncostError):  # nothing else may come out
                open_model("net" + READERS[name][1][0], torn).trace()
