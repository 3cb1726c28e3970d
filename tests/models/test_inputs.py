"""Networks of several inputs: from the command line, in specs, in Python; towers that share their weights.

Figures of the towers: torchvision 0.28 (resnet18, its layers added up by fvcore), and PyTorch for the small ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Result, command

import cnncost
from cnncost import Tensor
from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.models.instance import Instance
from cnncost.models.model import Model

SIAMESE = """\
cnncost: 1
input: {left: [3, 64, 96], right: [3, 64, 96]}
blocks:
  tower:
    layers:
      - conv: {out: 8, kernel: 3, pad: 1, norm: batch_norm, act: relu}
      - conv: {out: 16, kernel: 3, pad: 1, norm: batch_norm}
layers:
  - tower: {}
    id: a
  - tower: {}
    from: right
    shares: a
    id: b
  - concat: [a, b]
  - conv: {out: 4, kernel: 1}
expect: {params: 1_548, macs: 17_596_416, buffers: 48, out: [4, 64, 96]}
"""  # torch: two runs of one nn.Sequential, a concatenation and a convolution


def run(words: str, folder: Path) -> Result:
    return command(*words.split(), folder=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "siamese.yaml").write_text(SIAMESE)
    (tmp_path / "mine.py").write_text(
        "from cnncost import Tensor\n"
        "def pair(left: Tensor, right: Tensor, width: int = 8) -> Tensor:\n"
        "    a = left.conv(width, 3, name='conv1')\n"
        "    return a + right.conv(width, 3, shared='conv1')\n"
        "def plain(one, two, width=8):\n"
        "    return one.conv(width, 3) + two.conv(width, 3)\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    "words",
    ["table {}", "memory {}", "check {} --max-params 2k", "diff {} resnet18", "formula {}", "show {}", "graph {}", "explain {}",
     "snapshot {}", "compare {} resnet18", "sweep {} --over size=16,32", "solve {} --for size --target flops=10M"],
)  # fmt: skip
def test_every_command_reads_several_inputs(folder: Path, words: str) -> None:
    found = run(words.format("siamese.yaml"), folder=folder)
    assert found.code == 0, found.err


@pytest.mark.parametrize("words", ["table siamese.yaml", "memory siamese.yaml"])
def test_all_inputs_are_said_and_none_is_a_layer(folder: Path, words: str) -> None:
    text = run(words, folder=folder).out
    assert "inputs left 3×64×96, right 3×64×96, batch 1" in text
    if words.startswith("table"):
        free = run(f"{words} --free", folder=folder).out
        assert not any(line.split()[:1] == ["right"] for line in free.splitlines())
    data = json.loads(run(f"{words} --format json", folder=folder).out)
    assert data["input"] == [3, 64, 96]
    assert data["inputs"] == {"left": [3, 64, 96], "right": [3, 64, 96]}
    assert all(layer["kind"] != "input" for layer in data.get("layers", ()))


def test_layers_are_counted_without_inputs(folder: Path) -> None:
    report = cnncost.analyze(str(folder / "siamese.yaml"))
    assert report.total["layers"] == 12  # two towers of five, the concatenation, the convolution
    assert [row.shares for row in report.rows if row.shares] == ["a.conv", "a.batch_norm", "a.conv_2", "a.batch_norm_2"]


def test_a_spec_that_is_shown_reads_back(folder: Path) -> None:
    (folder / "again.yaml").write_text(run("show siamese.yaml", folder=folder).out)
    old, new = (cnncost.analyze(str(folder / name)).total for name in ("siamese.yaml", "again.yaml"))
    assert {key: old[key] for key in old} == {key: new[key] for key in old}


def test_sizes_of_several_inputs() -> None:
    both = {"left": (3, 64, 96), "right": (3, 64, 96), "state": (8, 1, 1)}
    model = Model("net", lambda left, right, state: left + right, both)
    assert model.input_at({"H": 32, "W": 32}) == {**both, "left": (3, 32, 32), "right": (3, 32, 32)}
    assert Instance(model).put("size", 16).trace().inputs == {**both, "left": (3, 16, 16), "right": (3, 16, 16)}
    assert model.trace({"right": (1, 64, 96)}).inputs["right"] == (1, 64, 96)
    with pytest.raises(UsageError, match="reads 3 inputs"):
        model.trace((3, 64, 96))
    with pytest.raises(UsageError, match="no input 'rigth'") as error:
        model.trace({"rigth": (3, 8, 8)})
    assert "right" in error.value.hint
    with pytest.raises(UsageError, match="one input"):
        cnncost.load("resnet18").trace({"left": (3, 8, 8)})


def test_inputs_go_by_name_in_the_order_of_the_function(folder: Path) -> None:
    for name, order in (("pair", ("left", "right")), ("plain", ("one", "two"))):
        given = " ".join(f"--input {key}=3,{size},32" for key, size in zip(reversed(order), (32, 32), strict=True))
        found = run(f"table mine:{name} {given} --set width=4 --format json", folder=folder)
        assert list(json.loads(found.out)["inputs"]) == list(order), found.err


@pytest.mark.parametrize(
    ("words", "fact", "remedy"),
    [
        ("table mine:pair", "pair reads 2 inputs (left, right)", "--input left=3,224,224"),
        (
            "table siamese.yaml --input 3,8,8",
            "siamese reads 2 inputs (left, right)",
            "--input left=3,224,224 --input right=3,224,224",
        ),
        ("table siamese.yaml --input up=3,8,8", "no input 'up'", "left, right"),
        ("table siamese.yaml --input left=3,8,8 --input left=3,8,8", "given twice", "left=3,256,512"),
        ("table siamese.yaml --input left=3,8,8 --size 8", "both say how large", "one of them"),
        ("table resnet18 --input left=3,8,8", "resnet18 reads one input", "--input 3,224,224"),
    ],
)
def test_what_is_refused(folder: Path, words: str, fact: str, remedy: str) -> None:
    found = run(words, folder=folder)
    assert found.code == 2
    assert fact in found.err
    assert remedy in found.err


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("from: right", "from: input", "E106", ":12:11"),
        ("left: [3, 64, 96]", "conv: [3, 64, 96]", "E109", ":2:9"),
        ("left: [3, 64, 96]", "left: 3", "E107", ":2:15"),
        ("input: {left: [3, 64, 96], right: [3, 64, 96]}", "input: {}", "E107", ":2:8"),
        ("shares: a\n", "shares: left\n", "E105", ":11:5"),
        ("right: [3, 64, 96]", "right: [1, 64, 96]", "E201", ":6:9"),
    ],
)
def test_what_specs_refuse_says_where(folder: Path, old: str, new: str, code: str, place: str) -> None:
    (folder / "bad.yaml").write_text(SIAMESE.replace(old, new))
    found = run("table bad.yaml", folder=folder)
    assert found.code == 2
    assert f"error[{code}]" in found.err
    assert f"bad.yaml{place}" in found.err


def test_blocks_share_weights_in_python() -> None:
    @cnncost.block
    def tower(x: Tensor, width: int = 8) -> Tensor:
        return x.conv(width, 3, name="one").batch_norm().conv(width, 3, shared="nothing" if width < 0 else None)

    def net(left: Tensor, right: Tensor) -> Tensor:
        return tower(left, name="left") + tower(right, name="right", shared="left")

    graph = cnncost.trace(net, {"l": (3, 16, 16), "r": (3, 16, 16)})
    alone = cnncost.trace(lambda x: tower(x), (3, 16, 16))
    assert sum(n.cost.params for n in graph.nodes) == sum(n.cost.params for n in alone.nodes) == 224 + 16 + 584
    assert sum(n.cost.macs for n in graph.nodes) == 2 * sum(n.cost.macs for n in alone.nodes)
    with pytest.raises(ModelError, match="no earlier scope"):
        cnncost.trace(lambda x: tower(x, shared="other"), (3, 16, 16))
    with pytest.raises(CnncostError, match="cannot share"):
        cnncost.trace(lambda x: tower(x, name="a") + tower(x, 16, name="b", shared="a"), (3, 16, 16))
