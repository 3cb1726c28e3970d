"""Networks in files that PyTorch and ONNX exporters wrote, held against what those frameworks say of them.

tests/data/exports/reference.csv says who established each number, and under which licence each file is.
"""

from __future__ import annotations

import csv
import json
import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from support import command

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.graph.graph import Graph, trace
from cnncost.measures.memory import memory
from cnncost.models.importers import mapped, onnx_graph, open_model, pt2
from cnncost.models.importers.aten import TRANSLATIONS as ATEN
from cnncost.models.importers.onnx_layers import TRANSLATIONS as ONNX
from cnncost.models.importers.replay import Replay
from cnncost.models.model import Model

DATA = Path(__file__).parents[2] / "data" / "exports"
ROWS = {row["file"]: row for row in csv.DictReader((DATA / "reference.csv").read_text(encoding="utf-8").splitlines())}
SHAPES = json.loads((DATA / "onnx_shapes.json").read_text(encoding="utf-8"))
BATCH = {
    "form_attn*": 2,
    "form_eval*": 2,
    "form_train*": 2,
    "form_auto*": 2,
    "form_dyn.*": 2,
    "form_onnx_gemmA*": 4,
}  # of the reference


@cache
def model(name: str) -> Model:
    return open_model(str(DATA / name))


def given(name: str) -> dict[str, tuple[int, ...]] | tuple[int, ...] | None:
    """Return the input that a row is about, where the file leaves it open."""
    first = ROWS[name]["input"].partition(" ")[0].rpartition("=")[2]
    if None not in (model(name).shape or ()):
        return None
    shape, inputs = tuple(map(int, first.split("x")[1:])), model(name).inputs
    return {next(iter(inputs)): shape} if len(inputs) > 1 else shape


def totals(graph: Graph) -> tuple[int, int]:
    params = sum(node.cost.params for node in graph.nodes)
    return params, sum(node.cost.macs for node in graph.nodes if node.runs != 0)


def batch(name: str) -> int:
    return next((count for pattern, count in BATCH.items() if fnmatch(name, pattern)), 1)


EXACT = [name for name, row in ROWS.items() if row["params"].isdigit() and row["macs"].isdigit()]


@pytest.mark.parametrize("name", EXACT)
def test_parameters_and_multiply_adds_are_those_of_the_framework(name: str) -> None:
    params, macs = totals(model(name).trace(given(name)))
    assert (params, macs * batch(name)) == (int(ROWS[name]["params"]), int(ROWS[name]["macs"]))


def test_no_reference_is_left_out() -> None:
    """What has no number in the reference: a condition, a recurrent layer, and a file that was cut off."""
    assert set(ROWS) - set(EXACT) == {"form_cond.pt2", "form_lstm.pt2", "form_truncated.pt2", "form_onnx_if.onnx"}


SECOND = [name for name, row in ROWS.items() if row["input2"]]


@pytest.mark.parametrize("name", SECOND)
def test_another_size_is_right_or_refused(name: str) -> None:
    """Never a wrong number: the framework's own, or an error with a layer's name and a remedy."""
    size = tuple(map(int, ROWS[name]["input2"].split("x")[1:]))
    expected = ROWS[name]["macs2"]
    if name.rpartition(".")[0] in PINNED or not expected.isdigit():
        with pytest.raises(ModelError, match="layer '") as error:
            model(name).trace(size)
        assert error.value.hint
    else:
        assert totals(model(name).trace(size))[1] == int(expected)


# What PyTorch runs at another size and a static file does not tell how: windows that are cut, sizes that are stated.
PINNED = {
    "pt2_tv_swin_t",
    "pt2_tv_deeplabv3_mobilenet_v3_large",
    "pt2_tv_fcn_resnet50",
    "pt2_timm_xcit_nano_12_p16_224",
}


@pytest.mark.parametrize("name", ["form_unet.pt2", "form_onnx_unet.onnx"])
def test_stated_sizes_follow_what_they_are_joined_with(name: str) -> None:
    """A U-Net exported at one size: FlopCounterMode / 2 at others, and in letters."""
    from cnncost import symbols

    for size, macs in {(64, 96): 1_044_480, (111, 70): 1_340_640, (64, 70): 766_080}.items():
        graph = model(name).trace((3, *size))
        assert totals(graph)[1] == macs
        assert any("stated sizes of 2 layers" in note for note in graph.notes) == (size != (64, 96))
    height, width = symbols("H W")
    assert totals(model(name).trace((3, height, width)))[1].subs({"H": 111, "W": 70}) == 1_340_640


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_tensor_has_the_shape_that_onnxruntime_made(name: str) -> None:
    if name == "form_onnx_if.onnx":
        pytest.skip("onnxruntime was told which branch to take")
    program = onnx_graph.program(mapped(str(DATA / name)), name)
    runs: list[Replay] = []
    main = next((key for key, sizes in program.exported.items() if len(sizes) > 1), "")
    size = tuple(SHAPES[name]["feed"][main])

    def run(x):  # type: ignore[no-untyped-def]
        replay = Replay(program, ONNX, {main: x}, None)
        runs.append(replay)
        replay.run(program.records)
        return replay.finish()

    trace(run, size[1:])
    found = {key: list(sizes) for key, sizes in runs[-1].found.sizes.items()}
    known = {key: shape for key, shape in SHAPES[name]["shapes"].items() if key in found}
    assert len(known) > len(SHAPES[name]["shapes"]) // 2
    assert {key: found[key] for key in known} == known


def test_recorded_shapes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A translation that makes another shape than the file says is a fault that names the layer."""
    monkeypatch.setitem(ATEN, "max_pool2d", lambda call: call.same("relu", call.value("self")))  # type: ignore[index]
    with pytest.raises(ModelError, match=r"layer 'features\.2' .* makes 1×96×109×109, and the file says 1×96×54×54"):
        open_model(str(DATA / "pt2_tv_squeezenet1_0.pt2")).trace()


# ── names, spelling, notes ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("pt2_tv_regnet_x_800mf.pt2", {"stem.0": "conv", "trunk_output.block1.block1-0.f.b.1": "batch_norm", "fc": "linear"}),
        ("onnx_resnet50_dynamo.onnx", {"layer1.0.conv3": "conv", "fc": "linear", "avgpool": "global_avg_pool"}),
        ("onnx_squeezenet1_0_ts.onnx", {"features.3.squeeze": "conv", "features.2": "max_pool"}),
        ("form_misc.pt2", {"c": "conv", "s": "conv", "t": "conv_transpose", "p": "prelu", "u": "conv"}),
    ],
)
def test_layers_are_named_as_the_modules(name: str, known: dict[str, str]) -> None:
    kinds = {node.name: node.kind for node in model(name).trace().nodes}
    assert {key: kinds.get(key) for key in known} == known


def test_a_network_of_the_zoo_is_the_same_layer_by_layer() -> None:
    """Weighted layers have the zoo's names, parameters and multiply-adds."""
    from cnncost import load

    def weighted(graph: Graph) -> dict[str, tuple[int, int]]:
        return {n.name: (n.cost.params, n.cost.macs) for n in graph.nodes if n.kind in ("conv", "linear", "batch_norm")}

    ours, theirs = weighted(load("densenet121").trace()), weighted(model("pt2_tv_densenet121.pt2").trace())
    assert list(ours.values()) == list(theirs.values())


def test_unread_parameters_are_layers_that_never_run() -> None:
    graph = model("pt2_tv_inception_v3.pt2").trace()
    never = [node for node in graph.nodes if node.runs == 0]
    assert all(node.name.startswith("AuxLogits.") for node in never)
    assert sum(node.cost.params for node in never) == 27_161_264 - 23_834_568


def test_tied_weights_count_once() -> None:
    shared = [node for node in model("form_misc.pt2").trace().nodes if node.shares]
    assert [(node.kind, node.cost.params) for node in shared] == [("conv", 0)]
    assert shared[0].cost.macs > 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("form_train.pt2", "training mode"),
        ("form_eval.pt2", "exported for 2 examples at once; --batch 2 gives the figures of the file"),
        ("form_cond.pt2", "the dearer one is counted"),
        ("form_onnx_if.onnx", "the dearer one is counted"),
        ("onnx_resnet50_dynamo.onnx", "no batch norm"),
    ],
)
def test_what_must_be_known_is_said(name: str, words: str) -> None:
    assert any(words in note for note in model(name).trace().notes)


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dynamic_export_is_a_network_in_letters() -> None:
    from cnncost import symbols

    height, width = symbols("H W")
    macs = totals(model("pt2dyn_tv_convnext_tiny.pt2").trace((3, height, width)))[1]
    assert macs.subs({"H": 224, "W": 224}) == 4_455_531_264
    assert macs.subs({"H": 288, "W": 320}) == 8_182_986_240


def test_a_static_export_without_stated_sizes_is_one_too() -> None:
    from cnncost import symbols

    height, width = symbols("H W")
    macs = totals(model("pt2_tv_squeezenet1_0.pt2").trace((3, height, width)))[1]
    assert [macs.subs({"H": h, "W": w}) for h, w in ((224, 224), (288, 320))] == [818_924_576, 1_536_482_848]


def test_a_pinned_layer_is_named_with_its_remedy() -> None:
    with pytest.raises(ModelError, match=r"layer 'features\.1\.0\.attn\.view_2' \(view\) cannot follow another size") as error:
        model("pt2_tv_swin_t.pt2").trace((3, 288, 320))
    assert "dynamic_shapes" in error.value.hint


def test_sizes_that_are_not_in_the_file_are_asked_for() -> None:
    with pytest.raises(UsageError, match="leaves sizes of 'input' open") as error:
        model("onnxreal_silero_vad_silero_vad_half.onnx").trace()
    assert "--input" in error.value.hint


@pytest.mark.parametrize(
    ("name", "given", "own"),
    [
        ("pt2_tv_squeezenet1_0.pt2", "3,224", "3,224,224"),
        ("pt2_tv_squeezenet1_0.pt2", "3", "3,224,224"),
        ("pt2_tv_vit_b_16.pt2", "1,3,224,224", "3,224,224"),
        ("onnx_squeezenet1_0_ts.onnx", "3,224", "3,224,224"),
        ("onnxreal_silero_vad_silero_vad_half.onnx", "input=576,1", "input=…"),
        ("onnxreal_silero_vad_silero_vad_openvino_16k.onnx", "state=2,128", "state=2,1,128"),
    ],
)
def test_an_input_has_as_many_axes_as_in_the_file(name: str, given: str, own: str) -> None:
    ran = command("table", str(DATA / name), "--input", given)
    axes = given.rpartition("=")[2].count(",") + 1
    assert ran.code == 2
    assert f"has {axes} ax" in ran.err
    assert ran.err.rstrip().endswith(f"without a batch: --input {own}")


def test_a_sequence_first_is_no_batch() -> None:
    """T×N×4 with open T and N: 5 units have 4·5·(4 + 5) weights, and each of 7 tokens takes as many multiply-adds."""
    name = "form_onnx_sequence.onnx"
    with pytest.raises(UsageError, match="leaves sizes of its input open: …,…,4") as error:
        model(name).trace()
    assert error.value.hint == "give them: --input …,…,4 with a number for each …"
    assert totals(model(name).trace((7, 1, 4))) == (180, 7 * 180)


def test_sizes_that_are_open_and_fixed_inside() -> None:
    """An input of N×T×4 whose only reader makes 1×40 of it: 10 tokens fit, and no others."""
    name = "form_onnx_fixed_inside.onnx"
    assert model(name).trace((10, 4)).output == (40,)
    with pytest.raises(ModelError, match="48 numbers do not fill 1×40") as error:
        model(name).trace((12, 4))
    assert "fixed inside it" in error.value.hint


@pytest.mark.parametrize("name", ["form_eval.pt2", "form_attn_dec.pt2", "form_onnx_gemmA.onnx"])
def test_the_batch_of_the_file_gives_its_figures(name: str) -> None:
    ran = command("table", str(DATA / name), "--batch", str(batch(name)), "--format", "json", "--depth", "0")
    assert json.loads(ran.out)["total"]["macs"] == int(ROWS[name]["macs"])


def test_sizes_follow_the_letters_of_the_file_and_nothing_is_evaluated() -> None:
    from cnncost.models.importers.sizes import size_at

    assert size_at("Max(Integer(1), FloorDiv(Symbol('s0', integer=True), Integer(2)))", {"s0": 7}) == 3
    for text in (
        "__import__('os')",
        "Symbol('s9')",
        "Add(",
        "Pow(Integer(2), Integer(999))",
        "FloorDiv(Integer(1), Integer(0))",
    ):
        with pytest.raises(CnncostError):
            size_at(text, {"s0": 7})


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────

MEASURED = list(csv.DictReader((DATA.parent / "memory_exports.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row["file"])
def test_memory_is_what_pytorch_makes(row: dict[str, str]) -> None:
    """Measured with PyTorch 2.13 on the modules of torchvision 0.28.0, storages counted once; `kept` while training.

    Masks that Swin makes while it runs, the copies of einsum's operands in MaxViT, and views by their strides among it. `kept`
    is blank for those that drop something while training, of which an export for inference knows nothing.
    """
    plan = memory(model(row["file"]).trace(), batch=int(row["batch"]))
    assert (plan.outputs_bytes, plan.peak_bytes) == (int(row["outputs"]), int(row["peak"]))
    if row["kept"]:
        assert plan.kept_bytes == int(row["kept"])


# ── what is no network ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_archive_that_was_cut_off_says_so() -> None:
    with pytest.raises(UsageError, match="stopped half way") as error:
        model("form_truncated.pt2")
    assert "torch.export.save" in error.value.hint


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(DATA / "form_half.pt2") as old, zipfile.ZipFile(tmp_path / "new.pt2", "w") as new:
        member = next(name for name in old.namelist() if "/models/" in name)
        new.writestr(member, re.sub(rb'"major": ?8', b'"major": 9', old.read(member)))
    with pytest.raises(UsageError, match=r"version 9 of torch\.export's format, and 8 is read"):
        open_model(str(tmp_path / "new.pt2"))


def test_the_names_of_older_versions_and_several_programs(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(DATA / "form_half.pt2") as old:
        program = old.read(next(name for name in old.namelist() if "/models/" in name))
    with zipfile.ZipFile(tmp_path / "old.pt2", "w") as archive:
        archive.writestr("version", "8.2")
        archive.writestr("serialized_exported_program.json", program)
    assert totals(open_model(str(tmp_path / "old.pt2")).trace()) == (276, 55_328)
    with zipfile.ZipFile(tmp_path / "two.pt2", "w") as archive:
        archive.writestr("a/models/encoder.json", program)
        archive.writestr("a/models/decoder.json", program)
    with pytest.raises(UsageError, match="several programs: encoder, decoder"):
        open_model(str(tmp_path / "two.pt2"))


def test_weights_are_never_opened(tmp_path: Path) -> None:
    """Members that are pickles may hold anything: they are not looked at."""
    import zipfile

    with zipfile.ZipFile(DATA / "form_half.pt2") as old, zipfile.ZipFile(tmp_path / "evil.pt2", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("archive/data/sample_inputs/model.pt", b"cos\nsystem\n(S'exit 1'\ntR.")
        new.writestr("archive/data/weights/weight_0", b"\xff" * 100)
    assert totals(open_model(str(tmp_path / "evil.pt2")).trace())[0] == 276


def test_pt2_and_onnx_are_told_by_content(tmp_path: Path) -> None:
    for name in ("form_half.pt2", "form_onnx_gemm.onnx"):
        (tmp_path / "net.cfg").write_bytes((DATA / name).read_bytes())
        assert totals(open_model(str(tmp_path / "net.cfg")).trace())[0] == int(ROWS[name]["params"])


def test_programs_are_read_without_torch_or_onnx() -> None:
    import subprocess
    import sys

    code = f"""
import sys
sys.modules["torch"] = sys.modules["onnx"] = None
from cnncost.models.importers import open_model
open_model({str(DATA / "form_half.pt2")!r}).trace()
open_model({str(DATA / "form_onnx_gemm.onnx")!r}).trace()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_older_readers_agree_with_the_pieces() -> None:
    """A reader's `is_mine` says yes to its own files only."""
    from cnncost.models.importers import onnx

    for name in ("form_half.pt2", "form_onnx_gemm.onnx", "form_truncated.pt2"):
        data = mapped(str(DATA / name))
        assert pt2.is_mine(data) is name.endswith(".pt2")
        assert onnx.is_mine(data) is name.endswith(".onnx")


# ── what tools would say ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("convention", ["thop", "ptflops", "fvcore", "torchinfo", "onnx_tool", "lecture"])
@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v3_large", "shufflenet_v2_x1_0"])
def test_conventions_see_modules_and_functions_as_in_the_zoo(name: str, convention: str) -> None:
    """The file knows which layers were modules and which were called: the zoo, held against the tools, says the same."""
    from cnncost import load
    from cnncost.measures.report import report

    ours, theirs = (report(graph, convention) for graph in (load(name).trace(), model(f"pt2_tv_{name}.pt2").trace()))
    assert theirs.total["flops"] == ours.total["flops"]


# ── as a spec ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name", [name for name in EXACT if name.startswith(("pt2_tv_s", "pt2_tv_goo", "onnx_res", "pt2_timm_levit"))]
)
def test_shown_as_a_spec_it_is_the_same_network(name: str, tmp_path: Path) -> None:
    """Blocks are found again, and what comes out is held to the file's figures by the spec itself."""
    from support import command

    shown = command("show", str(DATA / name))
    assert shown.code == 0, shown.err
    (tmp_path / "net.yaml").write_text(shown.out, encoding="utf-8")
    read = command("table", "net.yaml", "--depth", "0", "--format", "json", folder=tmp_path)
    assert read.code == 0, read.err
    total = json.loads(read.out)["total"]
    assert (total["params"], total["macs"]) == (int(ROWS[name]["params"]), int(ROWS[name]["macs"]))
