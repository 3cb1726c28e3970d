"""The address of the documentation: the one that messages, help and tables print, for an installation holds no documents."""

from __future__ import annotations

SITE = "https://cnncost.readthedocs.io/en/stable/"


def page(name: str, anchor: str = "") -> str:
    """Return the address of a page, at one of its headings.

    >>> page("ci", "growth").removeprefix(SITE)
    'ci.html#growth'
    """
    return f"{SITE}{name}.html" + (f"#{anchor}" if anchor else "")
