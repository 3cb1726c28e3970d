"""Memory by name, to the byte as PyTorch was measured; live storages against a brute force; and `cnncost memory`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples, traced, zoo_names

import cnncost
from cnncost.base.assumed import assumptions
from cnncost.base.errors import UsageError
from cnncost.base.poly import symbol
from cnncost.graph.graph import Graph, Tensor, trace
from cnncost.measures.attention import written_scores
from cnncost.measures.facts import IN_PLACE
from cnncost.measures.memory import kinds_in_place, memory, training_bytes
from cnncost.measures.precision import Precision
from cnncost.rules import elements
from cnncost.show.render import FORMATS, render
from cnncost.show.render.plot import area
from cnncost.show.table import Plot
from cnncost.show.tables.memory import memory_table

DATA = Path(__file__).parents[1] / "data"
MB = 2**20


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ── as measured ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", rows("memory.csv"), ids=lambda row: f"{row['model']}-{row['batch']}")
def test_as_measured(row: dict[str, str]) -> None:
    """Measured with PyTorch 2.13 on torchvision's models at 224×224, storages counted once; the image is left out."""
    plan = memory(cnncost.load(row["model"]).trace(), batch=int(row["batch"]))
    assert {
        "outputs": plan.outputs_bytes,
        "outputs_first": sum(plan.outputs),
        "peak": plan.peak_bytes,
        "peak_first": max(plan.live_without_indices),
        "kept": plan.kept_bytes,
        "kept_input": plan.kept_input_bytes,
        "kept_indices": plan.kept_parts["indices"],
    } == {key: int(value) for key, value in row.items() if key not in ("model", "batch")}


# What torchvision spells otherwise: concatenations within a concatenation, and ReLUs of one-pixel maps not in place.
MORE_OUTPUTS = {"inception_v3": 1_572_864, "mobilenet_v3_large": 8_192}


@pytest.mark.parametrize("row", rows("memory_torchvision.csv"), ids=lambda row: row["model"])
def test_more_of_torchvision(row: dict[str, str]) -> None:
    """Measured likewise, PyTorch 2.13 and torchvision 0.28.0: outputs and peak at inference, kept while training."""
    plan = memory(cnncost.load(row["model"]).trace(), batch=int(row["batch"]))
    outputs = plan.outputs_bytes + MORE_OUTPUTS.get(row["model"], 0)
    assert [outputs, plan.peak_bytes, plan.kept_bytes] == [int(row[key]) for key in ("outputs", "peak", "kept")]


def test_attention_that_is_written_out_is_told() -> None:
    """Swin-T at 224: PyTorch 2.13 keeps 106,333,160 bytes; a fused kernel would keep less by the scores, to 0.2 %."""
    plan = memory(cnncost.load("swin_t").trace())
    scores = 4 * written_scores(plan.graph)
    assert 0 < 106_333_160 - (plan.kept_bytes + scores) < 106_333_160 // 500
    said = " ".join(str(note) for note in memory_table(plan).notes)
    assert f"keeps its scores, too: {scores / 1024:,.2f} KB more at least" in said
    fused = memory(cnncost.load("vit_b_32").trace())
    assert not any("written out" in str(note) or "writes it out" in str(note) for note in memory_table(fused).notes)


def test_activations_are_the_lecture_s() -> None:
    """EECS 498-007 lecture 8: AlexNet's memory column at 227×227 sums to 2,339.2 KB."""
    assert round(memory(cnncost.load("alexnet_lecture").trace()).activations_bytes / 1024, 1) == 2339.2


# ── what is kept, by hand ────────────────────────────────────────────────────────────────────────────────────────────

MAP = 8 * 6 * 10 * 4  # bytes of the map below


def conv(x: Tensor) -> Tensor:
    return x.conv(8, 3, pad=1)


KEPT: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "the first convolution keeps the image, which is left out": (conv, 0),
    "a convolution keeps its input": (lambda x: conv(conv(x)), MAP),
    "normalisation its input and two numbers per channel": (lambda x: conv(x).batch_norm(), MAP + 64),
    "conv, norm, ReLU, conv: two maps": (lambda x: conv(conv(x).batch_norm().relu()), 2 * MAP + 64),
    "conv, norm, ReLU6, conv: three maps": (lambda x: conv(conv(x).batch_norm().relu6()), 3 * MAP + 64),
    "conv, norm, SiLU, conv: three maps": (lambda x: conv(conv(x).batch_norm().silu()), 3 * MAP + 64),
    "conv, norm, GELU, conv: three maps": (lambda x: conv(conv(x).batch_norm().gelu()), 3 * MAP + 64),
    "two convolutions of one map keep it once": (lambda x: (y := conv(x)).conv(8, 1) + y.conv(8, 3, pad=1), MAP),
    "a view is its input": (lambda x: conv(x).flatten().linear(3), MAP),
    "max pooling its input and an index per output": (lambda x: conv(x).max_pool(2), MAP + 8 * 3 * 5 * 8),
    "average pooling its input": (lambda x: conv(x).avg_pool(2), MAP),
    "the mean of each channel nothing": (lambda x: conv(x).global_avg_pool(), 0),
    "a sum nothing": (lambda x: (y := conv(x)) + y.conv(8, 1), MAP),
    "a product both": (lambda x: (y := conv(x)) * y.conv(8, 1), 2 * MAP),
    "dropout a mask; the next layer its output": (lambda x: conv(conv(x).dropout(0.5)), 2 * MAP),
    "dropout of nothing is a view": (lambda x: conv(conv(x).dropout(0.0)), MAP),
    "layers before the first parameters nothing": (lambda x: conv(x.max_pool(1).sigmoid()), MAP),
    "a layer that never runs nothing": (lambda x: dead(conv(x)), 0),
    "a product with a constant, which is stored anyway, its input": (
        lambda x: (y := conv(x).tokens()) * y.constant(60, 8),
        MAP,
    ),
    "what comes after weights that are shared, on the image too": (lambda x: shared(x), MAP),
}


def shared(x: Tensor) -> Tensor:
    """The second layer has no parameters of its own, and trains those of the first."""
    first = x.conv(8, 3, pad=1, name="first")
    return first + x.conv(8, 3, pad=1, shared="first").sigmoid()


def dead(x: Tensor) -> Tensor:
    with x.runs(0):
        x.conv(8, 3)
    return x


@pytest.mark.parametrize("case", KEPT, ids=str)
@pytest.mark.parametrize("in_place", [IN_PLACE, ()], ids=["in place", "out of place"])
def test_kept(case: str, in_place: tuple[str, ...]) -> None:
    model, expected = KEPT[case]
    plan = memory(trace(model, (8, 6, 10)), in_place=in_place)
    assert plan.kept_bytes == expected
    assert sum(plan.kept) == expected == sum(plan.kept_parts.values())


@pytest.mark.parametrize("kind", ["leaky_relu", "elu"])
def test_in_place_some_activations_keep_their_output_instead_of_their_input(kind: str) -> None:
    graph = trace(lambda x: conv(getattr(conv(x), kind)()), (8, 6, 10))
    assert memory(graph, in_place=[kind]).kept_bytes == MAP
    assert memory(graph, in_place=[]).kept_bytes == 2 * MAP


def test_an_elu_that_cannot_work_in_place_keeps_its_input() -> None:
    """Its input is read afterwards, so that it makes a new map, which the next convolution keeps beside it."""

    def net(x: Tensor) -> Tensor:
        y = conv(x)
        return conv(y.elu()) + y

    assert memory(trace(net, (8, 6, 10)), in_place=["elu"]).kept_bytes == 2 * MAP


def test_parameters_are_one_storage_a_tensor() -> None:
    """CUDA's allocator gives 512 bytes to each: to the scale of 8 channels, and to its offset where there is one."""
    sizes = {
        bias: memory(trace(lambda x, bias=bias: x.scale(bias=bias), (8, 6, 10)), block=512).params_bytes
        for bias in (False, True)
    }
    assert sizes == {False: 512, True: 1024}


def test_statistics_do_not_grow_with_the_batch() -> None:
    graph = trace(lambda x: conv(x).batch_norm(), (8, 6, 10))
    assert [memory(graph, batch=batch).kept_bytes for batch in (1, 8)] == [MAP + 64, 8 * MAP + 64]


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────

RESNET50, RESNET50_KEPT = 25_557_032, 85_519_872  # parameters; kept at batch 1, as measured


@pytest.mark.parametrize(("optimizer", "copies"), [("none", 2), ("sgd", 2), ("momentum", 3), ("adam", 4)])
def test_training(optimizer: str, copies: int) -> None:
    assert training_bytes(cnncost.load("resnet50").trace(), optimizer=optimizer) == copies * 4 * RESNET50 + RESNET50_KEPT


def test_mixed_precision() -> None:
    plan = memory(cnncost.load("resnet50").trace(), optimizer="adam", precision=Precision.of(parts="mixed,indices=int32"))
    statistics, indices = 26_560 * 2 * 4, 64 * 56 * 56 * 4  # ResNet-50 normalises 26,560 channels
    kept = (RESNET50_KEPT - statistics - 2 * indices) // 2 + statistics + indices
    assert {part: count for part, (count, _) in plan.training_parts.items()} == {
        "parameters": 2 * RESNET50,
        "master": 4 * RESNET50,
        "gradients": 2 * RESNET50,
        "optimizer": 8 * RESNET50,
        "kept": kept,
    }
    assert sum(plan.training) == plan.training_bytes


def test_narrow_types_leave_statistics_in_float32() -> None:
    plan = memory(cnncost.load("resnet18").trace(), precision="float16")
    assert plan.kept_parts["statistics"] == 4_800 * 2 * 4  # ResNet-18 normalises 4,800 channels
    assert memory(cnncost.load("resnet18").trace(), precision="float64").kept_parts["statistics"] == 4_800 * 2 * 8


@examples(25)
@given(st.integers(1, 10**12), st.sampled_from(["resnet18", "alexnet", "mobilenet_v2", "densenet121"]))
def test_training_as_a_formula_of_the_batch(batch: int, name: str) -> None:
    (letter,) = cnncost.symbols("B")
    graph = cnncost.load(name).trace()
    formula = training_bytes(graph, batch=letter, optimizer="adam")
    assert formula.subs({"B": batch}) == training_bytes(graph, batch=batch, optimizer="adam")


# ── storages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def small(x: Tensor) -> Tensor:
    y = x.conv(4, 1, name="conv").relu(name="relu")  # 4·9·9·4 = 1,296 bytes
    y = y.add(y.conv(4, 1, name="branch"), name="add")
    return y.flatten(name="flatten").linear(10, name="fc")


@pytest.mark.parametrize(
    ("in_place", "outputs", "live"),
    [
        (["relu"], [1296, 0, 1296, 1296, 0, 40], [1296, 1296, 2592, 3888, 1296, 1336]),
        (["relu", "add"], [1296, 0, 1296, 0, 0, 40], [1296, 1296, 2592, 2592, 1296, 1336]),
        ([], [1296, 1296, 1296, 1296, 0, 40], [1296, 2592, 2592, 3888, 1296, 1336]),
    ],
)
def test_storages(in_place: list[str], outputs: list[int], live: list[int]) -> None:
    plan = memory(trace(small, (3, 9, 9)), in_place=in_place)
    assert list(plan.outputs) == outputs
    assert list(plan.live) == live
    assert plan.peak_bytes == max(live)
    assert plan.peak_at == trace(small, (3, 9, 9)).layers[live.index(max(live))].name


def test_rounded_to_the_blocks_of_an_allocator() -> None:
    plan = memory(trace(small, (3, 9, 9)), in_place=[], block=512)
    assert list(plan.outputs) == [1536, 1536, 1536, 1536, 0, 512]
    # weights and biases of 12, 4, 16, 4 numbers fill a block each; those of the linear layer are 324·10 and 10 numbers
    assert plan.params_bytes == 4 * 512 + -(-12_960 // 512) * 512 + 512
    assert sum(plan.training) == plan.training_bytes == 2 * plan.params_bytes + plan.kept_bytes


@pytest.mark.parametrize(
    ("model", "made"),
    [
        (lambda x: x.relu(), [True]),  # never on the image
        (lambda x: (y := x.conv(3, 1)).relu() + y, [True, True, True]),  # nor where the input is read again
        (lambda x: ((y := x.conv(3, 1)).relu(), y), [True, True]),  # or is an output
        (lambda x: x.conv(4, 1).split(2, 0).relu(), [True, False, False]),
        (lambda x: (y := x.conv(4, 1)).split(2, 0).relu() + y.split(2, 1), [True, False, True, False, True]),
        (lambda x: x.conv(4, 1).dropout().relu(), [True, False, False]),
    ],
)
def test_works_in_place_only_where_nobody_reads_the_storage_afterwards(model: Any, made: list[bool]) -> None:
    plan = memory(trace(model, (3, 5, 5)), in_place=["relu"])
    assert [count > 0 for count in plan.outputs] == made


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Networks of up to 14 layers with branches, views and activations, all of 4 channels but for concatenations."""
    steps = draw(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=14))
    ends = draw(st.lists(st.integers(0, 99), min_size=1, max_size=2))

    def model(x: Tensor) -> tuple[Tensor, ...]:
        tensors = [x]
        for step, a, b in steps:
            one, other = tensors[-1 - a % len(tensors)], tensors[b % len(tensors)]
            if step in ("add", "mul") and one.channels != other.channels:
                step = "conv"
            if step in ("add", "mul", "concat"):
                tensors.append(getattr(one, step)(other))
            elif step == "conv":
                tensors.append(one.conv(4, 1))
            elif step == "split" and one.channels % 2 == 0:
                tensors.append(one.split(2, 0).concat(one.split(2, 1)))
            elif step != "split":
                tensors.append(getattr(one, step)())
        return tuple(tensors[end % len(tensors)] for end in ends)

    return trace(model, (4, 3, 3))


STEPS = ["conv", "relu", "sigmoid", "dropout", "batch_norm", "add", "mul", "concat", "split"]


def brute_force(graph: Graph, in_place: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """What is made, and what is live, by the definition: each storage with everyone who looks at it, layer by layer."""
    count = len(graph.nodes)

    def reads(tensor: int) -> list[int]:
        later = [i for i, node in enumerate(graph.nodes) if tensor in node.inputs]
        return later + [count] * (tensor in graph.outputs)

    lookers: list[list[int]] = [[0]]  # for each storage the tensors in it; the image's first
    size = [0]
    made = []
    for index, node in enumerate(graph.nodes[1:], start=1):
        storage = next(i for i, tensors in enumerate(lookers) if node.inputs[0] in tensors)
        read_later = any(reader > index for tensor in lookers[storage] for reader in reads(tensor))
        fills = graph.nodes[node.inputs[0]].cost.shape == node.cost.shape
        if node.kind in ("split", "dropout") or (node.kind in in_place and storage and not read_later and fills):
            lookers[storage].append(index)
            made.append(0)
        else:
            lookers.append([index])
            size.append(4 * elements(node.cost.shape))
            made.append(size[-1])
    live = []
    for now in range(1, count):
        alive = [
            count
            for count, tensors in zip(size, lookers, strict=True)
            if tensors[0] <= now and max(tensors[0], *tensors, *[r for t in tensors for r in reads(t)]) >= now
        ]
        live.append(sum(alive))
    return made, live


@examples(300)
@given(networks(), st.sets(st.sampled_from(["relu", "sigmoid", "add", "mul", "batch_norm"])))
def test_storages_by_brute_force(graph: Graph, kinds: set[str]) -> None:
    plan = memory(graph, in_place=sorted(kinds))
    made, live = brute_force(graph, tuple(kinds))
    assert list(plan.outputs) == made
    assert list(plan.live) == live
    for node, count in zip(graph.layers, live, strict=True):
        assert sum(size for _, size in plan.alive(node.name)) == count


def test_every_network_of_the_zoo() -> None:
    """Of every network: what is live is at least what the layer makes, and less than all that is ever made."""
    for name in zoo_names():
        plan = memory(traced(name))
        assert all(made + extra <= live for made, extra, live in zip(plan.outputs, plan.indices, plan.live, strict=True))
        assert max(plan.live) == plan.peak_bytes <= plan.outputs_bytes
        assert plan.kept_bytes == sum(plan.kept) == sum(plan.kept_parts.values())
        assert (
            sum(plan.training)
            == plan.training_bytes
            == 8 * sum(node.cost.params for node in plan.graph.layers) + plan.kept_bytes
        )


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda g: memory(g, batch=0), "a batch of 0", "give a whole number from 1"),
        (lambda g: memory(g, optimizer="adm"), "unknown optimizer 'adm'", "did you mean 'adam'?"),
        (lambda g: memory(g, block=0), "blocks of 0 bytes", "give a whole number from 1; CUDA's allocator has 512"),
        (lambda g: memory(g, precision="int9"), "unknown dtype 'int9'", "did you mean 'int8', 'int6' or 'int4'?"),
        (lambda g: Precision.of(parts="mxed"), "'mxed' says nothing about a dtype", "did you mean 'mixed'?"),
        (lambda g: Precision.of(parts="mask=int8"), "no part is called 'mask'", "did you mean 'masks'?"),
        (lambda g: Precision.of(parts="masks=int9"), "unknown dtype 'int9'", "did you mean 'int8', 'int6' or 'int4'?"),
        (lambda g: kinds_in_place("rel"), "unknown layer type 'rel'", "did you mean 'relu', 'relu6' or 'prelu'?"),
        (
            lambda g: memory(g, in_place=["conv"]),
            "'conv' cannot work in place",
            "those that can: relu, relu6, leaky_relu, elu, gelu, silu, mish, sigmoid, tanh, hardswish, hardsigmoid, softmax, "
            "prelu, dropout, stochastic_depth, add, mul, batch_norm, scale, position_embedding, sub, div, bias, elementwise; "
            "or none",
        ),
    ],
)
def test_refusals(call: Callable[[Graph], Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(trace(small, (3, 9, 9)))
    assert (caught.value.message, caught.value.hint) == (message, hint)


# ── as columns of a table ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [{}, {"depth": 1}, {"top": 4, "sort": "kept"}, {"free": True, "columns": "name,kept"}])
def test_columns_add_up(options: dict[str, Any]) -> None:
    report = cnncost.analyze("resnet18", batch=8)
    shown = report.table(**{"columns": "name,output,params,flops,outputs,kept,live", **options})
    table = list(csv.DictReader(io.StringIO(render(shown, "csv"))))
    *body, total = table
    for key, whole in (("kept_bytes", 172_660_224), ("outputs_bytes", 178_273_536)):
        if key in total:
            assert int(total[key]) == whole == sum(int(row[key]) for row in body)
    if "live_bytes" in total:
        assert int(total["live_bytes"]) == 51_380_224 == max(int(row["live_bytes"]) for row in body)
    data = shown.data
    assert data is not None
    assert data["total"]["kept_bytes"] == sum(layer["kept_bytes"] for layer in data["layers"])


def test_columns_of_a_report() -> None:
    report = cnncost.analyze("vgg16")
    assert report.column("kept_bytes").sum() == 72_753_152
    assert report.column("params").sum() == 138_357_544
    assert report.group(1).column("kept_bytes").tolist() == [72_454_144, 100_352, 0, 198_656]
    assert report.column("training_bytes").sum() == 8 * 138_357_544 + 72_753_152
    assert report.column("kept").tolist() == report.column("kept_memory").tolist() == report.column("kept_bytes").tolist()
    with pytest.raises(UsageError, match="unknown figure 'keptt'\ndid you mean 'kept'"):
        report.column("keptt")


# ── cnncost memory ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(cli: Callable[..., Any]) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str) -> tuple[int, str, str]:
        done = cli("memory", *words)
        return done.code, done.out, done.err

    return call


def test_json(run: Callable[..., Any]) -> None:
    _, out, _ = run("resnet50", "--batch", "8", "--optimizer", "momentum", "--format", "json")
    data = json.loads(out)
    measured = next(row for row in rows("memory.csv") if (row["model"], row["batch"]) == ("resnet50", "8"))
    assert (data["schema"], data["model"], data["batch"]) == ("cnncost.memory/1", "resnet50", 8)
    for key, figure in (("outputs", "outputs_bytes"), ("peak", "peak_bytes"), ("kept", "kept_bytes")):
        assert data[figure] == int(measured[key])
    assert data["params_bytes"] == 4 * RESNET50
    assert data["training_bytes"] == 12 * RESNET50 + data["kept_bytes"] == sum(data["training"].values())
    assert data["peak_at"] == "layer1.0.downsample.1"
    assert sum(part["bytes"] for part in data["peak_alive"]) == data["peak_bytes"]
    assert max(step["live_bytes"] for step in data["timeline"]) == data["peak_bytes"]
    assert data["activations_bytes"] == cnncost.analyze("resnet50", batch=8).total["activation_bytes"]


@pytest.mark.parametrize("format", FORMATS)
def test_formats(run: Callable[..., Any], format: str) -> None:
    code, out, _ = run("alexnet", "--exact", "--format", format)
    assert code == 0
    kept = "3139072" if format in ("json", "csv", "tsv") else "3,065.5"
    assert kept in out
    assert ("█" in out) == (format in ("terminal", "plain", "markdown", "html"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "no model named\n  write cnncost memory MODEL, or cnncost memory --rules"),
        ("alexnet --optimizer adm", "unknown optimizer 'adm'\n  did you mean 'adam'?"),
        ("alexnet --block x", "--block: 'x' is no whole number\n  write digits, as in 224"),
        (
            "alexnet --dtypes mixed,masks",
            "'masks' says nothing about a dtype\n  write PART=DTYPE, as in masks=float16; or mixed",
        ),
    ],
)
def test_command_line_refusals(run: Callable[..., Any], words: str, message: str) -> None:
    assert run(*words.split()) == (2, "", f"error: {message}\n")


def test_the_rules_are_shown(run: Callable[..., Any]) -> None:
    _, out, _ = run("mobilenet_v2", "--rules", "--in-place", "relu6,add", "--format", "json")
    data = json.loads(out)
    rules = {rule["kind"]: rule for rule in data["rules"]}
    assert [rules[kind]["output"] for kind in ("relu6", "add", "relu", "conv")] == ["in place", "in place", "new", "new"]
    assert rules["batch_norm"]["keeps"] == "input, 2·channels statistics"
    assert rules["max_pool"]["keeps"] == "input, batch·writes indices"
    assert data["optimizers"] == {"none": 0, "sgd": 0, "momentum": 1, "adam": 2}


# ── the plot ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_plot() -> None:
    assert area(Plot("live", (64, 32, 0, 8, 1), "count", "b"), width=14) == [
        "live",
        "64 │██",
        "   │██",
        "   │██",
        "   │██",
        "   │████",
        "   │████",
        "   │████",
        "   │████  ██▁▁",
        " 0 └──────────",
        "    ▲ b",
    ]


def test_plot_of_more_layers_than_columns_keeps_the_largest() -> None:
    lines = area(Plot("live", tuple([1] * 500 + [1000] + [1] * 500), "count", "here"), width=40)
    assert sum(line.count("█") for line in lines) == 8
    assert lines[-1].index("▲") == lines[1].index("█")
    assert max(map(len, lines)) <= 40


def test_the_largest_of_many_storages_are_named() -> None:
    table = memory_table(memory(cnncost.load("densenet121").trace()))
    (note,) = (note for note in table.notes if note.startswith("live while"))
    assert note.startswith(
        "live while features.denseblock1.denselayer6.norm1 runs: features.denseblock1.denselayer6.concat 2,744.00 KB"
    )
    assert note.endswith(", 2 others 784.00 KB")


def test_the_members_of_an_ensemble_add_as_they_do_alone() -> None:
    both, one, other = (memory(cnncost.load(name).trace()) for name in ("resnet18 + resnet34", "resnet18", "resnet34"))
    assert both.outputs_bytes == one.outputs_bytes + other.outputs_bytes
    assert "add" not in memory(cnncost.load("resnet18 + mobilenet_v2").trace()).in_place


def test_what_a_network_is_called_does_not_matter(tmp_path: Path) -> None:
    """ResNet-50's adds work in place whatever it is called, and a network of one's own does not take a name's place."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("cnncost: 1\nmodel: resnet50\nname: mine\n")
    own = tmp_path / "resnet50.yaml"
    own.write_text("cnncost: 1\ninput: [8, 6, 10]\nlayers:\n  - add: [identity, [conv: {out: 8, kernel: 3, pad: 1}]]\n")
    assert memory(cnncost.load(str(mine)).trace()).outputs_bytes == memory(cnncost.load("resnet50").trace()).outputs_bytes
    graph = cnncost.load(str(own)).trace()
    assert (graph.name, memory(graph).outputs_bytes) == ("resnet50", 2 * 4 * 8 * 6 * 10)  # the convolution's, and the sum's


def test_memory_asks_nothing_of_letters() -> None:
    """Its tables of facts are formulas, whose letters are none of the network's: nothing is noted about them."""
    with assumptions() as found:
        plan = memory(cnncost.load("resnet18").trace(), batch=symbol("batch"))
        assert str(plan.training_bytes).count("batch") == 1
        assert len(plan.indices) == 68
    assert not any("writes" in str(fact) for fact in found)


def test_what_is_the_same_for_all_examples_is_made_once() -> None:
    """A gate of parameters alone, 4 numbers through a sigmoid, and a map of 4×8×8 times it: 16 + N·1,024 bytes."""
    graph = trace(lambda x: x.mul(x.parameter((4, 1, 1)).sigmoid()), (4, 8, 8))
    assert [memory(graph, batch=n).outputs_bytes for n in (1, 8)] == [16 + 1024, 16 + 8 * 1024]
