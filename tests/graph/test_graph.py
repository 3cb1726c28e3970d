"""Tracing: names, scopes, shared weights, outputs, and what is refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnncost import analyze, block, symbols, trace
from cnncost.base.errors import CnncostError, Disagreement, ModelError
from cnncost.base.ints import Ints
from cnncost.base.poly import minimum, same
from cnncost.graph.graph import Tensor


def names(model: Callable[..., Any], input: Any = (4, 8, 8)) -> list[str]:
    return [node.name for node in trace(model, input).layers]


def refusal(model: Callable[..., Any], input: Any = (4, 8, 8)) -> tuple[str, str]:
    with pytest.raises(ModelError) as caught:
        trace(model, input)
    return caught.value.message, caught.value.hint


# ── a model ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def lenet(x: Tensor, classes: int = 10) -> Tensor:
    for stage, width in enumerate((20, 50), 1):
        with x.scope(f"stage{stage}"):
            x = x.conv(width, 5, pad=2).relu().max_pool(2)
    return x.flatten().linear(500, name="fc1").relu().linear(classes, name="fc2")


def test_a_model_of_a_few_lines() -> None:
    """The figures of EECS 498-007 lecture 8 for its LeNet-5."""
    graph = trace(lenet, (1, 28, 28))
    assert graph.name == "lenet"
    assert (graph.input, graph.output) == ((1, 28, 28), (10,))
    assert [(node.name, node.cost.shape) for node in graph.layers] == [
        ("stage1.conv", (20, 28, 28)),
        ("stage1.relu", (20, 28, 28)),
        ("stage1.max_pool", (20, 14, 14)),
        ("stage2.conv", (50, 14, 14)),
        ("stage2.relu", (50, 14, 14)),
        ("stage2.max_pool", (50, 7, 7)),
        ("flatten", (2450,)),
        ("fc1", (500,)),
        ("relu", (500,)),
        ("fc2", (10,)),
    ]
    assert [node.inputs for node in graph.layers] == [(i,) for i in range(10)]
    weights = [node.cost for node in graph.layers if node.cost.params]
    assert [cost.params for cost in weights] == [520, 25_050, 1_225_500, 5_010]
    assert [cost.macs for cost in weights] == [392_000, 4_900_000, 1_225_000, 5_000]
    assert analyze(lenet, input=(1, 28, 28), classes=100).total["params"] == 1_256_080 + 90 * 501


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@block
def pair(x: Tensor, width: int) -> Tensor:
    return x.conv(width, 1).relu()


def nested(x: Tensor) -> Tensor:
    with x.scope("stage1"):
        x = pair(x, 2, name="first").relu()
        with x.scope("inner"):
            x = x.relu()
        x = x.relu()
    return x.relu()


def reopened(x: Tensor) -> Tensor:
    for _ in range(3):
        with x.scope("stage"):
            x = x.relu()
    return x


def interrupted(x: Tensor) -> Tensor:
    try:
        with x.scope("stage"):
            x = x.relu().linear(3)
    except ModelError:
        pass
    return x.relu()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (lambda x: x.relu().relu().relu(), "relu relu_2 relu_3"),
        (lambda x: x.relu(name="relu_2").relu().relu().relu(), "relu_2 relu relu_3 relu_4"),
        (lambda x: x.conv(2, 1, name="a").conv(2, 1, name="a"), "a a_2"),
        (lambda x: x.slice(stop=2, name="a.b").slice(stop=1), "a.b slice"),
        (lambda x: pair(pair(x, 2), 2), "pair.conv pair.relu pair_2.conv pair_2.relu"),
        (lambda x: pair(x, 2, name="layer1.0"), "layer1.0.conv layer1.0.relu"),
        (lambda x: pair(x.relu(name="pair"), 2), "pair pair_2.conv pair_2.relu"),
        (nested, "stage1.first.conv stage1.first.relu stage1.relu stage1.inner.relu stage1.relu_2 relu"),
        (reopened, "stage.relu stage_2.relu stage_3.relu"),
        (interrupted, "stage.relu relu"),
        (lambda x: x.relu(name="input"), "input_2"),
    ],
)
def test_names(model: Callable[[Tensor], Tensor], expected: str) -> None:
    assert " ".join(names(model)) == expected


def test_names_are_unique_whatever_is_asked_for() -> None:
    def model(x: Tensor) -> Tensor:
        for name in ["a", "a_2", "a", "a", "a_3", "a_2", "a_2_2", "a"]:
            x = x.relu(name=name)
        return x

    assert len(set(names(model))) == 8


def test_a_block_keeps_its_name_and_words() -> None:
    assert pair.__name__ == "pair"


# ── shared weights ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_shared_weights_count_once_and_compute_each_time() -> None:
    def heads(x: Tensor) -> tuple[Tensor, ...]:
        sizes = [x, x.max_pool(2, name="half"), x.max_pool(4, name="quarter")]
        first = sizes[0].conv(6, 3, 1, 1, name="head")
        second = sizes[1].conv(6, 3, 1, 1, name="again", shared="head")
        return first, second, sizes[2].conv(6, 3, 2, 1, name="third", shared="again")  # another stride, the same weights

    head, *others = (node for node in trace(heads, (4, 8, 8)).layers if node.kind == "conv")
    assert head.cost.params == 6 * 4 * 9 + 6
    assert [node.cost.params for node in others] == [0, 0]
    assert [node.cost.macs for node in (head, *others)] == [216 * 64, 216 * 16, 216 * 1]
    assert [node.cost.bias for node in (head, *others)] == [6 * 64, 6 * 16, 6 * 1]
    assert [node.shares for node in (head, *others)] == [None, "head", "head"]


def test_shared_names_are_looked_up_in_the_scope_first() -> None:
    def model(x: Tensor) -> Tensor:
        x = x.batch_norm(name="norm")
        with x.scope("block"):
            x = x.batch_norm(name="norm")
            x = x.batch_norm(name="inner", shared="norm")
        with x.scope("other"):
            x = x.batch_norm(name="outer", shared="norm")
        return x.batch_norm(name="full", shared="block.norm")

    graph = trace(model, (4, 8, 8))
    assert {node.name: node.shares for node in graph.layers if node.shares} == {
        "block.inner": "block.norm",
        "other.outer": "norm",
        "full": "block.norm",
    }
    assert [node.cost.params for node in graph.layers] == [8, 8, 0, 0, 0]
    assert [node.cost.buffers for node in graph.layers] == [8, 8, 0, 0, 0]


ONE_KIND = "weights are shared between layers of one kind, with the same arguments and input channels"


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        (
            lambda x: x.conv(4, 1, name="head").conv(4, 1, shared="heat"),
            "layer 'conv' shares the weights of 'heat', which is no earlier layer",
            "did you mean 'head'?",
        ),
        (
            lambda x: x.conv(4, 1, name="a", shared="a"),
            "layer 'a' shares the weights of 'a', which is no earlier layer",
            "",
        ),
        (
            lambda x: x.conv(4, 1, name="a").conv(4, 3, name="b", shared="a"),
            "layer 'b' (conv, 148 parameters) cannot share the weights of 'a' (conv, 20)",
            ONE_KIND,
        ),
        (
            lambda x: x.conv(6, 1, name="a").conv(6, 1, name="b", shared="a"),
            "layer 'b' (conv, 42 parameters) cannot share the weights of 'a' (conv, 30)",
            ONE_KIND,
        ),
        (
            lambda x: x.conv(2, (4, 1), 1, "same", name="a").conv(4, (2, 1), 1, "same", bias=False, name="b", shared="a"),
            "layer 'b' (conv, 16 parameters) cannot share the weights of 'a' (conv, 34)",
            ONE_KIND,
        ),
        (
            lambda x: x.conv(8, 1, bias=False, name="a").conv(4, 1, bias=False, name="b", shared="a"),  # transposed
            "layer 'b' (conv, 32 parameters) cannot share the weights of 'a' (conv, 32)",
            ONE_KIND,
        ),
        (
            lambda x: x.flatten().linear(4, name="a").layer_norm(name="b", shared="a"),
            "layer 'b' (layer_norm, 8 parameters) cannot share the weights of 'a' (linear, 1028)",
            ONE_KIND,
        ),
    ],
)
def test_weights_that_cannot_be_shared(model: Callable[[Tensor], Tensor], message: str, hint: str) -> None:
    assert refusal(model) == (message, hint)


# ── outputs, and tensors of other networks ───────────────────────────────────────────────────────────────────────────


def test_several_outputs() -> None:
    graph = trace(lambda x: (x.flatten().linear(3), x.max_pool(2)), (4, 8, 8))
    assert [graph.nodes[i].cost.shape for i in graph.outputs] == [(3,), (4, 4, 4)]
    assert graph.output == (3,)


def test_the_input_may_be_the_output() -> None:
    graph = trace(lambda x: x, (4, 8, 8))
    assert (graph.layers, graph.output) == ((), (4, 8, 8))


def stray(kept: list[Tensor] = []) -> Tensor:  # noqa: B006
    """A tensor of another network."""
    if not kept:
        trace(lambda x: kept.append(x.relu()) or x, (4, 8, 8))
    return kept[0]


async def awaited(x: Tensor) -> Any:
    return x


def returned(x: Tensor) -> Any:
    return [x]


CONSTANT = "a constant costs nothing here: leave it out"
NOT_TRACED = "constants are not traced: leave it out, or write a layer that does it"
RETURNS = "a model returns a tensor, or a tuple of tensors, made from its input"


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        (lambda x: x + stray(), "layer 'add' (add) mixes tensors of two networks", ""),
        (lambda x: x.concat(x, 3, name="join"), "layer 'join' (concat): 3 is no tensor", CONSTANT),
        (lambda x: x * None, "x * None after layer 'input': the other side is no tensor", NOT_TRACED),
        (lambda x: x.relu() + 1, "x + 1 after layer 'relu': the other side is no tensor", NOT_TRACED),
        (lambda x: 1 + x.relu(), "x + 1 after layer 'relu': the other side is no tensor", NOT_TRACED),
        (lambda x: x - 2, "x - 2 after layer 'input': the other side is no tensor", NOT_TRACED),
        (lambda x: (), "the model <lambda> returned no tensor", "return its output"),
        (returned, "the model returned returned [<Tensor 4×8×8 from input>]", RETURNS),
        (lambda x: None, "the model <lambda> returned None", RETURNS),
        (awaited, "the model awaited returned <coroutine object awaited>", RETURNS),
        (lambda x: object(), "the model <lambda> returned <object object>", RETURNS),
        (lambda x: (x, 3), "the model <lambda> returned (<Tensor 4×8×8 from input>, 3)", RETURNS),
        (lambda x: stray(), "the model <lambda> returned <Tensor 4×8×8 from relu>", RETURNS),
    ],
)
def test_what_is_no_network(model: Callable[[Tensor], Any], message: str, hint: str) -> None:
    assert refusal(model) == (message, hint)


def test_a_network_of_too_many_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain(x: Tensor, depth: int) -> Tensor:
        for _ in range(depth):
            x = x.relu()
        return x

    monkeypatch.setattr("cnncost.graph.graph.MAX_LAYERS", 1000)
    assert len(trace(chain, (4, 8, 8), depth=1000).layers) == 1000
    with pytest.raises(ModelError) as caught:
        trace(chain, (4, 8, 8), depth=1001)
    assert caught.value.message == "the network has more than 1,000 layers"
    assert caught.value.hint == "is a depth or a repeat mistyped?"


def test_a_network_of_too_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def dense(x: Tensor, width: int) -> Tensor:
        return x.concat(*[x] * (width - 1))

    monkeypatch.setattr("cnncost.graph.graph.MAX_CONNECTIONS", 1000)
    assert trace(dense, (4, 8, 8), width=1000).output == (4000, 8, 8)
    assert refusal(lambda x: dense(x, 1001)) == (
        "the network has more than 1,000 connections",
        "is a depth or a repeat mistyped?",
    )


# ── inputs and settings: integers, columns, letters ──────────────────────────────────────────────────────────────────


def residual(x: Tensor, width: Any = 8) -> Tensor:
    y = x.conv(width, 3, 2, 1, name="first").batch_norm().relu()
    y = y.conv(width, 3, 1, 1, name="second") + x.conv(width, 1, 2, name="projection")
    y = y.conv(width, 3, 1, 1, name="third", shared="second")
    return (y * y.global_avg_pool().linear(width).sigmoid()).concat(y).max_pool(3, 2).flatten().linear(10)


def test_letters_and_columns_give_what_integers_give() -> None:
    sizes, widths, depths = [9, 32, 33, 64], [8, 12, 16, 40], [1, 3, 4, 7]
    letters = trace(residual, symbols("C H W"), width=symbols("N")[0])
    columns = trace(residual, (np.array(depths), np.array(sizes), 32), width=np.array(widths))
    assert str(columns.input[1]) == "[9 32 33 64]"
    for index, (c, h, n) in enumerate(zip(depths, sizes, widths, strict=True)):
        graph = trace(residual, (c, h, 32), width=n)
        point = {"C": c, "H": h, "W": 32, "N": n}
        for node, column, letter in zip(graph.nodes, columns.nodes, letters.nodes, strict=True):
            assert (node.name, node.inputs) == (column.name, column.inputs) == (letter.name, letter.inputs)
            for field in ("params", "macs", "bias", "taps", "buffers"):
                expected = getattr(node.cost, field)
                entries, closed = getattr(column.cost, field), getattr(letter.cost, field)
                assert expected == (entries.values[index] if isinstance(entries, Ints) else entries)
                assert expected == (closed if isinstance(closed, int) else closed.subs(point))


def test_numpy_numbers_become_integers() -> None:
    graph = trace(lambda x, width: x.conv(width, 3), np.array([3, 8, 8], dtype=np.int32), width=np.int8(100))
    assert [type(number) for number in (*graph.input, *graph.output, graph.nodes[1].cost.macs)] == [int] * 7
    assert graph.nodes[1].cost.macs == 100 * 27 * 36


@pytest.mark.parametrize("size", [0, -1, np.int64(0), np.int16(-3), 8.5, np.float32(8.5), "8", None, np.array([4, 0])])
def test_sizes_are_whole_numbers_from_1(size: Any) -> None:
    message, hint = refusal(lambda x: x.relu(), (3, size, 8))
    assert message.startswith(f"the input 3×{size}×8 has the size {size}")
    assert hint == "sizes are whole numbers from 1"


def test_a_question_that_letters_leave_open_names_the_place() -> None:
    def model(x: Tensor) -> Tensor:
        x = x.relu(name="last")
        return x.max_pool(minimum(x.height, 7))

    message, hint = refusal(model, symbols("C H W"))
    assert message == "whether H > 7 depends on the symbols (after layer 'last')"
    assert hint == "give the symbols numbers, or set the setting that asks to a number"


def test_a_question_that_a_shape_cannot_answer_names_the_place() -> None:
    message, hint = refusal(lambda x: x.conv(x.flatten(name="last").height, 1))
    assert message == "needs a C×H×W map, got 256 (after layer 'last')"
    assert hint == "a map has channels and one to three axes: C×L, C×H×W, C×D×H×W"


def test_candidates_that_need_different_graphs_say_which() -> None:
    def model(x: Tensor, width: Any) -> Tensor:
        return x.relu() if same(x.channels, width) else x.conv(width, 1)

    with pytest.raises(Disagreement) as caught:
        trace(model, (4, 8, 8), width=np.array([4, 5, 4]))
    assert list(caught.value.mask) == [True, False, True]
    assert issubclass(Disagreement, CnncostError)


def test_a_layer_met_before_is_checked_all_the_same() -> None:
    assert refusal(lambda x: x.conv(4, 1).conv(4, 1.0))[0] == (
        "layer 'conv_2' (conv of 4×8×8): kernel is 1.0, which is no whole number"
    )


# ── the methods of Tensor ────────────────────────────────────────────────────────────────────────────────────────────


def test_layers_py_is_what_the_rules_say() -> None:
    spec = importlib.util.spec_from_file_location("generate_layers", Path(__file__).parents[1] / "tools" / "generate_layers.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.TARGET.read_text(encoding="utf-8")
    assert module.generate() == text, "run: python tests/tools/generate_layers.py"
