"""The page in a real browser: Debian's chromium, or what PLAYWRIGHT_CHROMIUM names, by Playwright (the extra `browser`).

With CNNCOST_SHOTS=FOLDER the pictures that are taken stay there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import traced

import cnncost
from cnncost.measures.report import report
from cnncost.show.page import page
from cnncost.show.page.data import page_data

sync_api = pytest.importorskip("playwright.sync_api", reason='needs Playwright: pip install "cnncost[browser]"')
CHROMIUM = os.environ.get("PLAYWRIGHT_CHROMIUM") or shutil.which("chromium")  # else the one that Playwright installs

HERE = Path(__file__).parent
SIZES = {"wide": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        if CHROMIUM is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("needs a chromium: apt-get install chromium, or playwright install chromium")
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    four = [report(traced(name)) for name in ("resnext50_32x4d", "resnet50", "densenet121", "vgg16")]
    pages = {
        "one": page_data(four[:1]),
        "four": page_data(four),
        "diff": page_data([four[1], four[0]], diff=True),
        "many": page_data([report(traced("preact_resnet1001"))]),
    }
    for name, data in pages.items():
        (folder / f"{name}.html").write_text(page(data), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


class Page:
    """A page that is open, with all it complained about and asked for."""

    def __init__(self, browser: Any, file: Path, size: str = "wide", scheme: str = "light") -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console", lambda message: self.errors.append(message.text) if message.type in ("error", "warning") else None
        )
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#rows tr", state="attached")

    def check(self) -> None:
        assert self.errors == []
        assert [url for url in self.asked if not url.startswith("data:")] == self.asked[:1]
        self.context.close()

    def now(self) -> str:
        return str(self.page.inner_text("#now"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("name", ["four", "diff"])
def test_it_shows_without_a_complaint(browser: Any, files: dict[str, Path], name: str, size: str, scheme: str) -> None:
    opened = Page(browser, files[name], size, scheme)
    wide = opened.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]  # nothing makes the page scroll sideways
    for section in (
        "icicle",
        "drawing",
        "stages",
        "memory",
        "roofline",
        "field",
        "table",
        *(["diff"] if name == "diff" else []),
    ):
        assert opened.page.locator(f"#s-{section} svg, #s-{section} table").first.is_visible(), section
    if folder := os.environ.get("CNNCOST_SHOTS"):
        opened.page.screenshot(path=Path(folder) / f"{name}-{size}-{scheme}.png", full_page=True)
    opened.check()


def test_one_selection_in_all_views(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["one"])
    page = opened.page
    page.locator("#rows tr", has_text="layer1.0.conv2").click()
    assert "layer1.0.conv2: conv 3×3 g32" in opened.now()
    assert page.locator(".cell.sel").count() == 1
    assert page.locator("#roofline .dot.sel").count() == 1
    assert page.locator("#rows tr.sel").count() == 1
    page.locator("#drawing .box", has_text="linear").first.click()
    assert page.locator("#rows tr.sel td").first.inner_text() == "fc"
    page.locator("#roofline .dot").last.click(force=True)
    assert page.locator("#rows tr.sel").count() == 1
    opened.check()


def test_the_drawing_opens_and_folds(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["one"])
    page = opened.page
    before = page.locator("#drawing .box").count()
    page.locator('#drawing .box[aria-label^="layer3.1 ×5"]').click()
    assert page.locator("#drawing .box").count() == before + 4  # three convolutions and an add; norms are drawn on them
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Enter")
    assert page.locator("#drawing .box").count() == before
    page.click("#unfold")
    assert page.locator("#drawing .box").count() > before
    page.click("#fold")
    assert page.locator("#drawing .box").count() == 8
    opened.check()


def test_keys_walk_the_icicle(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["one"])
    page = opened.page
    focus = "document.activeElement.getAttribute('aria-label')"
    page.locator(".cell").first.focus()
    assert page.evaluate(focus).startswith("resnext50_32x4d: 4.23 G (100.0 %)")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focus).startswith("layer1: 634 M (15.0 %)")
    page.keyboard.press("Enter")
    assert page.locator("#crumbs button").all_inner_texts() == ["resnext50_32x4d", "layer1"]
    assert page.locator('.cell[aria-label^="layer1.0:"]').get_attribute("aria-label") == "layer1.0: 194 M (4.6 %)"  # of all
    page.keyboard.press("Escape")
    assert page.locator("#crumbs button").all_inner_texts() == ["resnext50_32x4d"]
    page.select_option("#metric", "params")
    assert "25.0 M" in page.locator(".cell").first.get_attribute("aria-label")
    opened.check()


def test_filter_sort_and_find(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["one"])
    page = opened.page
    page.fill("#filter", "layer3 conv 3×3")
    sync_api.expect(page.locator("#rows tr")).to_have_count(6)
    assert "6 of 174 layers: 442,368 parameters" in page.inner_text("#sum")
    page.fill("#filter", "")
    sync_api.expect(page.locator("#rows tr")).to_have_count(109)
    page.locator("#head button", has_text="FLOPs").click()
    assert page.locator("th[aria-sort=descending]").inner_text() == "FLOPs"
    first = page.locator("#rows tr").first
    assert first.locator("td").nth(4).inner_text() == "205,520,896"
    page.locator("#head button", has_text="FLOPs").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.evaluate("find('layer3.4.conv2')")
    page.check("#free")
    assert page.locator("#rows tr").count() == 174
    opened.check()


def test_a_thousand_layers_are_found(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["many"])
    sync_api.expect(opened.page.locator("#rows tr", has_text="layer3.110.conv2")).to_have_count(1)
    assert opened.page.evaluate("find('layer3.110.conv2')")
    opened.check()


def test_models_and_metrics_switch(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["four"])
    page = opened.page
    page.locator("#models button", has_text="vgg16").click()
    assert "138" in page.inner_text("#stats")
    assert page.locator("#models button[aria-pressed=true]").inner_text() == "vgg16"
    page.select_option("#by", "kind")
    page.check("#shares")
    assert "convolution" in page.inner_text("#parts")
    page.locator("#memory svg").focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#memorytip").startswith("while ")
    opened.check()


def test_what_changed_is_signed(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["diff"])
    assert opened.page.inner_text("#diffnote") == "resnet50 → resnext50_32x4d: 4.09 G → 4.23 G (+141 M, +3.5 %)"
    assert opened.page.locator("#diff .grown").count() > 0
    assert opened.page.locator("#diff .shrunk").count() > 0
    opened.page.select_option("#diffmetric", "params")
    assert opened.page.inner_text("#diffnote").startswith("resnet50 → resnext50_32x4d: 25.6 M → 25.0 M (−528 k")
    opened.check()


def test_text_stays_in_its_box(browser: Any, tmp_path: Path) -> None:
    """The widths that drawings reckon with, against a browser's: every text ends before its box does."""
    from cnncost.show.drawing import drawing

    context = browser.new_context(offline=True)
    shown = context.new_page()
    for name in ("inception_v3", "swin_t", "lenet5", "googlenet_aux", "maxvit_t", "mobilenet_v3_large", "fractalnet20"):
        (tmp_path / "net.svg").write_text(drawing(report(traced(name))), encoding="utf-8")
        shown.goto((tmp_path / "net.svg").as_uri())
        out = shown.evaluate((HERE / "overflow.js").read_text(encoding="utf-8"))
        assert out == [], name
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Any, files: dict[str, Path], scheme: str) -> None:
    opened = Page(browser, files["four"], scheme=scheme)
    weak = opened.page.evaluate((HERE / "contrast.js").read_text(encoding="utf-8"))
    assert weak == []
    opened.check()


def test_it_prints(browser: Any, files: dict[str, Path]) -> None:
    opened = Page(browser, files["one"])
    assert 20_000 < len(opened.page.pdf()) < 1_000_000  # gradients in cells made it 6 MB
    opened.check()


def test_names_stay_text(browser: Any, tmp_path: Path) -> None:
    graph = cnncost.trace(lambda x: x.conv(8, 3, name="</script><img src=x onerror=alert(1)>"), (3, 8, 8))
    (tmp_path / "net.html").write_text(page(page_data([report(graph)])), encoding="utf-8")
    opened = Page(browser, tmp_path / "net.html")
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("#rows td").first.inner_text() == "</script><img src=x onerror=alert(1)>"
    opened.check()


def test_editing_a_live_page(browser: Any) -> None:
    from threading import Thread

    from cnncost.show.page.live import Counting, opening
    from cnncost.show.page.server import Server

    with Server(0, Counting(), opening("lenet5", Counting())) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        shown, errors = context.new_page(), []
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(server.url)
        expect = sync_api.expect
        expect(shown.locator("#spec")).to_have_value(re.compile("^cnncost: 1"))
        shown.fill("#spec", "cnncost: 1\ninput: [3, 8, 8]\nlayers:\n  - conf: {out: 4, kernel: 3}\n")
        expect(shown.locator("#problem")).to_contain_text("did you mean 'conv'?")
        shown.fill("#spec", "cnncost: 1\ninput: [3, 8, 8]\nlayers:\n  - conv: {out: 4, kernel: 3}\n")
        expect(shown.locator("#problem")).to_be_hidden()
        expect(shown.locator("#rows tr")).to_have_count(1)
        shown.fill("#model", "resnet18")
        shown.press("#model", "Enter")
        expect(shown.locator("#title")).to_have_text("resnet18")
        shown.click("#link")
        expect(shown.locator("#state")).to_contain_text("it carries the spec")
        other = context.new_page()
        other.goto(shown.url)
        expect(other.locator("#title")).to_have_text("resnet18")
        assert errors == []
        context.close()
        server.shutdown()
