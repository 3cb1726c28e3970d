"""What Keras, Darknet, Caffe and TensorFlow Lite themselves say of their files is what is read: numbers and shapes."""

import csv
import re
from pathlib import Path

import pytest

from cnncost.base.errors import CnncostError
from cnncost.graph.graph import Graph, trace
from cnncost.measures.report import report
from cnncost.models.importers import caffe, darknet, darknet_file, keras, tflite
from cnncost.models.importers.assume import assumptions
from cnncost.models.load import load
from cnncost.models.model import Model

DATA = Path(__file__).parents[2] / "data" / "networks"
READERS = {"keras": keras, "darknet": darknet, "caffe": caffe, "tflite": tflite}
SUFFIXES = {".prototxt": caffe, ".cfg": darknet, ".tflite": tflite}
with (DATA / "reference.csv").open() as file:
    ROWS = list(csv.DictReader(file))
with (DATA / "micro.csv").open() as file:
    MICRO = list(csv.DictReader(file))


def read(path: str) -> Model:
    reader = SUFFIXES.get(Path(path).suffix, keras)
    data = (DATA / path).read_bytes()
    assert [name for name, other in READERS.items() if other.is_mine(data)] == [reader.__name__.rpartition(".")[2]]
    return reader.read(data, Path(path).name)


def totals(graph: Graph) -> dict[str, int]:
    return {figure: sum(getattr(node.cost, figure) for node in graph.layers) for figure in ("params", "buffers", "macs")}


def known(row: dict[str, str]) -> dict[str, int]:
    return {figure: int(row[figure]) for figure in ("params", "buffers", "macs") if row[figure]}


@pytest.mark.parametrize("row", [row for row in ROWS if row["expect"] == "equal"], ids=lambda row: row["path"])
def test_figures_are_those_of_the_program(row: dict[str, str]) -> None:
    found = totals(read(row["path"]).trace())
    assert {figure: found[figure] for figure in known(row)} == known(row)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["expect"] in ("refuse", "needs-input")], ids=lambda row: row["path"]
)
def test_what_cannot_be_counted_is_refused_with_a_remedy(row: dict[str, str]) -> None:
    with pytest.raises(CnncostError) as refused:
        read(row["path"]).trace()
    assert refused.value.hint


@pytest.mark.parametrize(
    ("path", "size", "params", "macs"),
    [  # by hand: the layers of the encoder and the decoder, with the sizes of CIFAR-10 and MNIST
        ("caffe/bvlc_examples_cifar10_cifar10_full_train_test.prototxt", (3, 32, 32), 89578, 12298240),
        ("caffe/bvlc_examples_mnist_mnist_autoencoder.prototxt", (1, 28, 28), 2837314, 2833000),
    ],
)
def test_a_size_that_is_not_in_the_file_is_taken(path: str, size: tuple[int, ...], params: int, macs: int) -> None:
    assert totals(read(path).trace(size)) == {"params": params, "buffers": 0, "macs": macs}


@pytest.mark.parametrize("row", MICRO, ids=lambda row: row["path"])
def test_every_layer_of_the_small_files_has_its_shape(row: dict[str, str]) -> None:
    model = read(row["path"])
    graph = model.trace()
    assert {figure: value for figure, value in totals(graph).items() if row[figure]} == known(row)
    shapes = [entry.rpartition(":")[::2] for entry in row["shapes"].split()]
    if row["path"].endswith(".cfg"):
        _, *layers = darknet_file.sections((DATA / row["path"]).read_text(), row["path"])
        made: list[str] = []

        def run(x):  # type: ignore[no-untyped-def]
            tensors = darknet.replay(layers, x, assumptions(()))
            made.extend("x".join(map(str, tensor.shape)) for tensor in tensors)
            return tuple(tensors)

        trace(run, model.shape)  # type: ignore[arg-type]
        for (_, shape), ours in zip(shapes, made, strict=bool(shapes)):
            assert shape in (ours, "0x0x0")  # darknet leaves the sizes of softmax and cost open
    else:
        by_name = {node.name.removesuffix(".0"): "x".join(map(str, node.cost.shape)) for node in graph.layers}
        for name, shape in shapes:
            if shape and name not in ("data", "input") and not name.endswith("_split"):  # inputs, and what Caffe puts in itself
                assert by_name[name] == shape


@pytest.mark.parametrize("row", [row for row in ROWS if "BFLOPS" in row["established_by"]], ids=lambda row: row["path"])
def test_the_convention_prints_what_darknet_prints(row: dict[str, str]) -> None:
    if row["expect"] == "equal":
        printed = float(re.search(r"prints ([0-9.]+) BFLOPS", row["established_by"])[1])  # type: ignore[index]
        assert report(read(row["path"]).trace(), "darknet").total["flops"] / 1e9 == pytest.approx(printed, rel=1e-6, abs=2e-6)


ZOO = {  # files of networks that the zoo has, with the zoo's name
    "caffe/bvlc_models_bvlc_alexnet_deploy.prototxt": "alexnet_original",
    "caffe/bvlc_models_bvlc_googlenet_train_val.prototxt": "googlenet_bvlc_aux",
    "caffe/he_prototxt_ResNet-152-deploy.prototxt": "resnet152_v1",
    "caffe/mb_mobilenet_deploy.prototxt": "mobilenet_v1",
    "caffe/se_models_SE-BN-Inception.prototxt": "se_bn_inception",
    "caffe/se_models_SE-ResNet-50.prototxt": "se_resnet50",
    "caffe/soe_cls_densenet_deploy_densenet121.prototxt": "densenet121",
    "caffe/soe_cls_inception_deploy_inception-v3.prototxt": "inception_v3_no_aux",
    "caffe/soe_cls_inception_deploy_xception.prototxt": "xception",
    "caffe/soe_cls_resnet_deploy_resnet101.prototxt": "resnet101_v1",
    "caffe/soe_cls_resnet_deploy_resnet18-priv.prototxt": "resnet18",
    "caffe/soe_cls_resnext_deploy_resnext101-32x4d.prototxt": "resnext101_32x4d",
    "caffe/soe_cls_vgg_deploy_vgg16bn-pytorch.prototxt": "vgg16_bn",
    "caffe/soe_cls_vgg_deploy_vgg19-pytorch.prototxt": "vgg19",
    "caffe/soe_cls_wider-resnet_deploy_wrn50-2.prototxt": "wide_resnet50_2",
    "caffe/sq_SqueezeNet_v1.0_train_val.prototxt": "squeezenet1_0_caffe",
    "caffe/sq_SqueezeNet_v1.1_train_val.prototxt": "squeezenet1_1_caffe",
    "darknet/alexey/darknet19.cfg": "darknet19",
    "darknet/alexey/darknet53.cfg": "darknet53",
    "darknet/pj/resnet34.cfg": "resnet34_v1",
    "keras_apps/ConvNeXtTiny.keras": "convnext_tiny",
    "keras_apps/EfficientNetB1.keras": "efficientnet_b1",
    "keras_apps/EfficientNetV2S.keras": "efficientnet_v2_s",
    "keras_apps/MobileNet.keras": "mobilenet_v1",
    "keras_apps/MobileNetV3Small.keras": "mobilenet_v3_small",
    "keras_apps/VGG16.keras": "vgg16",
    "keras_apps/Xception.keras": "xception",
}


@pytest.mark.parametrize(("path", "name"), ZOO.items())
def test_the_zoo_has_the_same_network(path: str, name: str) -> None:
    model = read(path)
    ours, theirs = totals(load(name).trace(model.shape)), totals(model.trace())
    assert (ours["params"], ours["macs"]) == (theirs["params"], theirs["macs"])


DIFFERENT = {  # files of networks whose zoo namesake is another edition: why is in docs/models.md
    "keras_apps/ResNet50.keras": ("resnet50_v1", 26560),
    "caffe/he_prototxt_ResNet-152-deploy.prototxt": ("resnet152", 0),
}


@pytest.mark.parametrize(("path", "expected"), DIFFERENT.items())
def test_where_the_zoo_differs_it_does_so_as_documented(path: str, expected: tuple[str, int]) -> None:
    name, biases = expected
    model = read(path)
    ours, theirs = totals(load(name).trace(model.shape)), totals(model.trace())
    assert theirs["params"] - ours["params"] == biases
    assert (theirs["macs"] == ours["macs"]) is bool(biases)
