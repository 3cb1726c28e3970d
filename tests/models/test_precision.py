"""Numbers of few bits, bit operations, model size with a density, and norms that are folded.

BOPs of ResNet-18: 16 and 64 times the multiply-adds that fvcore counts. Folded: `torch.fx.experimental.optimization.fuse` on
torchvision 0.28; YOLOv5s by its authors' `fuse()`, as its log prints it for two classes.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from support import command

import cnncost
from cnncost import Tensor
from cnncost.base.errors import UsageError
from cnncost.base.units import BITS, DTYPES

SPEC = """\
cnncost: 1
input: [3, 32, 32]
bits: {weights: 4, activations: 4}
fold: batch_norm
layers:
  - conv: {out: 8, kernel: 3, norm: batch_norm, act: relu}
    bits: 8
  - conv: {out: 8, kernel: 3, norm: batch_norm, act: relu}
    repeat: 2
  - flatten
  - linear: 10
    bits: {weights: 8}
"""


def run(words: str, folder: Path | None = None) -> str:
    found = command(*words.split(), folder=folder)
    assert found.code == 0, found.err
    return found.out


def test_resnet18_with_4_bits_and_8_in_its_first_and_last_layer() -> None:
    data = json.loads(run("table resnet18 --bits 4 --bits conv1=8 --bits fc=8 --columns name,bops --depth 1 --format json"))
    assert data["total"]["bops"] == 34_714_419_200
    by_name = {layer["name"]: layer["bops"] for layer in data["layers"]}
    assert by_name["conv1"] == 118_013_952 * 64
    assert by_name["fc"] == 512_000 * 64
    assert sum(by_name.values()) == data["total"]["bops"]
    assert cnncost.analyze("resnet18").total["bops"] == 1_814_073_344 * 32 * 32
    assert cnncost.analyze("resnet18", dtype="int4", batch=2).total["bops"] == 2 * 1_814_073_344 * 4 * 4


def test_products_of_activations_have_no_weights() -> None:
    model = cnncost.Model("net", lambda x: x.matmul(x), (16, 16)).with_bits("w2a8")
    assert cnncost.analyze(model).total["bops"] == 16**3 * 8 * 8


def test_squeezenet_at_6_bits_and_a_third_of_its_weights() -> None:
    """Deep Compression of the paper comes to 0.47 MB: what is beside the weights is 3.6 bits for the place of each."""
    report = cnncost.analyze(cnncost.load("squeezenet1_0").with_bits("6", density=0.33))
    size = report.total["model_size"]
    assert size == Fraction(1_248_424 * 33 * 6, 800)
    beside = 0.47 * 2**20 - float(size)
    assert 3.5 < beside * 8 / (1_248_424 * 0.33) < 3.7
    assert (
        run("table squeezenet1_0 --bits 6 --density 33% --columns model_size --depth 0 --exact").count("301.74310546875") == 2
    )


@pytest.mark.parametrize(("dtype", "bits"), [("int6", 6), ("int4", 4), ("int2", 2), ("binary", 1), ("int8", 8)])
def test_bytes_below_a_byte_are_exact(dtype: str, bits: int) -> None:
    report = cnncost.analyze(lambda x: x.conv(3, 3, bias=False).conv(1, 1, bias=False), input=(1, 7, 7), dtype=dtype)
    total = report.total
    assert total["param_bytes"] == Fraction(30 * bits, 8)
    assert total["activation_bytes"] == Fraction((75 + 25) * bits, 8)
    assert sum(report.column("memory").tolist()) == total["activation_bytes"]
    data = report.to_dict()
    assert sum(layer["param_bytes"] for layer in data["layers"]) == data["total"]["param_bytes"] == 30 * bits / 8
    assert (BITS[dtype], DTYPES[dtype] * 8) == (bits, bits)


@pytest.mark.parametrize("words", ["memory", "compare", "check --max-memory 9MB --max-peak-memory 9MB", "explain", "snapshot"])
def test_commands_take_types_below_a_byte(words: str) -> None:
    name, *rest = words.split()
    run(" ".join([name, "squeezenet1_1", *rest, "--dtype", "int4"]))


@pytest.mark.parametrize(
    "words", ["formula resnet18", "sweep resnet18 --over width=32,64", "solve resnet18 --for width --target memory<=1MB"]
)
def test_where_bytes_are_whole_such_types_are_refused(words: str) -> None:
    found = command(*words.split(), "--dtype", "int4")
    assert found.code == 2
    assert "whole bytes" in found.err
    assert "--bits" in found.err


def test_bits_are_limits_targets_and_parts_of_specs(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    data = json.loads(run("table net.yaml --columns name,bops,model_size --format json", tmp_path))
    assert [layer["bops"] for layer in data["layers"]] == [194_400 * 64, 451_584 * 16, 389_376 * 16, 0, 54_080 * 32]
    assert data["total"]["model_bytes"] == 224 + 2 * 584 / 2 + 54_090
    found = command("check", "net.yaml", "--max-bops", "1M", "--max-model-size", "60KB", folder=tmp_path)
    assert found.code == 1
    assert "BOPs" in found.out
    assert "120" in run("solve resnet18 --for width --target bops<=100G --bits 4")
    again = json.loads(run("table net.yaml --bits 2 --columns name,bops --format json", tmp_path))
    assert [layer["bops"] for layer in again["layers"]] == [194_400 * 64, 451_584 * 4, 389_376 * 4, 0, 54_080 * 16]


def test_layers_have_bits_in_python() -> None:
    def net(x: Tensor) -> Tensor:
        with x.bits(8, 8):
            x = x.conv(8, 3, name="first")
        return x.conv(8, 3, name="second")

    model = cnncost.Model("net", net, (3, 16, 16)).with_bits("w4a2")
    assert cnncost.analyze(model).column("bops").tolist() == [196 * 8 * 27 * 64, 144 * 8 * 72 * 8]


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("--bits con1=8", "did you mean 'conv1'"),
        ("--bits 0", "0 bits"),
        ("--bits 99", "99 bits"),
        ("--bits conv1=", "says no bits"),
        ("--density 0", "no share"),
        ("--density 1.5", "no share"),
        ("--density x", "no share"),
        ("--fold relu", "cannot be folded"),
        ("--fold batchnorm", "did you mean 'batch_norm'"),
        ("--fold ,", "nothing to fold"),
    ],
)
def test_what_is_refused(words: str, fact: str) -> None:
    found = command("table", "resnet18", *words.split())
    assert (found.code, fact in found.err) == (2, True), found.err


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("bits: {weights: 4,", "bits: {weihgts: 4,", "E103"),
        ("bits: 8\n", "bits: 0\n", "E107"),
        ("fold: batch_norm", "fold: relu", "E107"),
        ("fold: batch_norm", "density: 3", "E107"),
    ],
)
def test_what_specs_refuse(tmp_path: Path, old: str, new: str, code: str) -> None:
    (tmp_path / "bad.yaml").write_text(SPEC.replace(old, new))
    found = command("table", "bad.yaml", folder=tmp_path)
    assert (found.code, f"error[{code}]" in found.err, "bad.yaml:" in found.err) == (2, True, True), found.err


# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "params", "stay"),
    [
        ("resnet18", 11_684_712, 0),
        ("resnet50", 25_530_472, 0),
        ("mobilenet_v2", 3_487_816, 0),
        ("densenet121", 7_971_368, 62),
        ("efficientnet_b0", 5_267_540, 0),
    ],
)
def test_folding_is_that_of_torch(name: str, params: int, stay: int) -> None:
    whole, folded = cnncost.load(name).trace(), cnncost.load(name).folded().trace()
    assert sum(node.cost.params for node in folded.nodes) == params
    assert sum(node.kind == "batch_norm" for node in folded.nodes) == stay
    assert folded.output == whole.output
    assert sum(node.cost.macs for node in folded.nodes) == sum(node.cost.macs for node in whole.nodes)
    assert sum(node.cost.buffers for node in folded.nodes) == sum(
        n.cost.buffers for n in folded.nodes if n.kind == "batch_norm"
    )
    memory = cnncost.memory(cnncost.load(name).folded())
    assert memory.outputs_bytes < cnncost.memory(name).outputs_bytes


def yolov5s(x: Tensor, classes: int = 80) -> tuple[Tensor, ...]:
    """YOLOv5s, release 6."""

    def conv(x: Tensor, out: int, kernel: int = 1, stride: int = 1) -> Tensor:
        return x.conv(out, kernel, stride, pad=2 if kernel == 6 else kernel // 2, bias=False).batch_norm().silu()

    def c3(x: Tensor, out: int, depth: int = 1, shortcut: bool = True) -> Tensor:
        y = conv(x, out // 2)
        for _ in range(depth):
            z = conv(conv(y, out // 2), out // 2, 3)
            y = y + z if shortcut else z
        return conv(y.concat(conv(x, out // 2)), out)

    x = c3(conv(conv(x, 32, 6, 2), 64, 3, 2), 64)
    p3 = c3(conv(x, 128, 3, 2), 128, 2)
    p4 = c3(conv(p3, 256, 3, 2), 256, 3)
    x = conv(c3(conv(p4, 512, 3, 2), 512), 256)
    pools = [x]
    for _ in range(3):
        pools.append(pools[-1].max_pool(5, 1, 2))
    top = conv(conv(pools[0].concat(*pools[1:]), 512), 256)
    middle = conv(c3(top.upsample(2).concat(p4), 256, shortcut=False), 128)
    first = c3(middle.upsample(2).concat(p3), 128, shortcut=False)
    second = c3(conv(first, 128, 3, 2).concat(middle), 256, shortcut=False)
    third = c3(conv(second, 256, 3, 2).concat(top), 512, shortcut=False)
    return tuple(each.conv(3 * (classes + 5), 1) for each in (first, second, third))


def test_yolov5s_with_two_classes() -> None:
    model = cnncost.Model("yolov5s", yolov5s, (3, 640, 640)).with_settings(classes=2)
    assert cnncost.analyze(model).total["params"] == 7_025_023
    assert cnncost.analyze(model.folded()).total["params"] == 7_015_519


def test_a_norm_stays_where_nothing_can_take_it_in() -> None:
    def net(x: Tensor) -> tuple[Tensor, ...]:
        x = x.batch_norm(name="first")  # behind the input
        y = x.conv(8, 3, pad=1, bias=False, name="read_twice")
        z = y.batch_norm(name="second") + y
        out = z.conv(8, 1, name="output")
        return z.relu().batch_norm(name="third"), out, out.batch_norm(name="fourth")

    model = cnncost.Model("net", net, (8, 8, 8))
    graph = model.folded().trace()
    assert [node.name for node in graph.nodes if node.kind == "batch_norm"] == ["first", "second", "third", "fourth"]
    assert "4 stay" in graph.notes[-1]


def test_shared_weights_are_folded_together_or_not_at_all() -> None:
    def net(x: Tensor, alike: bool = True) -> Tensor:
        a = x.conv(8, 3, bias=False, name="a").batch_norm(name="norm")
        b = x.conv(8, 3, bias=False, shared="a", name="b")
        return a + (b.batch_norm(shared="norm") if alike else b.batch_norm())

    model = cnncost.Model("net", net, (3, 8, 8))
    assert cnncost.analyze(model.folded()).total["params"] == 3 * 9 * 8 + 8
    apart = model.with_settings(alike=False)
    assert cnncost.analyze(apart.folded()).total["params"] == 3 * 9 * 8 + 4 * 8


def test_scales_behind_norms_are_folded_too() -> None:
    model = cnncost.Model("net", lambda x: x.conv(8, 3).batch_norm(affine=False).scale(bias=True).relu(), (3, 8, 8))
    assert [node.kind for node in model.folded("batch_norm", "scale").trace()] == ["conv", "relu"]
    assert [node.kind for node in model.folded().trace()] == ["conv", "scale", "relu"]


@pytest.mark.parametrize("words", ["table", "memory", "check --max-params 11.69M", "diff resnet34", "formula", "explain"])
def test_commands_fold(words: str) -> None:
    name, *rest = words.split()
    run(" ".join([name, "resnet18", *rest, "--fold", "batch_norm"]))


def test_what_is_deployed_stands_behind_a_name_too(tmp_path: Path) -> None:
    found = run_words("compare", "resnet18", "resnet18 --fold batch_norm --bits 4")
    assert "11,684,712" in found
    for words in (["table", "resnet18 --fold batch_norm + resnet34"], ["table", "bad.yaml"]):
        (tmp_path / "bad.yaml").write_text("cnncost: 1\ninput: [3, 64, 64]\nlayers: [model: resnet18 --bits 4]\n")
        refused = command(*words, folder=tmp_path)
        assert refused.code == 2
        assert "inside" in refused.err
    with pytest.raises(UsageError, match="folded norms inside"):
        cnncost.trace(lambda x: cnncost.load("resnet18").folded()(x), (3, 64, 64))


def test_bits_go_through_show_and_parts(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    shown = command("show", "net.yaml", folder=tmp_path).out
    assert "bits: {weights: 4, activations: 4}" in shown
    assert "# bits of their own" in shown
    cut = json.loads(run("table net.yaml --until conv --columns name,bops --format json", tmp_path))
    assert [layer["bops"] for layer in cut["layers"]] == [194_400 * 64]


def run_words(*words: str) -> str:
    found = command(*words)
    assert found.code == 0, found.err
    return found.out
