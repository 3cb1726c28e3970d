"""Files of strangers: broken at random, and made on purpose to hang, to fill memory or to run code."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from support import NIGHTLY, command

from cnncost.base.errors import CnncostError, UsageError
from cnncost.models.importers import onnx_graph, open_model

sys.path.insert(0, str(Path(__file__).parent))
from fuzz import DATA, broken, outcome


def test_broken_files_have_one_message_and_no_traceback() -> None:
    said = [outcome(name, content) for name, content in broken(4000 if NIGHTLY else 60, seed=7)]
    told = [error for error in said if error is not None]
    assert len(told) > len(said) // 3
    assert all(len(error.message) < 2000 for error in told)


def archive(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_json", ".json"), content)
    return made.getvalue()


def test_a_bomb_is_not_inflated() -> None:
    bomb = archive(a__models__model_json=b"[" + b" " * 40_000_000 + b"]")
    assert len(bomb) < 100_000
    with pytest.raises(UsageError, match="would inflate to 40,000,002 bytes"):
        open_model("net.pt2", bomb)


def test_descriptions_take_ten_times_their_size_at_most() -> None:
    """Python allocates 21 times the size of `[[],[],…`; real programs have a bracket in 27 bytes or more."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a/models/model.json", b"[" + b"[]," * 2_000_000 + b"0]")
    numbers = field(1, b"pads") + bytes([8 << 3 | 2, 0x80, 0x80, 0x80, 0x01]) + bytes(2**21)
    attribute = bytes([5 << 3 | 2, 0x8B, 0x80, 0x80, 0x01]) + numbers
    node_ = bytes([1 << 3 | 2, 0x96, 0x80, 0x80, 0x01]) + field(4, b"Conv") + attribute
    onnx = b"\x08\x08" + bytes([7 << 3 | 2, 0x9B, 0x80, 0x80, 0x01]) + node_
    for name, content, words in (("net.pt2", made.getvalue(), "all brackets"), ("net.onnx", onnx, "2,097,152 numbers")):
        tracemalloc.start()
        try:
            error = outcome(name, content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert words in str(error)
        assert peak < 10 * len(content)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"graph_module": {"graph": []}}',
        b'{"schema_version": 8}',
    ],
    ids=range(7),
)
def test_json_that_is_no_program(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"net\.pt2"):
        open_model("net.pt2", archive(a__models__model_json=text))


def field(number: int, content: bytes) -> bytes:
    """Return a field of bytes on the wire."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """Return a number of seven bits a byte, the lowest first."""
    written = b""
    while value > 127:
        written, value = written + bytes([value & 127 | 128]), value >> 7
    return written + bytes([value])


def node(operation: bytes, *inputs: bytes, domain: bytes = b"") -> bytes:
    parts = [field(1, name) for name in inputs] + [field(2, b"y"), field(4, operation)]
    return b"".join(parts + ([field(7, domain)] if domain else []))


def model(graph: bytes, *functions: bytes) -> bytes:
    return b"\x08\x08" + field(7, graph) + b"".join(field(25, function) for function in functions)


@pytest.fixture
def few_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lower bound of nodes: what is tested is that it holds."""
    monkeypatch.setattr(onnx_graph, "MOST_NODES", 2_000)


@pytest.mark.usefixtures("few_nodes")
def test_functions_that_call_each_other_end() -> None:
    functions = [
        field(1, b"f%d" % level) + field(7, node(b"f%d" % (level + 1), domain=b"d")) * 20 + field(10, b"d")
        for level in range(15)
    ]
    with pytest.raises(UsageError, match=r"more than 2,000 nodes|again and again"):
        open_model("net.onnx", model(field(1, node(b"f0", domain=b"d")), *functions))


@pytest.mark.usefixtures("few_nodes")
def test_a_function_that_calls_itself_ends() -> None:
    function = field(1, b"f") + field(7, node(b"f", domain=b"d")) + field(10, b"d")
    with pytest.raises(UsageError, match=r"nested more than 20 deep|more than 2,000 nodes"):
        open_model("net.onnx", model(field(1, node(b"f", domain=b"d")), function))


def test_graphs_in_graphs_end() -> None:
    graph = field(1, node(b"Relu", b"x"))
    for _ in range(60):
        branch = field(1, b"then_branch") + field(6, graph) + bytes([20 << 3 & 127 | 128, 1, 5])
        graph = field(1, node(b"If", b"x") + field(5, branch))
    with pytest.raises(UsageError, match="nested more than 20 deep"):
        open_model("net.onnx", model(graph))


def test_numbers_that_grow_without_end_are_not_followed() -> None:
    """A size that is squared again and again would fill memory with its digits."""
    two = field(8, b"n0") + b"\x10\x07" + field(7, b"\x02")
    squares = b"".join(
        field(1, field(1, b"n%d" % i) + field(1, b"n%d" % i) + field(2, b"n%d" % (i + 1)) + field(4, b"Mul")) for i in range(60)
    )
    dims = b"".join(field(1, b"\x08" + bytes([size])) for size in (1, 3, 8, 8))
    value = field(1, b"x") + field(2, field(1, b"\x08\x01" + field(2, dims)))
    relu = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu"))
    graph = squares + relu + field(5, two) + field(11, value) + field(12, field(1, b"y"))
    assert outcome("net.onnx", model(graph)) is None or "64 bits" in str(outcome("net.onnx", model(graph)))


# ── operators that nobody knows ──────────────────────────────────────────────────────────────────────────────────────


def value(name: bytes, *sizes: int) -> bytes:
    """Return a ValueInfo of floats."""
    dims = b"".join(field(1, b"\x08" + bytes([size])) for size in sizes)
    return field(1, name) + field(2, field(1, b"\x08\x01" + field(2, dims)))


def strange(stated: bool) -> bytes:
    """Return a model in which an operator of somebody's own stands between two that are known."""
    first, last = (field(1, i) + field(2, o) + field(4, b"Relu") for i, o in ((b"x", b"a"), (b"b", b"y")))
    own = field(1, b"a") + field(2, b"b") + field(4, b"Strange") + field(7, b"my")
    shapes = field(13, value(b"b", 1, 4, 6, 6)) if stated else b""
    return model(
        field(1, first)
        + field(1, own)
        + field(1, last)
        + field(11, value(b"x", 1, 3, 8, 8))
        + field(12, field(1, b"y"))
        + shapes
    )


def test_what_has_no_rule_keeps_the_files_shape_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(strange(stated=True))
    told = command("table", "net.onnx", folder=tmp_path)
    assert "not counted: 1 layer has no rule: my::Strange" in told.out
    assert (
        '"not counted: 1 layer has no rule: my::Strange"'
        in command("table", "net.onnx", "--format", "json", folder=tmp_path).out
    )
    refused = command("table", "net.onnx", "--strict", folder=tmp_path)
    assert (refused.code, "no rule for 'strange' (my::Strange)" in refused.err) == (2, True)
    moved = command("table", "net.onnx", "--size", "16", folder=tmp_path)
    assert (moved.code, "cannot follow another size" in moved.err) == (2, True)


def test_without_a_shape_it_is_refused_and_may_be_assumed(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(strange(stated=False))
    refused = command("table", "net.onnx", folder=tmp_path)
    assert (refused.code, "--assume my::Strange=identity" in refused.err) == (2, True)
    assert command("table", "net.onnx", "--assume", "my::Strange=identity", "--size", "16", folder=tmp_path).code == 0


@pytest.mark.parametrize(
    ("operation", "domain", "fact", "remedy"),
    [
        (b"Loop", b"", "how often it runs is not in the file", "without it"),
        (b"Scan", b"", "how often it runs is not in the file", "without it"),
        (b"Conv", b"com.microsoft.nchwc", "for one type of processor", "the file that it was made from"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_its_remedy(operation: bytes, domain: bytes, fact: str, remedy: str) -> None:
    own = field(1, b"x") + field(2, b"y") + field(4, operation) + field(7, domain)
    data = model(field(1, own) + field(11, value(b"x", 1, 3, 8, 8)) + field(12, field(1, b"y")))
    with pytest.raises(CnncostError, match=fact) as error:
        open_model("net.onnx", data).trace()
    assert operation.decode().lower() in error.value.message
    assert remedy in error.value.hint


def test_weights_of_a_gigabyte_cost_what_their_graph_costs(tmp_path: Path) -> None:
    """A file with a hole of 2³⁰ bytes where the numbers of a 16,384² matrix would be."""

    def long(number: int, size: int) -> bytes:
        return bytes([number << 3 | 2]) + bytes([size >> 7 * place & 127 | 128 * (place < 4) for place in range(5)])

    many, size = 2**30, bytes([0x08, 0x80, 0x80, 0x01])
    tensor = 2 * size + b"\x10\x01" + field(8, b"W") + long(9, many)
    gemm = field(1, field(1, b"x") + field(1, b"W") + field(2, b"y") + field(4, b"Gemm"))
    sizes = field(1, b"\x08\x01") + field(1, size)
    x = field(1, b"x") + field(2, field(1, b"\x08\x01" + field(2, sizes)))
    graph = gemm + field(11, x) + field(12, field(1, b"y"))
    whole = len(tensor) + many
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x08" + field(8, b"\x10\x15") + long(7, len(graph) + 6 + whole) + graph + long(5, whole) + tensor)
        file.truncate(file.tell() + many)
    tracemalloc.start()
    try:
        nodes = open_model(str(path)).trace().nodes
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(node.kind, node.cost.params) for node in nodes[1:]] == [("linear", 2**28)]
    assert peak < 2**22


@pytest.mark.parametrize("cut", range(0, 700, 37))
def test_a_file_that_is_cut_off_is_no_network(cut: int) -> None:
    whole = (DATA / "form_onnx_gemm.onnx").read_bytes()
    error = outcome("net.onnx", whole[:cut])
    assert error is not None
    assert error.hint


# ── pickles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Exploit:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code of the file was run')",)


@pytest.mark.parametrize("place", ["archive__data.pkl", "plain"])
def test_no_pickle_is_run(place: str) -> None:
    content = pickle.dumps({"weight": Exploit()})
    data = content if place == "plain" else archive(**{place: content})
    with pytest.raises(UsageError, match="pickle"):
        open_model("net.pth", data)


def test_a_pickle_that_asks_for_room_gets_none() -> None:
    """The place of a memo, 2³¹, is a number: nothing of that size is made."""
    content = b"\x80\x02}r\xff\xff\xff\x7f."
    with pytest.raises(UsageError, match="without a network"):
        open_model("net.pth", archive(**{"archive__data.pkl": content}))


def state_dict() -> bytes:
    """Return what torch.save writes for {"conv.weight": 8×3×3×3, "conv.bias": 8}, without the numbers."""

    def tensor(sizes: tuple[int, ...]) -> bytes:
        shape = b"(" + b"".join(b"K" + bytes([size]) for size in sizes) + b"t"
        storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQ"
        return (
            b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + shape + shape + b"\x89ccollections\nOrderedDict\n)RtR"
        )

    def word(text: bytes) -> bytes:
        return b"X" + struct.pack("<I", len(text)) + text

    pairs = word(b"conv.weight") + tensor((8, 3, 3, 3)) + word(b"conv.bias") + tensor((8,))
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + pairs + b"u."


def test_a_state_dict_has_its_table_and_the_sentence() -> None:
    with pytest.raises(UsageError) as error:
        open_model("net.pth", archive(**{"archive__data.pkl": state_dict()}))
    assert "is a state_dict: 224 numbers in 2 tensors, and no architecture" in error.value.message
    assert "conv" in error.value.message
    assert "torch.export" in error.value.hint


def test_safetensors_have_their_table() -> None:
    header = json.dumps({"conv.weight": {"dtype": "F32", "shape": [8, 3, 3, 3], "data_offsets": [0, 864]}}).encode()
    with pytest.raises(UsageError, match="is a safetensors file: 216 numbers in 1 tensors, and no architecture"):
        open_model("net.safetensors", struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(**{"a__code____torch__.py": b"", "a__constants.pkl": b"", "a__data.pkl": b""}), "TorchScript"),
        (archive(**{"a__data__aotinductor__model.so": b"", "a__archive_format": b"pt2"}), "AOTInductor"),
        (archive(**{"a__data.pkl": b"\x80\x02cmodels.net\nNet\n)\x81."}), r"pickled module: it needs models\.net\.Net"),
        (bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + b"\x80\x02", r"before version 1\.6"),
        (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "pointer of Git LFS"),
        (b"", "is empty"),
        (b"hello", "no network that can be read"),
        (b"\x08\x08\x12\x07pytorch\x42\x02\x10\x11", "without a graph"),
    ],
    ids=["torchscript", "aotinductor", "pickled", "old", "tflite", "lfs", "empty", "text", "onnx"],
)
def test_what_is_no_network_is_told_apart(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    told = command("table", str(tmp_path / "net.pt"))
    assert told.code == 2
    assert "Traceback" not in told.err
    with pytest.raises(UsageError, match=words) as error:
        open_model(str(tmp_path / "net.pt"))
    assert error.value.hint
