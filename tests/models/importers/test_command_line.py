"""Files stand wherever a model does, and what they are their content says."""

import json
import shutil
from pathlib import Path

import pytest
from support import command

DATA = Path(__file__).parents[2] / "data" / "networks"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (
        "darknet/alexey/yolov4.cfg",
        "darknet/alexey/yolov4-tiny.cfg",
        "keras_hand/shared_conv.json",
        "keras_hand/norms.json",
        "keras_hand/lambda_layer.json",
        "caffe/frcnn_models_coco_VGG16_faster_rcnn_end2end_test.prototxt",
    ):
        shutil.copyfile(DATA / path, tmp_path / Path(path).name)
    return tmp_path


def test_the_bflops_of_yolov4_are_those_that_darknet_prints(folder: Path) -> None:
    done = command("table", "yolov4.cfg", "--convention", "darknet", "--depth", "0", "--format", "json", folder=folder)
    assert round(json.loads(done.out)["total"]["flops"] / 1e9, 3) == 128.459


def test_content_decides_and_not_the_suffix(folder: Path) -> None:
    shutil.move(
        folder / "frcnn_models_coco_VGG16_faster_rcnn_end2end_test.prototxt", folder / "test.pt"
    )  # as py-faster-rcnn does
    shutil.copyfile(folder / "yolov4-tiny.cfg", folder / "tiny.json")
    params = []
    for name in ("test.pt", "tiny.json"):
        done = command("table", name, "--depth", "0", "--format", "json", folder=folder)
        assert done.code == 0, done.err
        params.append(json.loads(done.out)["total"]["params"])
    assert params == [17_111_432, 6_056_606]


def test_a_file_nobody_can_read_is_told_by_its_looks_and_the_formats_that_are_known(folder: Path) -> None:
    (folder / "setup.cfg").write_text("[metadata]\nname = mine\n")
    done = command("table", "setup.cfg", folder=folder)
    assert done.code == 2
    assert "text that begins with '[metadata]'" in done.err
    for name in ("Keras", "Caffe", "Darknet", "ONNX", "PyTorch"):
        assert name in done.err


def test_files_can_be_compared_and_held_against_limits(folder: Path) -> None:
    done = command("diff", "shared_conv.json", "norms.json", folder=folder)  # JSON, and yet no snapshots
    assert done.code == 0, done.err
    assert "3,223" in done.out
    held = command("check", "yolov4*.cfg", "--max-macs", "4G", folder=folder)
    assert held.code == 1
    assert "over" in held.out + held.err


def test_what_is_assumed_is_said_below_the_table(folder: Path) -> None:
    refused = command("table", "lambda_layer.json", folder=folder)
    assert refused.code == 2
    assert "--assume Lambda=identity" in refused.err
    done = command("table", "lambda_layer.json", "--assume", "Lambda=identity", folder=folder)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "assumed to keep their input's shape and to cost nothing: 1 Lambda"
    assert command("table", "lambda_layer.json", "--assume", "Lambda=nothing", folder=folder).code == 2
