"""What people coming from other frameworks write, and the remedy they are given: typed as it stands, it works.

The slips are those of a log of real users, and more of each kind; names are those of PyTorch, Keras, Caffe and Darknet.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import command

from cnncost.models.spec.signatures import MODIFIERS
from cnncost.models.spec.steps import PART, RESERVED
from cnncost.rules import RULES
from cnncost.rules.foreign import ARGUMENTS, HINTS, LAYERS, LEFT_OUT

HEAD = "cnncost: 1\ninput: [3, 32, 32]\n"
CONV = "- conv: {out: 8, kernel: 3}\n"


def told(folder: Path, text: str) -> str:
    """Return what is said of a spec, empty where it works."""
    path = folder / "net.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    result = command("table", str(path))
    assert result.code in (0, 2), result.err
    return result.err


# ── a colon that is missing ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "below"),
    [
        ("relu", "  id: a\n"),
        ("relu", "  repeat: 2\n"),
        ("batch_norm", "  note: of the stem\n"),
        ("relu  # the first", "  id: a\n"),
        ("relu", "\n  id: a\n"),
        ("global_avg_pool", "  id: a\n- flatten\n- linear: 10\n"),
        ("conv", "    out: 4\n    kernel: 1\n"),
    ],
)
def test_a_word_with_something_below_it(tmp_path: Path, word: str, below: str) -> None:
    text = f"layers:\n{CONV}- {word}\n{below}"
    error = told(tmp_path, text)
    assert "net.yaml:5:3" in error
    remedy = re.search(r"write '(- \w+:)' with a colon", error)
    assert remedy is not None, error
    before, _, after = text.rpartition(f"- {word.split()[0]}")
    assert told(tmp_path, before + remedy[1] + after) == ""


def test_other_slips_in_yaml_are_told_as_before(tmp_path: Path) -> None:
    assert "this is not valid YAML" in told(tmp_path, "layers:\n- conv: {out: 8\n")
    assert "this is not valid YAML" in told(tmp_path, "layers: a: b\n")


# ── names that are taken ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted({*MODIFIERS, *PART, *RESERVED, "lambda", "floor"} - {"true", "false"}))
def test_a_block_with_a_name_that_is_taken(tmp_path: Path, name: str) -> None:
    text = f"blocks:\n  {name}:\n    layers:\n    - relu\nlayers:\n{CONV}- {name}\n"
    error = told(tmp_path, text)
    assert "net.yaml:4:3" in error
    assert f"'{name}' means something already, and cannot be the name of a block" in error
    assert error.count("error[") == 1  # the call is not wrong, too
    other = re.search(r"call it (\w+)", error)
    assert other is not None
    assert told(tmp_path, re.sub(rf"\b{name}\b(?!\w)", other[1], text)) == ""


def test_a_block_that_is_a_list(tmp_path: Path) -> None:
    assert "write layers: below its name" in told(tmp_path, f"blocks:\n  b:\n  - relu\nlayers:\n{CONV}- b\n")
    assert told(tmp_path, f"blocks:\n  b:\n    layers:\n    - relu\nlayers:\n{CONV}- b\n") == ""


# ── names of other frameworks ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *(("dense", "linear"), ("fc", "linear"), ("Linear_layer", "linear"), ("InnerProduct", "linear"), ("affine", "linear")),
        *(
            ("bn", "batch_norm"),
            ("BatchNorm2d", "batch_norm"),
            ("BatchNormalization", "batch_norm"),
            ("SyncBatchNorm", "batch_norm"),
        ),
        *(
            ("gap", "global_avg_pool"),
            ("GlobalAveragePooling2D", "global_avg_pool"),
            ("MaxPool2d", "max_pool"),
            ("mp", "max_pool"),
        ),
        *(
            ("swish", "silu"),
            ("lrelu", "leaky_relu"),
            ("h_swish", "hardswish"),
            ("hsigmoid", "hardsigmoid"),
            ("PReLU", "prelu"),
        ),
        *(("deconv", "conv_transpose"), ("ConvTranspose2d", "conv_transpose"), ("upconv", "conv_transpose")),
        *(("pixel_shuffle", "depth_to_space"), ("PixelUnshuffle", "space_to_depth"), ("UpSampling2D", "upsample")),
        *(
            ("zero_pad", "pad"),
            ("ReflectionPad2d", "pad"),
            ("ZeroPadding2D", "pad"),
            ("cat", "concat"),
            ("Concatenate", "concat"),
        ),
        *(
            ("shortcut", "add"),
            ("Multiply", "mul"),
            ("drop_path", "stochastic_depth"),
            ("Dropout2d", "dropout"),
            ("ln", "layer_norm"),
        ),
        *(("MultiheadAttention", "attention"), ("cls_token", "class_token"), ("view", "reshape"), ("transpose", "permute")),
    ],
)
def test_layers_of_other_frameworks(tmp_path: Path, theirs: str, ours: str) -> None:
    assert f"unknown layer type or block '{theirs}'; did you mean '{ours}'" in told(tmp_path, f"layers:\n- {theirs}: 8\n")


@pytest.mark.parametrize("kernel", ["3x3", "3X3", "3×3", "3 x 3", "'3 × 3'", "[3x3]"])
def test_sizes_as_tables_print_them_are_no_product(tmp_path: Path, kernel: str) -> None:
    """A table says 3×3; who writes that into a spec must not get a 9×9 window."""
    assert "two sizes are written [3, 3]" in told(tmp_path, f"layers:\n- conv: {{out: 8, kernel: {kernel}}}\n")


@pytest.mark.parametrize("kernel", ["(3, 3)", "'3, 3'", "'(3, 3)'"])
def test_lists_have_square_brackets(tmp_path: Path, kernel: str) -> None:
    assert "brackets" in told(tmp_path, f"layers:\n- conv: {{out: 8, kernel: {kernel}}}\n")


def test_norms_by_their_short_names(tmp_path: Path) -> None:
    assert "norm of conv cannot be 'bn'; did you mean 'batch_norm'?" in told(
        tmp_path, "layers:\n- conv: {out: 8, kernel: 3, norm: bn}\n"
    )


def test_a_picture_with_its_channels_last(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("cnncost: 1\ninput: [32, 32, 3]\nlayers:\n- conv: {out: 8, kernel: 5}\n")
    assert "channels come first: 3×32×32" in command("table", str(path)).err


def test_input_channels_are_left_out(tmp_path: Path) -> None:
    assert "leave out in\n" in told(tmp_path, "layers:\n- conv: {in: 3, out: 8, kernel: 3}\n")


@pytest.mark.parametrize(
    ("theirs", "hint"),
    [
        *(("depthwise_conv", "groups equal to its input channels"), ("DepthwiseConv2D", "groups equal to its input channels")),
        *(
            ("separable_conv", "then a 1×1 conv"),
            ("pointwise", "kernel 1"),
            ("atrous_conv", "dilation"),
            ("GroupConv", "groups"),
        ),
        *(
            ("SELayer", "cnncost show squeeze_excite"),
            ("conv_bn_relu", "norm: batch_norm, act: relu"),
            ("Activation", "relu, silu"),
        ),
    ],
)
def test_layers_that_are_written_otherwise(tmp_path: Path, theirs: str, hint: str) -> None:
    assert hint in told(tmp_path, f"layers:\n- {theirs}: 8\n")


def test_what_the_hints_say_works(tmp_path: Path) -> None:
    assert command("show", "squeeze_excite").code == 0
    together = "- conv: {out: 64, kernel: 3, norm: batch_norm, act: relu}\n"
    depthwise = "- conv: {out: in, kernel: 3, groups: in}\n- conv: {out: 16, kernel: 1}\n"
    assert told(tmp_path, f"layers:\n{together}{depthwise}- conv: {{out: 8, kernel: 3, dilation: 2}}\n") == ""


def test_the_tables_name_layers_and_arguments_that_there_are() -> None:
    arguments = {name for rule in RULES.values() for name in rule.arguments} | {"norm", "act"}
    assert set(LAYERS.values()) <= set(RULES)
    assert {name for names in ARGUMENTS.values() for name in names} <= arguments
    assert not set(LAYERS) & set(RULES)
    assert not LEFT_OUT & set(ARGUMENTS)
    assert all(word == word.lower() and "_" not in word for word in (*LAYERS, *HINTS))


@pytest.mark.parametrize(
    ("written", "right"),
    [
        (
            "filters: 8, kernel_size: 3, padding: 1, strides: 2, dilation_rate: 1, use_bias: false",
            "out: 8, kernel: 3, pad: 1, stride: 2, dilation: 1, bias: false",
        ),
        ("out_channels: 8, kernel_size: 3, groups: 1, bias: true", "out: 8, kernel: 3, groups: 1, bias: true"),
        ("num_output: 8, kernel: 3, group: 1, bias_term: false", "out: 8, kernel: 3, groups: 1, bias: false"),
        ("in_channels: 3, out_channels: 8, kernel_size: 3, padding_mode: zeros", "out: 8, kernel: 3"),
        ("filters: 8, kernal: 3, activation: relu, data_format: x", "out: 8, kernel: 3, act: relu"),
        ("n_filters: 8, ks: 3, s: 2, p: 1", "out: 8, kernel: 3, stride: 2, pad: 1"),
    ],
)
def test_every_wrong_argument_is_named_at_once(tmp_path: Path, written: str, right: str) -> None:
    error = told(tmp_path, f"layers:\n- conv: {{{written}}}\n")
    (line,) = [line for line in error.splitlines() if line.startswith("  = ")]
    given = dict(part.split(": ") for part in written.split(", "))
    for ours, theirs in re.findall(r"(\w+), not (\w+)", line):
        given[ours] = given.pop(theirs)
    for theirs in re.findall(r"leave out ([\w, ]+)", line):
        for word in theirs.split(", "):
            del given[word]
    assert given == dict(part.split(": ") for part in right.split(", "))
    fixed = ", ".join(f"{name}: {value}" for name, value in given.items())
    assert told(tmp_path, f"layers:\n- conv: {{{fixed}}}\n") == ""


@pytest.mark.parametrize(("pad", "right"), [("valid", "0"), ("VALID", "0"), ("half", "same"), ("SAME", "same")])
@pytest.mark.parametrize("kind", ["conv", "max_pool", "conv_transpose"])
def test_paddings_of_other_frameworks(tmp_path: Path, kind: str, pad: str, right: str) -> None:
    out = "" if kind == "max_pool" else "out: 8, "
    error = told(tmp_path, f"layers:\n- {kind}: {{{out}kernel: 3, stride: 1, pad: {pad}}}\n")
    if kind == "max_pool" and right == "same":
        return  # a pool is given numbers
    assert f"write {right}" in error or f"did you mean '{right}'" in error
    assert told(tmp_path, f"layers:\n- {kind}: {{{out}kernel: 3, stride: 1, pad: {right}}}\n") == ""


# ── the same in Python ───────────────────────────────────────────────────────────────────────────────────────────────


def python(folder: Path, body: str, signature: str = "x: Tensor") -> str:
    name = f"own_{abs(hash((body, signature)))}"
    (folder / f"{name}.py").write_text(
        f"import cnncost\nfrom cnncost import Tensor\n\n\ndef net({signature}):\n    return {body}\n"
    )
    result = command("table", f"{name}:net", "--input", "3,64,64", folder=folder)
    assert result.code in (0, 2), result.err
    return result.err


def test_slips_in_python_name_the_place_and_the_remedy(tmp_path: Path) -> None:
    for body, remedy in (
        ("x.batchnorm()", "did you mean 'batch_norm'?"),
        ("x.dense(10)", "did you mean 'linear'?"),
        ("x.conv(8, 3, padding=1)", "write pad, not padding"),
        (
            "x.conv(8,\n        kernel_size=3,\n        padding=1, strid=2)",
            "kernel, not kernel_size; pad, not padding; stride, not strid",
        ),
        ("y.conv(8, 3)", ""),
    ):
        error = python(tmp_path, body)
        assert ".py:6:" in error
        assert remedy in error
    assert "write 0, which" in python(tmp_path, "x.conv(8, 3, pad='valid')")
    assert python(tmp_path, "x.conv(8, 3, pad=0)") == ""
    assert python(tmp_path, "cnncost.load('resnet18')(x)") == ""


def test_a_second_input_without_a_type(tmp_path: Path) -> None:
    error = python(tmp_path, "a", "a, b")
    assert "needs a value for 'b'" in error
    assert "--input b=3,224,224 where it is a tensor" in error
    (tmp_path / "two.py").write_text("from cnncost import Tensor\ndef net(a: Tensor, b: Tensor):\n    return a + b\n")
    result = command("table", "two:net", "--input", "a=3,8,8", "--input", "b=3,8,8", folder=tmp_path)
    assert result.code == 0, result.err


# ── other words ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tool", "convention"),
    [
        *(
            ("mmdetection", "mmcv"),
            ("mmseg", "mmcv"),
            ("mmengine", "fvcore"),
            ("detectron2", "fvcore"),
            ("torchsummaryX", "macs"),
        ),
        *(("keras-flops", "keras"), ("tensorflow", "keras"), ("yolov5", "ultralytics_thop"), ("pytorch-OpCounter", "thop")),
    ],
)
def test_programs_without_a_count_of_their_own(tool: str, convention: str) -> None:
    refused = command("table", "resnet18", "--convention", tool)
    assert refused.code == 2
    assert f"--convention {convention}" in refused.err
    assert command("table", "resnet18", "--depth", "0", "--convention", convention).code == 0


def test_settings_are_explained_where_a_name_is_wrong() -> None:
    refused = command("table", "resnet50", "--set", "help=1")
    remedy = re.search(r"cnncost (settings resnet50)", refused.err)
    assert remedy is not None
    assert "what" not in refused.out
    assert "meaning" in command(*remedy[1].split()).out


def test_peak_memory_is_a_target() -> None:
    found = command("solve", "resnet50", "--for", "batch", "--target", "peak_memory<=1GiB", "--format", "json")
    assert found.code == 0
    assert command("solve", "resnet50", "--for", "batch", "--target", "peak<=1GiB", "--format", "json").out == found.out


def test_a_resize_by_a_fraction(tmp_path: Path) -> None:
    """33 pixels by 129/65 are 65 (33 · 129/65 = 65.5, cut); 65 would be 129."""
    (tmp_path / "net.yaml").write_text("cnncost: 1\ninput: [3, 65, 65]\nlayers: [{upsample: {scale: 129/65}}]\n")
    assert "129×129" in command("table", "net.yaml", folder=tmp_path).out


@pytest.mark.parametrize(
    ("written", "right"),
    [
        (
            "Conv2D: {filters: 8, kernel_size: 3, strides: 2, padding: 1, use_bias: false}",
            "conv: {out: 8, kernel: 3, stride: 2, pad: 1, bias: false}",
        ),
        ("MaxPool2d: {kernel_size: 2, stride: 2, padding: 0}", "max_pool: {kernel: 2, stride: 2, pad: 0}"),
        ("convv: {out: 8, kernal: 3, padding: 1}", "conv: {out: 8, kernel: 3, pad: 1}"),
        ("dropout2d: {rate: 0.5}", "dropout: {p: 0.5}"),
    ],
)
def test_the_arguments_of_a_layer_of_another_framework_are_told_with_it(tmp_path: Path, written: str, right: str) -> None:
    error = told(tmp_path, f"layers:\n- {written}\n")
    kind = re.search(r"did you mean '(\w+)'", error)
    assert kind is not None, error
    fixed = f"{kind[1]}:{written.partition(':')[2]}"
    for ours, theirs in re.findall(r"(\w+), not (\w+)", error):
        fixed = re.sub(rf"\b{theirs}:", f"{ours}:", fixed)
    assert fixed == right
    assert told(tmp_path, f"layers:\n- {fixed}\n") == ""


def test_what_is_no_other_name_is_told_with_what_a_block_takes(tmp_path: Path) -> None:
    block = "blocks:\n  b:\n    params: {width, stride: 1}\n    layers:\n    - conv: {out: width, kernel: 3, stride: stride}\n"
    error = told(tmp_path, f"{block}layers:\n- b: {{filters: 8, strides: 2}}\n")
    assert "write stride, not strides; b takes: width, stride" in error
    assert told(tmp_path, f"{block}layers:\n- b: {{width: 8, stride: 2}}\n") == ""
