"""The page of a report, as a file; what a browser makes of it is in test_browser.py."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from support import command, traced

import cnncost
from cnncost.base.errors import UsageError
from cnncost.measures.memory import memory
from cnncost.measures.report import report
from cnncost.show.page import page
from cnncost.show.page.data import page_data

VENDOR = Path(cnncost.__file__).parent / "show" / "page" / "vendor"


def data_of(text: str) -> dict[str, Any]:
    kind, content = re.search(r'<script id="data" type="([^"]+)">(.*?)</script>', text, re.DOTALL).groups()  # type: ignore[union-attr]
    found: dict[str, Any] = json.loads(content if kind == "application/json" else zlib.decompress(base64.b64decode(content)))
    return found


def test_the_data_is_the_report() -> None:
    whole = report(traced("resnext50_32x4d"))
    data = data_of(page(page_data([whole])))
    (model,) = data["models"]
    for figure, total in model["total"].items():
        assert total == whole.total[figure] == sum(model["columns"][figure])
    plan = memory(whole.counts.graph)
    live = [0] * len(whole.rows)
    for layer, size, last in zip(*model["storages"].values(), strict=True):
        for index in range(layer, last + 1):
            live[index] += size
    assert live == list(plan.live) == model["columns"]["live_bytes"]
    assert model["convention"]["says"] == whole.convention.states
    assert model["device"]["bandwidth"] == 3_350_000_000_000
    assert {len(column) for column in model["columns"].values()} == {174}


@pytest.mark.parametrize(("name", "limit"), [("resnext50_32x4d", 200_000), ("preact_resnet1001", 300_000)])
def test_sizes(name: str, limit: int) -> None:
    assert len(page(page_data([report(traced(name))])).encode()) < limit


def test_ten_thousand_layers() -> None:
    def deep(x: cnncost.Tensor) -> cnncost.Tensor:
        for index in range(3334):
            with x.scope(f"block{index}"):
                x = x.conv(3, 3, pad=1).batch_norm().relu()
        return x

    text = page(page_data([report(cnncost.trace(deep, (3, 32, 32)))]))
    assert len(text.encode()) < 1_300_000


def test_nothing_is_asked_of_the_network() -> None:
    text = page(page_data([report(traced("resnet18"))]))

    assert re.findall(r"\b(?:src|href)=[\"']?([^\"'>]*)", text.split("<script")[0]) == ["data:,"]
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|importScripts)\s*\(", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        body = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)[-1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]


def test_names_cannot_break_out() -> None:
    graph = cnncost.trace(lambda x: x.conv(8, 3, name="</script><img src=x>"), (3, 8, 8))
    text = page(page_data([report(graph)], ['<b>&"net"']))
    assert "</script><img" not in text
    assert "<b>&" not in text
    assert data_of(text)["models"][0]["columns"]["name"] == ["</script><img src=x>"]


def test_what_comes_from_npm_is_what_was_recorded() -> None:
    digest, name = (VENDOR / "SHA256SUMS").read_text().split()
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    licences = (VENDOR / "LICENSES.txt").read_text()
    locked = json.loads((VENDOR / "package-lock.json").read_text())["packages"]
    for package, version in json.loads((VENDOR / "package.json").read_text())["dependencies"].items():
        assert locked[f"node_modules/{package}"]["version"] == version
        assert f"{package} {version}" in licences


def test_what_changed() -> None:
    old, new = report(traced("resnet18")), report(traced("resnet34"))
    data = page_data([old, new], diff=True)
    changed = sum(layer["flops"] for layer in data["diff"]["layers"])
    assert changed == new.total["flops"] - old.total["flops"]
    with pytest.raises(UsageError, match="difference of 1 models"):
        page_data([old], diff=True)
    with pytest.raises(UsageError, match="page of 7 models"):
        page_data([old] * 7)


def test_command_line(tmp_path: Path) -> None:
    target = tmp_path / "net.html"
    assert command("report", "resnet18", "vgg16", "-o", str(target)).code == 0
    assert [model["label"] for model in data_of(target.read_text(encoding="utf-8"))["models"]] == ["resnet18", "vgg16"]
    assert command("report", "resnet18", "--diff").err.startswith("error: a difference of 1 models")
    assert "names no format" in command("report", "resnet18", "-o", "net.png").err
    assert command("report", "nosuchnet").code == 2
