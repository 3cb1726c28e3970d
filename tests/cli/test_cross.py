"""Every option with every command that takes it: a value that works, and one that is refused in words.

An option without a row in `VALUES`, and a command without one in `COMMANDS`, fail: whoever adds one adds its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support import command

from cnncost.cli import cli

# A call of each command that works as it stands.
COMMANDS: dict[str, str] = {
    "table": "table resnet18",
    "compare": "compare resnet18 squeezenet1_1",
    "explain": "explain resnet18",
    "memory": "memory resnet18",
    "energy": "energy resnet18",
    "formula": "formula conv3x3",
    "solve": "solve conv3x3 --for C --target flops<=1G",
    "sweep": "sweep conv3x3 --over C=8,16",
    "check": "check resnet18 --max-params 12M",
    "diff": "diff resnet18 resnet34",
    "graph": "graph resnet18",
    "draw": "draw resnet18",
    "plot": "plot resnet18",
    "report": "report resnet18 squeezenet1_1",
    "serve": "serve resnet18",  # until Ctrl-C: only what it refuses is tried here, see tests/show/test_serve.py
    "snapshot": "snapshot resnet18",
    "new": "new net.yaml",
    "show": "show squeezenet1_1",
    "list": "list",
    "settings": "settings resnet18",
    "ops": "ops",
    "conventions": "conventions",
    "schema": "schema",
    "errors": "errors",
}

CONVENTION = """\
name: mine
states: multiply-adds of convolutions, and half of those of linear layers
flops: {conv: macs, linear: macs // 2}
"""
CONFIGURATION = '[budget.resnet18]\nparams = "12M"\n'

# Of each option: words that work, and words that do not; "" alone is a flag. `COMMAND OPTION` goes before `OPTION`.
VALUES: dict[str, tuple[list[str], list[str]]] = {
    "compare --columns": (
        ["params,weighted_layers,peak_memory", "input,params,ratio", "rf,depth"],
        ["nope", "kernel", "bound"],
    ),
    "list --columns": (["name,params,top1,recipe"], ["nope", "fits"]),
    "list --where": (['top1 >= 80 and family == "ResNet"'], ["top1 >=", "nope > 3", "params"]),
    "list --sort": (["top1", "-params"], ["nope"]),
    "list --weights": (["V2", "best", "all"], ["V9"]),
    "--weights": (["V2", "best", "IMAGENET1K_V1"], ["V9", "all"]),
    "--input": (["3,64,64"], ["3,0,64", "a,b", "1,2,3,4,5,6", "3,,", "left=3,64,64", "3,64,64 --input 3,32,32"]),
    "--from": (["layer2"], ["nope"]),
    "--until": (["layer2"], ["nope"]),
    "--no-head": ([""], []),
    "--bits": (["4", "w4a8"], ["nope=4", "x", "0"]),
    "sweep --bits": (["4", "w4a8"], ["x", "0"]),  # a layer that there is not: no candidate can be built
    "--density": (["0.33", "33%"], ["0", "2", "x"]),
    "--fold": (["batch_norm"], ["relu", "nope"]),
    "--max-bops": (["1P"], ["x", "-1"]),
    "--max-model-size": (["1GB"], ["x"]),
    "--max-inference-memory": (["1GB"], ["x"]),
    **{f"{name} --{end}": (["conv1"], ["nope"]) for name in ("formula", "solve") for end in ("from", "until")},
    "sweep --until": (["conv1"], ["nope"]),
    **{f"{name} --{end}": ([], ["nope"]) for name in ("compare", "report") for end in ("from", "until")},  # of two kinds
    "show --from": (["features.6"], ["nope"]),
    "show --until": (["features.6"], ["nope"]),
    "--size": (["64", "64x96"], ["0", "x", "1e3", "1,2,3"]),
    "--strict": ([""], []),
    "--assume": ([], ["Lambda=identity", "Lambda=pool"]),  # a setting of networks in files, which none of these models is
    "--set": (["classes=10"], ["nope=1", "classes", "classes=many"]),
    "formula --input": (["64,9,9"], ["3,0,64", "a,b"]),
    "solve --input": ([], ["3,0,64", "a,b"]),
    "sweep --input": ([], ["3,0,64", "a,b"]),
    "formula --set": (["C=8"], ["nope=1", "C"]),
    "solve --set": ([], ["nope=1", "C"]),
    "sweep --set": ([], ["nope=1", "C"]),
    "--batch": (["4"], ["0", "-1", "many", "1.5"]),
    "--dtype": (["float16", "int8"], ["float17"]),
    "--convention": (["lecture", "thop", "timm", "mine.yaml"], ["lectur", "nope.yaml", "."]),
    "--conventions": (["lecture,thop", "timm,mine.yaml"], ["lecture,nope", ","]),
    "--format": (["terminal", "plain", "json", "csv", "tsv", "markdown", "latex", "html"], ["xml"]),
    "--exact": ([""], []),
    "--unit": (["MB", "mib", "auto"], ["q", "MBit"]),
    "--output": (["out.json", "out.md"], ["out.xyz", "no/such/folder/out.json"]),
    "show --output": (["out.yaml"], ["no/such/folder/out.yaml"]),
    "schema --output": (["out.json"], ["no/such/folder/out.json"]),
    "--depth": (["0", "1"], ["-1", "x"]),
    "diff --depth": (["1", "2"], ["0", "x"]),
    "--sort": (["flops", "params"], ["nope"]),
    "sweep --sort": (["flops", "-params"], ["nope"]),
    "--top": (["3"], ["-1", "x"]),
    "--columns": (["name,params,flops", "peak"], ["nope"]),
    "--free": ([""], []),
    "--device": (["a100"], ["nope"]),
    "--peak": (["10TFLOPS --bandwidth 1TB/s"], ["x", "0"]),
    "--bandwidth": (["1TB/s --peak 10TFLOPS"], ["x"]),
    "compare --claim": (["2x", "19.4"], ["x", "2x --by type"]),
    "--claim": (["1.8G"], ["x"]),
    "--layer": (["conv1", "layer1", "layer1.0"], ["nope", "layer"]),
    "--field": (["maxpool", "layer1.0.conv1"], ["nope"]),
    "--blank": (["--layer conv1", "--field maxpool"], [""]),
    "--rules": ([""], []),
    "--optimizer": (["adam"], ["nope"]),
    "--in-place": (["relu"], ["nope"]),
    "--checkpoint": (["sqrt"], ["nope"]),
    "--dtypes": (["parameters=float16"], ["nope=float16", "kept"]),
    "--block": (["512"], ["0", "x"]),
    "--let": (["C=c"], ["nope=c"]),
    "--as": (["python", "latex"], ["nope"]),
    "--for": (["C"], ["nope"]),
    "--target": (["params<=1M"], ["nope<=1", "flops"]),
    "--equals": (["conv3x3"], ["nope"]),
    "--by": (["flops"], ["nope"]),
    "table --by": (["scope", "stage", "resolution", "type"], ["nope", "resolution --depth 1"]),
    "compare --by": (["scope", "stage", "resolution", "type", "type --columns memory"], ["nope", "type --columns peak"]),
    "--label": (["a --label b", "tab:x"], ["a"]),
    "--caption": (["Cost"], []),
    "--bars": ([""], []),
    "--nearest": ([""], []),
    "--below": ([""], []),
    "--above": ([""], []),
    "--among": (["8,16"], ["x"]),
    "--step": (["4"], ["0", "x"]),
    "solve --over": (["batch=8,16", "H=32,64"], ["nope=1,2", "C=1,2", "H", "batch=1:2000"]),
    "--over": (["batch=8,16"], ["nope=1,2", "C"]),
    "--where": (["flops <= 1G", "params + 1 > 3"], ["nope > 1", "flops <=", "flops"]),
    "--pareto": (["flops,params"], ["nope", "flops,nope"]),
    "--jobs": (["1"], ["-1", "x"]),
    "--progress": ([""], []),
    "sweep --from": ([], ["nope.csv", "nope.xyz"]),  # in place of --over, with which the command above stands
    "--sample": (["1"], ["0", "x"]),
    "--seed": (["3"], ["-1", "x"]),
    "--log": ([], [""]),
    "--dask": ([], ["nowhere"]),
    "--resume": ([], []),
    "--method": (["arrays"], ["nope"]),
    "--max-params": (["12M"], ["x", "-1"]),
    "--max-flops": (["4G"], ["x"]),
    "--max-macs": (["4G"], ["x"]),
    "--max-memory": (["40MB"], ["x"]),
    "--max-param-bytes": (["60MB"], ["x"]),
    "--max-buffers": (["10k"], ["x"]),
    "--max-layers": (["100"], ["x"]),
    "--max-weighted-layers": (["18"], ["x"]),
    "--max-peak-memory": (["40MB"], ["x"]),
    "--max-outputs": (["64MB"], ["x"]),
    "--max-kept-memory": (["64MB"], ["x"]),
    "--max-training-memory": (["1GB"], ["x"]),
    "--max-training-momentum": (["1GB"], ["x"]),
    "--max-training-adam": (["1GB"], ["x"]),
    "--max-training-flops": (["6G"], ["x"]),
    "--against": ([], ["nope.json"]),
    "--allow-new": ([""], []),
    "--config": (["own.toml"], ["nope.toml"]),
    "new --from": (["squeezenet1_1"], ["nope"]),
    "graph --format": (["json", "mermaid", "dot", "folded"], ["xml"]),
    "graph --output": (["out.json"], ["out.xyz", "no/such/folder/out.json"]),
    "draw --output": (["out.svg"], ["out.xyz", "no/such/folder/out.svg"]),
    "plot --output": (["out.json", "out.html"], ["out.xyz", "no/such/folder/out.html"]),
    "report --output": (["out.html"], ["out.xyz", "no/such/folder/out.html"]),
    "--figure": (["params", "memory"], ["nope", "peak", "field"]),
    "--kind": (["icicle", "roofline"], ["nope", "diff"]),
    "--x": (["params --kind bubble"], ["nope --kind bubble"]),
    "--y": (["memory --kind bubble"], ["nope --kind bubble"]),
    "--area": (["flops --kind bubble"], ["nope --kind bubble"]),
    "--data": ([], ["nope.csv --kind bubble"]),
    "--dark": ([""], []),
    "--diff": ([""], []),
    "--port": ([], ["-1", "x", "70000"]),
    "--open": ([], []),
    "serve --convention": ([], ["lectur", "nope.yaml"]),
    "serve --dtype": ([], ["float17"]),
    "serve --batch": ([], ["0", "many"]),
    "serve --device": ([], ["nope"]),
    "serve --peak": ([], ["x"]),
    "serve --bandwidth": ([], ["x"]),
    "--force": ([""], []),
}


def options(name: str) -> Iterator[str]:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    for parameter in found.params:
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts:
            yield parameter.opts[-1] if parameter.opts[-1].startswith("--") else parameter.opts[0]


def values(name: str, option: str) -> tuple[list[str], list[str]]:
    return VALUES.get(f"{name} {option}") or VALUES[option]


CROSSED = [(name, option) for name in cli.list_commands(click.Context(cli)) for option in options(name)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.yaml").write_text(CONVENTION)
    (tmp_path / "own.toml").write_text(CONFIGURATION)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


@pytest.mark.parametrize(("name", "option"), CROSSED, ids=[" ".join(pair) for pair in CROSSED])
def test_every_option_with_every_command(name: str, option: str, folder: Path) -> None:
    good, bad = values(name, option)
    call = COMMANDS[name].split()
    if option in call:  # an option that may stand once is tried in place of the one that is there
        at = call.index(option)
        del call[at : at + 2]
    for value in good:
        done = command(*call, option, *([value] if option == "--where" else value.split()), folder=folder)
        assert done.code == 0, (value, done.err)
        assert "error" not in done.err
        if (option, value) == ("--format", "json"):
            json.loads(done.out)
        (folder / "net.yaml").unlink(missing_ok=True)
    for value in bad:
        done = command(*call, option, *(value.split() if " --" in value else [value]), folder=folder)
        assert done.code == 2, (value, done.out[:200], done.err)
        assert done.out == ""
        assert "internal error" not in done.err
        assert done.err.startswith(("error: ", "Usage: ", "Error: ")), done.err
    assert not {path.name for path in folder.iterdir()} - {
        "mine.yaml",
        "own.toml",
        "out.json",
        "out.md",
        "out.yaml",
        "out.svg",
        "out.html",
    }


def test_every_command_has_a_row() -> None:
    assert set(COMMANDS) == set(cli.list_commands(click.Context(cli)))
