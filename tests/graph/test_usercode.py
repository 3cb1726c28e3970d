"""Whatever a user's own code raises is told with its place and the remedy; what our own code raises stays our fault."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import command

from cnncost import analyze, load, trace
from cnncost.base.errors import CnncostError, UsageError
from cnncost.graph.graph import Graph, Tensor, block
from cnncost.graph.usercode import CodeError
from cnncost.models.model import Model
from cnncost.rules import RULES, Rule, Shape

MODULE = """\
import json, sys
def near(x): return x.batchnorm()
def foreign(x): return x.conv(8, 3, padding=1, kernel_size=3)
def upper(x): return x.BatchNorm2d()
def typo(x):
    features = x.relu()
    return feature.relu()
def endless(x): return endless(x)
def ends(x): sys.exit(3)
def library(x): return json.loads("x")
def short(x): return x.conv(8)
def index(x): return [][1]
def claims(x): assert x.channels == 4, "four channels"
def extra(x): return x.relu(inplace=True)
def zero(x): return 1 // 0
"""
SWEPT = """\
def odd(x, width): return x.batchnorm() if width == 9 else x.conv(width, 3)
def even(x, width):
    assert width % 2 == 0
    return x.conv(width, 3)
"""
OURS = {  # what our own methods refuse in words
    "x.conv(8, 3, name=3)": "a conv layer in '' is named 3",
    "x.conv(8, 3, shared=3)": "layer 'conv' shares the weights of 3",
    "x.scope(3).__enter__()": "a scope in '' is named 3",
    "x.runs('a').__enter__()": "layers cannot run in 'a' of all passes",
    "x.concat([x, x])": "layer 'concat' (concat): [<Tensor 3×8×8 from input>, <Tensor 3×8×8 from input>] is no tensor",
    "x.conv(x, 3)": "layer 'conv' (conv of 3×8×8): out is <Tensor 3×8×8 from input>, which is no whole number",
    "x.conv(8, object)": "layer 'conv' (conv of 3×8×8): kernel is <class 'object'>, which is no whole number",
    "x.conv(8.0, 3)": "layer 'conv' (conv of 3×8×8): out is 8.0, which is no whole number",
}
FAULTS = {
    "near": ("m.py:2: AttributeError: 'Tensor' object has no attribute 'batchnorm'", "did you mean 'batch_norm'?"),
    "foreign": (
        "m.py:3: TypeError: conv() got an unexpected keyword argument 'padding'",
        "write pad, not padding; kernel, not kernel_size",
    ),
    "upper": ("m.py:4: AttributeError: 'Tensor' object has no attribute 'BatchNorm2d'", "did you mean 'batch_norm'?"),
    "typo": ("m.py:7: NameError: name 'feature' is not defined", "did you mean 'features'?"),
    "endless": ("m.py:8: RecursionError: it calls itself without end", "does it stop at some depth?"),
    "ends": (
        "m.py:9: it ends the program (sys.exit with 3)",
        "what a program does, and a model does not, belongs under: if __name__ == '__main__'",
    ),
    "library": ("m.py:10: JSONDecodeError: Expecting value: line 1 column 1 (char 0)", ""),
    "short": ("m.py:11: TypeError: conv() missing 1 required positional argument: 'kernel'", "see: cnncost ops conv"),
    "index": ("m.py:12: IndexError: list index out of range", ""),
    "claims": ("m.py:13: AssertionError: four channels", ""),
    "extra": ("m.py:14: TypeError: relu() got an unexpected keyword argument 'inplace'", "leave out inplace"),
    "zero": ("m.py:15: ZeroDivisionError: integer division or modulo by zero", ""),
}
IMPORTS = {
    "def net(x)\n  return x\n": ("m.py:1: SyntaxError: expected ':'", ""),
    "import nosuchmodule\n": (
        "m.py:1: ModuleNotFoundError: No module named 'nosuchmodule'",
        "install what 'nosuchmodule' belongs to, or run where it can be found",
    ),
    "import sys\n\nsys.exit('done')\n": (
        "m.py:3: it ends the program (sys.exit with done)",
        "what a program does, and a model does not, belongs under: if __name__ == '__main__'",
    ),
    "undefined\n": ("m.py:1: NameError: name 'undefined' is not defined", ""),
    "def f(): f()\nf()\n": ("m.py:1: RecursionError: it calls itself without end", "does it stop at some depth?"),
    "from os import nothing\n": (
        "m.py:1: ImportError: cannot import name 'nothing' from 'os'",
        "",
    ),
}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a module, and return what table says of one of its functions: the error, with exit code 2."""

    def told(text: str, name: str) -> str:
        import sys

        (tmp_path / "m.py").write_text(text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "m", raising=False)
        done = command("table", f"m:{name}", "--input", "3,8,8")
        monkeypatch.delitem(sys.modules, "m", raising=False)
        assert (done.code, done.out) == (2, "")
        return str(done.err)

    return told


@pytest.mark.parametrize("name", FAULTS)
def test_a_model_function_that_fails(own: Callable[..., str], name: str) -> None:
    message, hint = FAULTS[name]
    assert own(MODULE, name) == f"error: {name}: {message}\n" + (f"  {hint}\n" if hint else "")


@pytest.mark.parametrize("text", IMPORTS)
def test_a_module_that_fails_when_imported(own: Callable[..., str], text: str) -> None:
    message, hint = IMPORTS[text]
    lines = own(text, "net").split("\n")
    assert lines[0].startswith(f"error: {message}")  # Python adds the place of a module it cannot import from
    assert lines[1:] == ([f"  {hint}", ""] if hint else [""])


@pytest.mark.parametrize("call", OURS)
def test_a_call_that_cannot_be(call: str) -> None:
    with pytest.raises(CnncostError) as caught:
        trace(lambda x: eval(call, {"x": x}), (3, 8, 8))
    assert caught.value.message == OURS[call]


@pytest.mark.parametrize("reference", [None, 3, ["resnet50"]])
def test_what_names_no_model(reference: Any) -> None:
    with pytest.raises(UsageError) as caught:
        load(reference)
    assert str(caught.value) == f'{reference!r} names no model\ngive a name, "resnet50", or a path'


def test_a_sweep_of_a_model_that_fails(own: Callable[..., str], tmp_path: Path) -> None:
    """A fault stops a sweep; what refuses by ValueError or an assertion is a candidate that cannot be built."""
    own(SWEPT, "odd")  # writes the module, and is told that its setting has no value
    done = command("sweep", "m:odd", "--input", "3,8,8", "--over", "width=8:10", "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == "error: odd: m.py:1: AttributeError: 'Tensor' object has no attribute 'batchnorm'\n  did you mean 'batch_norm'?\n"
    )
    done = command("sweep", "m:even", "--input", "3,8,8", "--over", "width=8:10", "--format", "csv")
    assert done.code == 0
    assert [line.split(",")[0] for line in done.out.splitlines()] == ["width", "8", "10"]


def test_a_path_is_a_file() -> None:
    assert load(Path("specs/vgg16.yaml")).trace().output == load("specs/vgg16.yaml").trace().output == (1000,)


def test_an_interruption_stays_one() -> None:
    def stopped(x: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trace(stopped, (3, 8, 8))


def test_the_cause_is_kept() -> None:
    with pytest.raises(CodeError) as caught:
        trace(lambda x: x.conv([][0], 3), (3, 8, 8))
    assert isinstance(caught.value.raised, IndexError)
    with pytest.raises(CodeError) as caught:
        Model("net", lambda x: x.conv([][0], 3), (3, 8, 8)).trace()
    assert isinstance(caught.value.raised, IndexError)


@pytest.mark.parametrize("fault", [TypeError, AttributeError, KeyError, ValueError, ZeroDivisionError])
def test_our_own_faults_are_not_the_users(monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    def broken(x: Shape) -> Any:
        raise fault("ours")

    monkeypatch.setitem(RULES, "relu", Rule("relu", RULES["relu"].section, broken))
    with pytest.raises(fault) as caught:
        trace(lambda x: x.conv(4, 3).relu(), (3, 8, 8))
    assert not isinstance(caught.value, CnncostError)


@pytest.mark.parametrize(("kernel", "shown"), [("3", "'3'"), ({3: 3}, "{3: 3}"), (None, "None")])
def test_an_argument_of_the_wrong_type_is_the_users(kernel: Any, shown: str) -> None:
    with pytest.raises(CnncostError) as caught:
        trace(lambda x: x.conv(4, kernel), (3, 8, 8))
    assert shown in caught.value.message


@pytest.mark.parametrize(
    ("input", "message"),
    [
        (32, "the input 32 is no shape"),
        ("3,32,32", "the input '3,32,32' is no shape"),
        ((), "the input () has no sizes"),
    ],
)
def test_what_is_no_input(input: Any, message: str) -> None:
    with pytest.raises(CnncostError) as caught:
        trace(lambda x: x, input)
    assert (caught.value.message, caught.value.hint) == (message, "give the shape of one example: (channels, height, width)")


# ── a model function's own parameters ────────────────────────────────────────────────────────────────────────────────


def test_parameters_may_have_any_name() -> None:
    def net(x: Tensor, name: str = "a", function: int = 4, title: int = 3, self: int = 1, size: int = 1) -> Tensor:
        return x.conv(function, title, name=name).conv(self, size)

    graph = trace(net, (3, 8, 8), name="b", function=5, self=2, size=3)
    assert [(node.name, node.cost.shape[0]) for node in graph] == [("b", 5), ("conv", 2)]
    model = Model("net", net, (3, 8, 8))
    same = model.trace(name="b", function=5, self=2, size=3)
    assert [node.args for node in same] == [node.args for node in graph]
    assert model.trace(H=16).input == (3, 16, 8)


def test_a_block_may_have_a_parameter_called_name() -> None:
    @block
    def named(x: Tensor, name: str = "conv") -> Tensor:
        return x.conv(4, 1, name=name)

    assert [node.name for node in trace(lambda x: named(named(x), name="b"), (3, 8, 8))] == ["named.conv", "b.b"]


# ── sums and differences ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sum_of_branches() -> None:
    graph = trace(lambda x: sum([x.relu(), x.sigmoid(), x]), (3, 8, 8))
    assert [(node.kind, node.inputs) for node in graph] == [
        ("relu", (0,)),
        ("sigmoid", (0,)),
        ("add", (1, 2)),
        ("add", (3, 0)),
    ]


# ── what a library is used for ───────────────────────────────────────────────────────────────────────────────────────


def costs(value: Any) -> Any:
    """What there is to compare of a model, a graph or a report."""
    return value.trace() if isinstance(value, Model) else value if isinstance(value, Graph) else value.total


@pytest.mark.parametrize(
    "make",
    [
        lambda: load("resnet18"),
        lambda: load("resnet18 + resnet34"),
        lambda: load("specs/resnext50_32x4d.yaml"),
        lambda: load("specs/resnext50_32x4d.yaml", base=8),
        lambda: load("resnet18").trace(),
        lambda: analyze("resnet18"),
    ],
)
def test_pickled_and_copied(make: Callable[[], Any]) -> None:
    value = make()
    for other in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)):
        assert type(other) is type(value)
        both = [
            one.trace() if isinstance(one, Model) else one if isinstance(one, Graph) else one.total for one in (value, other)
        ]
        assert both[0] == both[1]


def test_a_layer_s_arguments_cannot_be_changed() -> None:
    node = load("resnet18").trace()["conv1"]
    for change in (lambda: node.args.update(out=3), lambda: node.args.__setitem__("out", 3), lambda: node.args.pop("out")):
        with pytest.raises(TypeError):
            change()
    assert node.args["out"] == 64


def test_a_graph_is_a_sequence_of_its_layers() -> None:
    graph = load("resnet18").trace()
    assert len(graph) == len(graph.layers) == len(list(graph))
    assert graph[0] is graph["conv1"] is graph.layers[0]
    assert [node.name for node in graph[:2]] == ["conv1", "bn1"]
    assert "layer1.0.conv1" in graph
    assert "layer9" not in graph
    with pytest.raises(UsageError) as caught:
        graph["layer1.0.conv"]
    assert caught.value.message == "resnet18 has no layer 'layer1.0.conv'"
    assert "'layer1.0.conv1'" in caught.value.hint


def test_representations_are_one_line() -> None:
    graph = load("resnet18").trace()
    assert repr(graph) == "<Graph resnet18: 68 layers, 3×224×224 to 1000>"
    assert repr(graph["conv1"]) == "<Node conv1: conv to 64×112×112, 9,408 parameters>"
    assert repr(load("resnet18", width=32)) == "<Model resnet18 (block=basic, depths=2,2,2,2, width=32): 3×224×224>"


def test_a_model_that_asks_numbers_cannot_be_a_formula() -> None:
    from cnncost.questions.formula import formula

    def rooted(x: Tensor, width: int) -> Tensor:
        return x.conv(len(width), 3)  # type: ignore[arg-type]

    with pytest.raises(UsageError, match="rooted cannot be traced with a symbol for width"):
        formula(Model("rooted", rooted, (3, 8, 8)), ["width"])
    with pytest.raises(CodeError) as caught:
        formula(Model("near", lambda x, width: x.conv(width, 3, padding=1), (3, 8, 8)), ["width"])
    assert caught.value.hint == "write pad, not padding"
