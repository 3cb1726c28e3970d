"""Pages: one HTML file with its data, style and script inside, which asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from cnncost.base.plain import scalar

SCRIPTS = ("vendor/d3.min.js", "js/base.js", "js/icicle.js", "js/drawing.js", "js/charts.js", "js/compare.js", "js/table.js")
LAST = "js/main.js"
LIVE = "js/serve.js"  # of a page that a server keeps up to date
PLAIN = 100_000  # bytes of data that are written as they are; more are packed


def page(data: Mapping[str, Any], live: bool = False) -> str:
    """Return the page that shows `data` (of `page_data`); `live` adds the editor that `cnncost serve` answers.

    Its content security policy names the script and the style by their checksums, so that nothing else can run in it.
    """
    script = _script(live)
    style = _file("style.css")
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=scalar)
    packed = len(text) > PLAIN
    if packed:
        text = base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    policy = {
        "default-src": "'none'",
        "img-src": "data:",
        "script-src": f"'{_sum(script)}'",
        "style-src": f"'{_sum(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        **({"connect-src": "'self'"} if live else {}),
    }
    parts = {
        "policy": "; ".join(f"{name} {source}" for name, source in policy.items()),
        "version": escape(data["version"]),
        "title": escape(data["title"]),
        "style": style,
        "kind": "text/plain" if packed else "application/json",
        "data": _inert(text),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("page.html"))


def _inert(text: str) -> str:
    """Return JSON that cannot end the element it stands in: in strings, which is where < can be, \\u003c is the same."""
    return text.replace("<", "\\u003c")


@cache
def _script(live: bool) -> str:
    parts = [*SCRIPTS, *([LIVE] if live else []), LAST]
    return "\n".join(_file(part) for part in parts).replace("</script", "<\\/script")


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(*name.split("/")).read_text(encoding="utf-8")


def _sum(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
