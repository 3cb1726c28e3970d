"""The fixtures that all tests know, and the profile of hypothesis for tests that say nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from support import Result, command, examples

settings.register_profile("cnncost", examples(100))
settings.load_profile("cnncost")


@pytest.fixture(autouse=True, scope="session")
def environment() -> None:
    """Programs that tests start see no width of ours, and leave byte code for the next: they start in half the time."""
    os.environ.pop("COLUMNS", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture
def cli() -> Callable[..., Result]:
    """Run `cnncost` with some words, and with text on its standard input, in this process."""
    return command


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out programs and helpers: in this folder tests are in test_*.py, and examples in docstrings are the package's."""
    return (collection_path.suffix == ".py" and not collection_path.name.startswith("test_")) or None
