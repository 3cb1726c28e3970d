"""Plots: the data that they draw, and that vl-convert draws them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support import command, traced

import cnncost
from cnncost.base.errors import UsageError
from cnncost.measures.devices import DEVICES
from cnncost.measures.report import Report, report
from cnncost.show.pictures import draw, drawn, plot
from cnncost.show.plots import KINDS, figure
from cnncost.show.plots.dots import front


def of(*names: str) -> list[Report]:
    return [report(traced(name)) for name in names]


MODELS = {"diff": ("resnet50", "resnext50_32x4d"), "stages": ("alexnet", "vgg16", "resnet50"), "bubble": ("alexnet", "vgg16")}


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = found["data"]["values"]
    return values


def test_an_icicle_is_filled_by_its_parts() -> None:
    (whole,) = of("resnext50_32x4d")
    found = rows(figure("icicle", [whole]))
    assert found[0]["x2"] == 1
    widths: dict[float, float] = {}
    for row in found:
        widths[row["y"]] = widths.get(row["y"], 0) + row["x2"] - row["x"]
    assert widths[28] == pytest.approx(1, abs=0.01)  # the stages: all but what is too thin to see
    assert {row["name"]: row["x2"] - row["x"] for row in found}["layer3"] == pytest.approx(
        whole.group(1)["layer3"].flops / whole.total["flops"]
    )


def test_stages_end_at_the_totals() -> None:
    found = of(*MODELS["stages"])
    ends = {row["model"]: row["to"] for row in rows(figure("stages", found, figure="params"))}
    assert ends == {each.model: each.total["params"] for each in found}


def test_changes_are_signed() -> None:
    found = figure("diff", of(*MODELS["diff"]))
    assert all((row["change"] > 0) == (row["what"] == "grown") for row in rows(found))
    assert "+141.30 M in all" in found["title"]["subtitle"]


def test_accuracies_are_torchvisions() -> None:
    """docs.pytorch.org/vision, table of all available classification weights: AlexNet 56.522 %, VGG-16 71.592 %."""
    found = {row["label"]: row["y"] for row in rows(figure("bubble", of("alexnet", "vgg16")))}
    assert found == {"alexnet": 56.522, "vgg16": 71.592}


def test_ones_own_accuracies(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("model,accuracy\nalexnet,57.1\nvgg16,\n")
    found = figure("bubble", of("alexnet"), y="accuracy", x="peak_memory", data=str(file))
    assert rows(found)[0]["y"] == 57.1
    assert found["layer"][0]["encoding"]["x"]["title"] == "peak memory (MB)"
    with pytest.raises(UsageError, match="say nothing of vgg16's accuracy"):
        figure("bubble", of("vgg16"), y="accuracy", data=str(file))
    file.write_text("model,accuracy\nalexnet,good\n")
    with pytest.raises(UsageError, match=r"line 2: 'good' is no number"):
        figure("bubble", of("alexnet"), y="accuracy", data=str(file))


def test_no_layer_stands_above_the_roof() -> None:
    (whole,) = of("resnet50")
    device = DEVICES["a100"]
    found = figure("roofline", [whole], device=device)
    for row in found["layer"][1]["data"]["values"]:
        assert row["y"] <= min(device.rate("float32"), row["x"] * device.bandwidth) * 1.000001


def test_a_front_and_its_budget() -> None:
    points = [{"x": float(x), "y": 10.0 / x, "label": str(x), "says": str(x)} for x in (1, 2, 4)]
    found = front(points, "FLOPs", "params", {"x": 3.0})
    assert [layer["mark"]["type"] for layer in found["layer"]] == ["rect", "rule", "line", "point", "text"]
    with pytest.raises(UsageError, match="no candidate"):
        front([], "FLOPs", "params")


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(UsageError, match="no plot is called 'bubbel'"):
        figure("bubbel", of("alexnet"))
    with pytest.raises(
        UsageError,
        match="a plot 'diff' of 1 model\nit shows what changed, layer by layer, of 2; plots of 1 model: icicle, stages,",
    ):
        figure("diff", of("alexnet"))


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_is_drawn(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason='needs vl-convert: pip install "cnncost[plot]"')
    names = MODELS.get(kind, ("resnet50",))
    for dark in (False, True):
        made = drawn(figure(kind, of(*names), dark=dark), "svg").decode()
        assert made.count("<path") > 5
        assert drawn(figure(kind, of(*names), dark=dark), "svg").decode() == made  # the same bytes again
    for suffix, begins in (
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
        (".svg", b"<svg"),
        (".vl.json", b"{"),
        (".html", b"<!doctype"),
    ):
        target = tmp_path / f"plot{suffix}"
        assert command("plot", *names, "--kind", kind, "-o", str(target)).code == 0
        assert target.read_bytes().startswith(begins)


def test_a_plot_without_marks_is_refused() -> None:
    pytest.importorskip("vl_convert", reason='needs vl-convert: pip install "cnncost[plot]"')
    broken = figure("stages", of("alexnet"))
    broken["data"] = {"values": []}
    broken["mark"] = "bar"
    with pytest.raises(UsageError, match="no mark"):
        drawn(broken, "svg")


def test_without_vl_convert(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import cnncost.show.pictures as pictures

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(pictures, "import_module", missing)
    for words in (("plot", "resnet18", "-o", "x.svg"), ("draw", "resnet18", "-o", "x.png")):
        found = command(*words, folder=tmp_path)
        assert found.code == 2
        assert 'pip install "cnncost[plot]"' in found.err
    assert list(tmp_path.iterdir()) == []
    assert json.loads(command("plot", "resnet18").out)["title"]["text"] == "FLOPs of resnet18"
    assert command("draw", "resnet18", "-o", "x.svg", folder=tmp_path).code == 0


def test_in_notebooks_and_from_python(tmp_path: Path) -> None:
    (whole,) = of("resnet18")
    picture = draw(whole, depth=1)
    assert picture._repr_mimebundle_()["image/svg+xml"].startswith("<svg")
    picture.save(str(tmp_path / "net.svg"))
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == picture.svg
    bundle = plot("icicle", whole)._repr_mimebundle_()
    assert bundle["application/vnd.vegalite.v5+json"]["title"]["text"] == "FLOPs of resnet18"
    assert whole.draw(depth=1) == picture == cnncost.draw("resnet18", depth=1)
    assert whole.plot("memory").title == "memory of resnet18"
    page = cnncost.report(whole, "vgg16", device="a100")
    assert page._repr_html_().startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!doctype html&gt;')
    with pytest.raises(UsageError, match="cannot write"):
        page.save(str(tmp_path / "no" / "net.html"))
    with pytest.raises(UsageError, match="is no sum over layers"):
        cnncost.draw(whole, figure="peak")
    with pytest.raises(TypeError, match="counted already"):
        cnncost.draw(whole, batch=2)
    with pytest.raises(UsageError, match="names no format"):
        picture.save(str(tmp_path / "net.gif"))
    whole.save(str(tmp_path / "net.html"), cnncost.analyze("vgg16"))
    assert (tmp_path / "net.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_sweep_is_drawn_with_its_budget(tmp_path: Path) -> None:
    words = (
        "sweep",
        "resnet50",
        "--over",
        "width=16:96:16",
        "--over",
        "size=160,192",
        "--where",
        "flops <= 4.2G and params < 26M",
    )
    assert command(*words, "-o", "front.vl.json", folder=tmp_path).code == 0
    found = json.loads((tmp_path / "front.vl.json").read_text(encoding="utf-8"))
    rules = [layer["data"]["values"] for layer in found["layer"] if layer["mark"]["type"] == "rule"]
    assert rules == [[{"x": 4.2e9}], [{"y": 26e6}]]
    (points,) = [layer["data"]["values"] for layer in found["layer"] if layer["mark"]["type"] == "point"]
    assert {point["label"] for point in points} == {f"{w},{s}" for w in (16, 32, 48, 64) for s in (160, 192)}
    one = next(point for point in points if point["label"] == "64,160")
    assert one["x"] == cnncost.analyze("resnet50", size=160).total["flops"]
    pytest.importorskip("vl_convert", reason='needs vl-convert: pip install "cnncost[plot]"')
    assert command(*words, "--pareto", "flops,-params", "-o", "front.svg", folder=tmp_path).code == 0
    assert (tmp_path / "front.svg").read_text(encoding="utf-8").count('role="graphics-symbol"') > 4
    nothing = command(*words[:-1], "flops < 1", "-o", "none.svg", folder=tmp_path)
    assert nothing.code == 2
    assert "no candidate to draw" in nothing.err
    assert not (tmp_path / "none.svg").exists()


def test_the_recipe_with_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib")
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    document = (Path(__file__).parents[2] / "docs" / "pictures.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^```python\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    exec(recipe, {})
    assert (tmp_path / "live.pdf").read_bytes().startswith(b"%PDF")
