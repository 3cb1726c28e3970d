"""Networks as parts: up to a layer, from a layer, without a head, inside another; ensembles of members of several sizes.

Parameters of trunks are torchvision's networks less their classifiers (VGG-16's also Keras's `include_top=False`); the stem
against VGG and the ensemble of 2016 were added up by hand from the papers' tables.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from support import command

import cnncost
from cnncost import Tensor
from cnncost.base.errors import UsageError


def params(model: cnncost.Model) -> int:
    return int(sum(node.cost.params for node in model.trace().nodes))


def macs(graph: cnncost.Graph) -> int:
    return int(sum(node.cost.macs for node in graph.nodes if node.runs))


@pytest.mark.parametrize(
    ("name", "trunk", "output"),
    [
        ("vgg16", 14_714_688, (512, 7, 7)),
        ("resnet18", 11_689_512 - 513_000, (512, 7, 7)),
        ("resnet50", 25_557_032 - 2_049_000, (2048, 7, 7)),
        ("mobilenet_v2", 3_504_872 - 1_281_000, (1280, 7, 7)),
        ("densenet121", 7_978_856 - 1_025_000, (1024, 7, 7)),
        ("efficientnet_b0", 5_288_548 - 1_281_000, (1280, 7, 7)),
        ("vit_b_16", 86_567_656 - 769_000, (197, 768)),
    ],
)
def test_without_its_head_a_network_has_the_parameters_of_its_trunk(name: str, trunk: int, output: tuple[int, ...]) -> None:
    part = cnncost.load(name).part(head=False)
    assert params(part) == trunk
    assert part.trace().output == output


def test_the_stem_against_vgg_down_to_28() -> None:
    found = command("compare", "googlenet_stem", "vgg16_lecture --until pool3", "--exact").out.splitlines()
    assert any("1,145,408" in line and "7,491,076,096" in line and "6.462" in line for line in found), found


def test_what_lies_before_and_behind_a_layer_is_the_whole() -> None:
    model = cnncost.load("resnet50", width=32)
    front, back = model.part(until="layer2"), model.part(start="layer3")
    assert params(front) + params(back) == params(model)
    assert macs(front.trace()) + macs(back.trace()) == macs(model.trace())
    assert back.inputs == {"input": (256, 28, 28)}
    assert macs(model.part(start="layer2", until="layer3").trace()) == sum(
        node.cost.macs for node in model.trace().nodes if node.name.startswith(("layer2.", "layer3."))
    )


def test_sizes_and_settings_of_a_part() -> None:
    front = cnncost.load("resnet18").part(until="layer1")
    assert front.trace(size=64, width=32).output == (32, 16, 16)
    back = cnncost.load("resnet18").part(start="layer4")
    assert back.with_settings(width=32).inputs == {"input": (128, 14, 14)}  # follows its network
    assert back.trace((256, 8, 8)).output == (1000,)
    assert pickle.loads(pickle.dumps(back)).trace() == back.trace()


def test_a_model_is_called_like_a_layer() -> None:
    def pyramid(x: Tensor) -> tuple[Tensor, ...]:
        c3, c4 = cnncost.load("resnet18")(x, name="body", until=("layer2", "layer3"), width=32)
        return c3, c4.upsample(2)

    graph = cnncost.trace(pyramid, (3, 64, 64))
    assert [graph.nodes[i].cost.shape for i in graph.outputs] == [(64, 8, 8), (128, 8, 8)]
    assert graph["body.layer3.1.conv2"].cost.params == 128 * 128 * 9

    def twice(left: Tensor, right: Tensor) -> Tensor:
        trunk = cnncost.load("resnet18")
        return trunk(left, name="a", head=False) + trunk(right, name="b", head=False, shared="a")

    graph = cnncost.trace(twice, {"left": (3, 224, 224), "right": (3, 224, 224)})
    assert sum(node.cost.params for node in graph.nodes) == 11_176_512
    assert macs(graph) == 2 * (1_814_073_344 - 512_000)
    with pytest.raises(UsageError, match="no layer 'layer9'"):
        cnncost.trace(lambda x: cnncost.load("resnet18")(x, until="layer9"), (3, 64, 64))
    with pytest.raises(UsageError, match="without a tensor"):
        cnncost.load("resnet18")()


def test_weights_of_what_is_cut_away_are_counted_once() -> None:
    def net(x: Tensor) -> Tensor:
        y = x.conv(8, 3, pad=1, name="one").conv(8, 3, pad=1, name="two")
        return y.conv(8, 3, pad=1, shared="two", name="three").conv(8, 3, pad=1, shared="two", name="four")

    model = cnncost.Model("net", net, (8, 16, 16))
    assert params(model.part(start="three")) == 8 * 8 * 9 + 8


def test_members_of_an_ensemble_have_inputs_of_their_own() -> None:
    graph = cnncost.load("inception_v3 + resnet50").trace()
    assert graph.inputs == {"inception_v3": (3, 299, 299), "resnet50": (3, 224, 224)}
    assert macs(graph) == 5_713_216_096 + 4_089_184_256
    same = cnncost.load("resnet18 + resnet50").trace()
    assert list(same.inputs) == ["input"]
    twice = cnncost.load("resnet18 + resnet18 --size 160 + resnet18 --size 96").trace()
    assert list(twice.inputs) == ["resnet18", "resnet18_2", "resnet18_3"]


def test_the_ensemble_of_2016_can_be_typed() -> None:
    four = cnncost.load("inception_v3 + inception_v4 + inception_resnet_v2 + preact_resnet200")
    assert macs(four.trace()) == 5_713_216_096 + 12_253_974_624 + 13_155_794_016 + macs(
        cnncost.load("preact_resnet200").trace()
    )
    found = command(
        *("table", "inception_v3 + inception_v4 + inception_resnet_v2 + preact_resnet200 + "
        "wide_resnet50_2 --set k=3 --set depths=3,4,12,3", "--depth", "1"),
    )  # fmt: skip
    assert found.code == 0
    assert "176,162,344" in found.out
    assert "inputs inception_v3 3×299×299" in found.out


FPN = """\
cnncost: 1
input: [3, 512, 512]
layers:
  - model: resnet50
    id: body
    until: [layer2, layer3, layer4]
  - conv: {out: 256, kernel: 1}
  - upsample: 2
    id: up
  - conv: {out: 256, kernel: 1}
    from: body.layer3
  - add: [identity, up]
expect: {params: 24_294_976, out: [256, 32, 32]}
"""  # 23,508,032 of the trunk, and two 1×1 convolutions with biases


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fpn.yaml").write_text(FPN)
    (tmp_path / "outer.yaml").write_text("cnncost: 1\ninput: [3, 512, 512]\nlayers: [model: fpn.yaml, relu]\n")
    (tmp_path / "self.yaml").write_text("cnncost: 1\ninput: [3, 512, 512]\nlayers: [model: self.yaml]\n")
    return tmp_path


def test_networks_inside_specs(folder: Path) -> None:
    whole = cnncost.load(str(folder / "fpn.yaml"))
    assert cnncost.analyze(whole).total["params"] == params(cnncost.load(str(folder / "outer.yaml"))) == 24_294_976
    assert pickle.loads(pickle.dumps(whole)).trace() == whole.trace()


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("body.layer3", "body.laver3", "E106", "did you mean 'layer3'"),
        ("layer4]", "layr4]", "E106", "did you mean 'layer4'"),
        ("model: resnet50", "model: resnt50", "E304", "did you mean 'resnet50'"),
        ("until: [layer2, layer3, layer4]", "head: maybe", "E107", "head: false"),
        ("until: [layer2, layer3, layer4]", "params: {widht: 3}", "E103", "did you mean 'width'"),
        ("from: body.layer3", "from: body.layer2", "E203", "64×64"),
    ],
)
def test_what_is_wrong_with_a_network_inside_is_said_once(folder: Path, old: str, new: str, code: str, words: str) -> None:
    (folder / "bad.yaml").write_text(FPN.replace(old, new))
    found = command("table", "bad.yaml", folder=folder)
    assert found.code == 2
    assert f"error[{code}]" in found.err
    assert words in found.err
    assert found.err.count("error[") == 1


def test_a_spec_inside_itself(folder: Path) -> None:
    found = command("table", "self.yaml", folder=folder)
    assert (found.code, "contains itself" in found.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["table", "vgg16_lecture", "--until", "pol3"], "did you mean 'pool3'"),
        (["table", "resnet50", "--from", "layer3", "--until", "layer1"], "does not lead to"),
        (["compare", "resnet50 --until"], "cannot read '--until'"),
        (["table", "inception_v3 + resnet50", "--size", "200"], "inputs of their own"),
    ],
)
def test_what_is_refused(words: list[str], fact: str) -> None:
    found = command(*words)
    assert (found.code, fact in found.err) == (2, True)
