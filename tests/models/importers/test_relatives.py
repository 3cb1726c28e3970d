"""Files that stand beside a network get one sentence that says which file to give."""

import pytest

from cnncost.models.importers.relatives import relative

FILES = {  # as darknet's save_weights_upto, caffe.proto and graph.proto have it, and the formats' own words
    "yolov3.weights": (bytes([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]) + bytes(100), ".cfg"),
    "resnet.caffemodel": (b"\x0a\x09ResNet-50\xa2\x06\x10\x0a\x04data" + bytes(50), "deploy.prototxt"),
    "alexnet.caffemodel": (b"\x0a\x07AlexNet\x12\x10\x0a\x04data" + bytes(50), "deploy.prototxt"),
    "frozen.pb": (b"\x0a\x1e\x0a\x05input\x12\x0bPlaceholder*\x0b" + bytes(50), "to_json"),
    "net.param": (b"7767517\n75 83\nInput data 0 1 data\n", "converted from"),
    "net.xml": (b'<?xml version="1.0"?>\n<net name="model" version="10">', "ONNX"),
    "net-symbol.json": (b'{"nodes": [{"op": "null"}], "arg_nodes": [0], "heads": [[3, 0, 0]]}', "ONNX"),
    "yolov8.yaml": (b"nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n", "format=onnx"),
}


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_each_is_told_apart(name: str, file: tuple[bytes, str]) -> None:
    data, remedy = file
    found = relative(data, name)
    assert found is not None
    assert name in found.message
    assert remedy in found.hint


@pytest.mark.parametrize("data", [b"", b"\x00", b"hello", b"\x0a", b"\x0a\x7f", b"{}", b"%PDF-1.7", bytes(64)])
def test_all_else_is_left_to_others(data: bytes) -> None:
    assert relative(data, "a") is None
