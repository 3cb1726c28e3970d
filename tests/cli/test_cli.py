"""The command line as a user meets it: what it prints, writes, refuses, and imports."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import command

from cnncost.cli import COMMANDS
from cnncost.show.render import FORMATS, SUFFIXES

TEXT_FORMATS = [name for name in FORMATS if name != "json"]


Run = Callable[..., Any]


@pytest.fixture
def run(cli: Run) -> Run:
    return cli


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, encoding="utf-8", **options)


# ── what it prints ───────────────────────────────────────────────────────────────────────────────────────────────────

# The lecture's table: memory in KB, parameters, FLOPs (EECS 498-007 lecture 8; /docs/counting.md).
LECTURE = """
conv1   784      23,296      72,855,552
pool1   182.25   0           419,904
conv2   546.75   307,392     223,948,800
pool2   126.75   0           292,032
conv3   253.5    663,936     112,140,288
conv4   169      884,992     149,520,384
conv5   169      590,080     99,680,256
pool5   36       0           82,944
flatten 36       0           0
fc6     16       37,752,832  37,748,736
fc7     16       16,781,312  16,777,216
fc8     3.90625  4,097,000   4,096,000
"""


def test_lecture_table(run: Run) -> None:
    shown = run("table", "alexnet_lecture", "--columns", "name,memory,params,flops", "--exact").out
    rows = [line.split() for line in shown.splitlines()[3:15]]
    given = [line.split() for line in LECTURE.split("\n")[1:-1]]
    assert [[name, float(memory), *others] for name, memory, *others in rows] == [
        [name, float(memory), *others] for name, memory, *others in given
    ]
    header = run("table", "alexnet_lecture").out.splitlines()[1].replace("in H", "H").split()
    assert header == [
        *("layer", "type", "in", "C", "H×W", "filters", "kernel", "stride", "pad"),
        *("out", "C", "out", "H×W", "memory", "(KB)", "params", "FLOPs"),
    ]


def test_table_json(run: Run) -> None:
    data = json.loads(run("table", "resnext50_32x4d", "--format", "json").out)
    assert data["schema"] == "cnncost.table/1"
    assert (data["model"], data["input"], data["batch"]) == ("resnext50_32x4d", [3, 224, 224], 1)
    assert (data["dtype"], data["convention"]) == ("float32", "lecture")
    assert data["total"]["params"] == 25_028_904  # torchvision 0.28.0
    assert data["total"]["macs"] == 4_230_479_872
    assert data["total"]["flops"] == 4_230_479_872 + 1_806_336 + 100_352  # the max pool's and the global pool's taps
    for figure, total in data["total"].items():
        assert sum(layer[figure] for layer in data["layers"]) == total, figure
    conv = next(layer for layer in data["layers"] if layer["name"] == "layer1.0.conv2")
    assert (conv["kind"], conv["output"], conv["macs"]) == ("conv", [128, 56, 56], 128 * 56 * 56 * 4 * 9)


@pytest.mark.parametrize("depth", ["0", "1", "2", "3"])
def test_groups_keep_the_total(run: Run, depth: str) -> None:
    data = json.loads(run("table", "resnet50", "--depth", depth, "--format", "json").out)
    assert data["total"]["params"] == 25_557_032
    assert sum(layer["params"] for layer in data["layers"]) == 25_557_032
    names = [layer["name"] for layer in data["layers"]]
    assert len(set(names)) == len(names)
    if depth == "1":
        assert names == ["conv1", "bn1", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]


@pytest.mark.parametrize("options", [[], ["--top", "3"], ["--depth", "1"], ["--sort", "params"], ["--batch", "7", "--free"]])
def test_every_text_format_has_rows_that_sum_to_its_total(run: Run, options: list[str]) -> None:
    command = ["table", "resnet18", "--columns", "name,params,macs,flops,activation_bytes", "--exact", *options]
    total = json.loads(run(*command, "--format", "json").out)["total"]
    expected = [total[figure] for figure in ("params", "macs", "flops", "activation_bytes")]
    for format in ("csv", "tsv"):
        rows = list(csv.reader(io.StringIO(run(*command, "--format", format).out), delimiter="," if format == "csv" else "\t"))
        assert rows[0] == ["name", "params", "macs", "flops", "activation_bytes"]
        assert rows[-1] == ["total", *map(str, expected)]
        assert [sum(int(row[i]) for row in rows[1:-1]) for i in range(1, 5)] == expected
    kilobytes = [*expected[:3], expected[3] / 1024]
    for format in ("plain", "markdown", "latex", "html", "terminal"):
        text = re.sub(r"\\multirow.*|<[^>]*>|[|&]|\\\\", " ", run(*command, "--format", format).out)
        lines = [re.findall(r"(?:^|\s)([\d,]+(?:\.\d+)?)(?=\s|$)", line)[-4:] for line in text.splitlines()]
        figures = [[float(cell.replace(",", "")) for cell in line] for line in lines if len(line) == 4]
        assert figures[-1] == kilobytes, format
        assert [sum(column) for column in zip(*figures[:-1], strict=True)] == kilobytes, format


def test_compare(run: Run) -> None:
    data = json.loads(run("compare", "resnet50", "resnet50 --set width=32 --size 160", "--format", "json").out)
    assert data["schema"] == "cnncost.compare/1"
    first, second = data["models"]
    assert (first["model"], first["input"], first["total"]["params"]) == ("resnet50", [3, 224, 224], 25_557_032)
    assert (second["model"], second["input"]) == ("resnet50 --set width=32 --size 160", [3, 160, 160])
    shown = run("compare", "resnet50", "resnet101").out.splitlines()
    assert shown[3].split()[2:4] == ["44,549,160", "1.743"]  # 44549160 / 25557032


def test_list(run: Run) -> None:
    data = json.loads(run("list", "resnext*", "--format", "json").out)
    assert data["schema"] == "cnncost.list/1"
    assert {"name", "family", "input", "source"} <= data["models"][0].keys()
    assert all(model["name"].startswith("resnext") and "arXiv" in model["source"] for model in data["models"])


def test_ops_and_conventions(run: Run) -> None:
    assert "kernel²·out·⌊C/groups⌋ + out" in run("ops", "conv").out
    assert json.loads(run("conventions", "--format", "json").out)["conventions"][0]["name"] == "lecture"
    assert re.search(r"^max_pool +taps +writes$", run("conventions", "lecture").out, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help(run: Run, command: list[str]) -> None:
    shown = run(*command, "--help")
    assert shown.code == 0
    assert shown.out.startswith("Usage: cnncost")


def test_options_change_what_they_say(run: Run) -> None:
    def total(*options: str) -> dict[str, int]:
        return json.loads(run("table", "resnet18", "--format", "json", *options).out)["total"]

    one = total()
    assert total("--batch", "8")["flops"] == 8 * one["flops"]
    assert total("--batch", "8")["params"] == one["params"]
    assert total("--dtype", "float16")["activation_bytes"] * 2 == one["activation_bytes"]
    assert total("--convention", "macs")["flops"] == one["macs"] == 1_814_073_344
    assert total("--size", "448")["params"] == one["params"]
    assert total("--input", "1,224,224")["params"] == one["params"] - 2 * 64 * 49
    assert total("--set", "depths=3,4,6,3")["params"] == 21_797_672  # ResNet-34
    assert total("--set", "depths.0=3", "--set", "classes=10")["params"] == one["params"] + 73_984 - 990 * 513


# ── a terminal ───────────────────────────────────────────────────────────────────────────────────────────────────────

SECTION = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix facility")
@pytest.mark.parametrize("width", [60, 80, 160])
def test_terminal(width: int) -> None:
    import pty

    host, guest = pty.openpty()
    env = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    with subprocess.Popen([sys.executable, "-m", "cnncost", "table", "resnext50_32x4d"], stdout=guest, env=env):
        os.close(guest)
        shown = b""
        while True:
            try:
                piece = os.read(host, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(host)
    text = shown.decode()
    assert SECTION.search(text)
    lines = [line.rstrip() for line in SECTION.sub("", text).splitlines()]
    assert max(map(len, lines)) <= width
    assert any(line.startswith("total") and line.endswith("4,232.39") for line in lines)
    assert (f"{width} columns are too few for: " in " ".join(lines)) == (width < 160)


def test_a_pipe_gets_every_column_without_colour() -> None:
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    shown = process("-m", "cnncost", "table", "resnext50_32x4d", env=env)
    assert "in H×W" in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize("words", ["table resnext50_32x4d", "memory resnet18", "compare vgg16 resnet50"])
@pytest.mark.parametrize("columns", [80, 97])
def test_a_pipe_honours_columns(words: str, columns: int) -> None:
    shown = command(*words.split(), env={"COLUMNS": str(columns)}).out
    assert max(map(len, shown.splitlines())) <= columns
    assert shown.split() != command(*words.split()).out.split()


def test_broken_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m cnncost table resnet1202_cifar --format json | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout == '{\n  "schem'
    assert done.stderr == ""


def test_what_a_model_of_the_users_leaves_open_is_written(tmp_path: Path) -> None:
    code = """import atexit
log = open("log.txt", "w")
atexit.register(print, "goodbye")
def net(x):
    log.write("traced")
    return x.conv(8, 3)
"""
    (tmp_path / "mine.py").write_text(code)
    done = process("-m", "cnncost", "table", "mine:net", "--input", "3,8,8", cwd=tmp_path)
    assert done.stdout.endswith("goodbye\n")
    assert (tmp_path / "log.txt").read_text() == "traced"


def test_bytes_that_are_no_whole_numbers(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """7·7·7 numbers of 4 bits are 171.5 bytes, 9·7·7 are 220.5: 49 more."""
    monkeypatch.chdir(tmp_path)
    text = "cnncost: 1\nname: odd\ninput: [3, 9, 9]\nlayers:\n- conv: {out: 7, kernel: 3}\nbudget: {memory: {growth: 30%}}\n"
    (tmp_path / "odd.yaml").write_text(text)
    (tmp_path / "more.yaml").write_text(text.replace("out: 7", "out: 9"))
    assert run("snapshot", "odd.yaml", "--dtype", "int4", "-o", "before.json").code == 0
    (tmp_path / "odd.yaml").write_text(text.replace("out: 7", "out: 9"))
    for before, now in (("before.json", "odd.yaml"), ("before.json", "more.yaml")):
        shown = run("diff", before, now, "--dtype", "int4", "--format", "csv").out.splitlines()
        assert [line.rpartition(",")[2] for line in shown] == ["activation_bytes", "49.0", "49.0"]
    assert "171.5" in run("check", "odd.yaml", "--against", "before.json", "--dtype", "int4", "--format", "json").out
    assert "+28.57%" in run("check", "odd.yaml", "--against", "before.json", "--dtype", "int4").out
    graph = "graph", "odd.yaml", "--dtype", "int4", "--figure", "memory", "--format"
    assert run(*graph, "folded").out == "conv 220.5\n"
    assert "220.5 (100.0 %)" in run(*graph, "mermaid").out
    plot = "plot", "odd.yaml", "alexnet", "--kind", "diff", "--figure", "memory", "--dtype", "int4", "-o", "diff.vl.json"
    assert run(*plot).code == 0
    words = "compare", "odd.yaml", "more.yaml", "--dtype", "int4", "--by", "type"
    assert run(*words, "--format", "plain").out.splitlines()[2].split()[-3:] == ["0.22", "0.22", "1.000"]


def test_a_terminal_without_unicode() -> None:
    shown = process("-m", "cnncost", "table", "resnet18", "--depth", "0", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert shown.returncode == 0
    assert "11,689,512" in shown.stdout


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("suffix", "format"), SUFFIXES.items())
def test_output_file(run: Run, tmp_path: Path, suffix: str, format: str) -> None:
    path = tmp_path / f"costs{suffix}"
    assert run("table", "resnet18", "-o", str(path)).out == ""
    head = '<!DOCTYPE html>\n<meta charset="utf-8">\n' if format == "html" else ""
    assert path.read_text(encoding="utf-8") == head + run("table", "resnet18", "--format", format).out
    beside = [f"{path.name}.json"] if format in ("csv", "tsv") else []  # which say what holds for all rows
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name, *beside]


def test_output_file_is_replaced_whole_or_not_at_all(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("before")
    path.chmod(0o640)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        failed = run("table", "resnet18", "-o", str(path))
    assert (failed.code, failed.err) == (
        2,
        f"error: cannot write '{path}': no space left on device\n  choose another file\n",
    )
    assert path.read_text() == "before"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert run("table", "resnet18", "-o", str(path)).code == 0
    assert path.read_text().startswith("name,")
    assert path.stat().st_mode & 0o777 == 0o640


def test_output_through_a_link_and_to_a_device(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "target.csv")
    assert run("table", "resnet18", "-o", str(link)).code == 0
    assert link.is_symlink()
    assert (tmp_path / "target.csv").read_text().startswith("name,")
    assert run("table", "resnet18", "--format", "csv", "-o", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


# ── what it refuses ──────────────────────────────────────────────────────────────────────────────────────────────────

REFUSALS = {
    "table resnext50_32x4": "unknown model 'resnext50_32x4'\n"
    "did you mean 'resnext50_32x4d', 'resnext50_2x40d' or 'se_resnext50_32x4d'?",
    "table nothinglikethis": "unknown model 'nothinglikethis'\nsee: cnncost list",
    "tabel": "unknown command 'tabel'\ndid you mean 'table'?",
    "table resnet50 --set widht=32": "resnet50 has no setting 'widht'\ndid you mean 'width'?",
    "table resnet50 --set width": "'width' sets nothing\nwrite NAME=VALUE, as in width=32",
    "table resnet50 --set width=wide": "setting width=wide: 'wide' is no whole number\nwrite digits, as in 224",
    "table resnet50 --set width=0": "resnet50: layer 'conv1' (conv of 3×224×224): out is 0, which is below 1",
    "table resnet50 --set depths.4=2": "resnet50 has no setting 'depths.4'\ndepths is 3,4,6,3: its entries are 0 to 3",
    "table resnet50 --set block=botleneck": "setting block=botleneck: no such choice\ndid you mean 'bottleneck'?",
    "table resnet50 --set stride_in_1x1=yes": "setting stride_in_1x1=yes: 'yes' is neither true nor false\nwrite true or false",
    "table resnet20_cifar --set depth=21": "resnet20_cifar: depth=21 is not 6n + 2 with n ≥ 1\ntry 20, 32, 44, 56, 110 or 1202",
    "table resnet50 --columns nam": "unknown column 'nam'\ndid you mean 'name'?",
    "table resnet50 --sort name": "cannot sort by 'name'\n"
    "figures: params, flops, macs, memory, param_bytes, buffers, layers, weighted_layers, peak_memory, "
    "outputs, kept_memory, training_memory, training_momentum, training_adam, expected_flops, training_flops, "
    "input_gradient_flops, weight_gradient_flops, bops, model_size, energy, moved, intensity, bound",
    "table resnet50 --format jsn": "unknown format 'jsn'\ndid you mean 'json'?",
    "table resnet50 --dtype float": "unknown dtype 'float'\ndid you mean 'float32', 'float8' or 'float64'?",
    "table resnet50 --convention lectur": "unknown convention 'lectur'\ndid you mean 'lecture'?",
    "table resnet50 --size big": "--size big: 'big' is no whole number\nwrite digits, as in 224",
    "table resnet50 --size 0": "--size 0: 0 is below what is possible\ngive 1 to 10^18",
    "table resnet50 --input 224": "resnet50: layer 'conv1' (conv of 224): needs a C×H×W map, got 224\n"
    "a map has channels and one to three axes: C×L, C×H×W, C×D×H×W",
    "table resnet50 --input 3,224,224 --size 8": "--input and --size both say how large the input is\ngive one of them",
    "table resnet50 --batch 1.5": "--batch: '1.5' is no whole number\nwrite digits, as in 224",
    "table resnet50 --batch " + "9" * 40: f"--batch: '{'9' * 40}' is no whole number\nwrite digits, as in 224",
    "table resnet50 -o costs.xlsx": "the suffix of 'costs.xlsx' names no format\n"
    "suffixes: .txt, .json, .csv, .tsv, .md, .tex, .html, .parquet, .npz; or name one with --format",
    "table resnet50 -o no/such/folder.csv": "cannot write 'no/such/folder.csv': no such file or directory\n"
    "there is no folder 'no/such': make it first, or choose another file",
    "list nothinglikethis": "no model matches 'nothinglikethis'\nsee: cnncost list",
    "ops konv": "unknown layer type 'konv'\ndid you mean 'conv'?",
    "table no.such.module:net": "cannot import 'no.such.module' of the model 'no.such.module:net': No module named 'no'\n"
    "write package.module:function",
}


@pytest.mark.parametrize("command", REFUSALS)
def test_refusal(run: Run, command: str) -> None:
    result = run(*command.split())
    fact, _, remedy = REFUSALS[command].partition("\n")
    assert result.err == f"error: {fact}\n" + (f"  {remedy}\n" if remedy else "")
    assert (result.code, result.out) == (2, "")


NETS = """
def groups(x):
    return x.conv(100, 3, groups=48, name="grouped")

def joined(x):
    return x.conv(8, 3, name="a").add(x.conv(8, 1, name="b"), name="sum")

def unflattened(x):
    with x.scope("head"):
        return x.linear(10, name="fc")

def vanishing(x):
    with x.scope("stem"):
        return x.conv(8, 7, name="conv")

def nothing(x):
    return None

def needs(x, width):
    return x.conv(width, 1)

class Net:
    pass

number = 3
"""

OWN_REFUSALS = {
    "groups": "groups: layer 'grouped' (conv of 96×5×5): groups=48 must divide the 100 filters",
    "joined": "joined: layer 'sum' (add of 8×3×3 and 8×5×5): cannot add 8×3×3 and 8×5×5: shapes must be equal, or broadcast\n"
    "bring the branches to one shape, with a 1×1 convolution (a projection) for instance",
    "unflattened": "unflattened: layer 'head.fc' (linear of 96×5×5): needs features, got a 96×5×5 map\n"
    "add flatten or global_avg_pool before it, tokens to apply it at every position, or name an axis: axis=-1",
    "vanishing": "vanishing: layer 'stem.conv' (conv of 96×5×5): the output height is -1, which is below 1\n"
    "a 7×7 window does not fit into the 5×5 input: use a smaller one, or pad",
    "nothing": "nothing: the model nothing returned None\na model returns a tensor, or a tuple of tensors, made from its input",
    "needs": "needs needs a value for 'width'\ngive one: --set width=…, or --input width=3,224,224 where it is a tensor",
    "neds": "'mynets' has no model function 'neds'\ndid you mean 'mynets:needs'?",
    "number": "'mynets' has no model function 'number'\nits functions: groups, joined, unflattened, vanishing, nothing, needs",
}


@pytest.mark.parametrize("name", OWN_REFUSALS)
def test_refusal_of_a_model_of_ones_own(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "mynets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mynets", raising=False)
    result = run("table", f"mynets:{name}", "--input", "96,5,5")
    fact, _, remedy = OWN_REFUSALS[name].partition("\n")
    assert result.err == f"error: {fact}\n" + (f"  {remedy}\n" if remedy else "")
    assert (result.code, result.out) == (2, "")


def test_a_model_of_ones_own(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mynets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mynets", raising=False)
    data = json.loads(run("table", "mynets:needs", "--set", "width=5", "--input", "3,4,4", "--format", "json").out)
    assert data["total"]["macs"] == 5 * 3 * 16
    missing = run("table", "mynets:needs", "--set", "width=5")
    assert missing.err == "error: needs has no input size of its own\n  give one: --input 3,224,224\n"


@pytest.mark.parametrize(
    ("words", "params"),
    [
        (["resnet50", "--set", "width=1000000000000"], None),
        (["resnet20_cifar", "--set", "depth=6000002"], "more than 10,000 layers"),
        (["resnet50", "--set", "depths=1000000000000,1,1,1"], "more than 10,000 layers"),
        (["resnet50", "--input", "3,1000000000000,1000000000000", "--batch", "1000000000000"], None),
    ],
)
def test_absurd_sizes_are_computed_or_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], params: str | None
) -> None:
    monkeypatch.setattr("cnncost.graph.graph.MAX_LAYERS", 10_000)
    done = run("table", *words, "--depth", "0", "--format", "json")
    if params is None:
        total = json.loads(done.out)["total"]
        assert total["params"] > 0
        assert total["macs"] > 2**63
    else:
        assert done.code == 2
        assert params in done.err


def test_counts_past_int64_are_exact(run: Run) -> None:
    """Against the closed form by hand: one 3×3 convolution of 10^12 channels, at 10^9 × 10^9, for a batch of 10^6."""
    data = json.loads(
        run(
            "table", "conv3x3", "--set", "C=1000000000000", "--size", "1000000000", "--batch", "1000000", "--format", "json"
        ).out
    )
    assert data["total"]["macs"] == 9 * 10**12 * 10**12 * 10**9 * 10**9 * 10**6


# ── start-up ─────────────────────────────────────────────────────────────────────────────────────────────────────────

HEAVY = ("numpy", "rich", "tabulate", "yaml")
PROBE = """
import atexit, sys
atexit.register(lambda: print("imported:", *(name for name in %r if name in sys.modules), file=sys.stderr))
sys.argv = ["cnncost", *%r]
from cnncost.__main__ main
main()
"""


@pytest.mark.parametrize(
    ("words", "imported"),
    [
        (["--help"], []),
        (["--version"], []),
        (["table", "--help"], []),
        (["table", "resnext50_32x4"], []),
        (["table", "resnext50_32x4d", "--set", "cardinality=0"], []),
        (["table", "alexnet", "--size", "32"], []),
        (["table", "resnext50_32x4d", "--columns", "nam"], []),
        (["table", "resnext50_32x4d", "-o", "x.xyz"], []),
        (["table", "resnext50_32x4d"], ["numpy"]),
        (["list", "resnext*"], []),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(words: list[str], imported: list[str]) -> None:
    done = process("-c", PROBE.replace("__main__ main", "__main__ import main") % (HEAVY, words))
    assert done.stderr.splitlines()[-1].split()[1:] == imported


def test_a_table_imports_the_family_it_needs() -> None:
    probe = "import cnncost, sys; cnncost.load('vgg16'); print([n for n in sys.modules if n.startswith('cnncost.models.zoo.')])"
    loaded = process("-c", probe).stdout
    assert "cnncost.models.zoo.vgg" in loaded
    assert "cnncost.models.zoo.resnet'" not in loaded


# ── completion ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("cnncost ta", "table"),
        ("cnncost table resnext50_32", "resnext50_32x4d"),
        ("cnncost table resnet50 --format js", "json"),
        ("cnncost table resnet50 --columns name,par", "name,params"),
        ("cnncost table resnet50 --set wid", "width="),
        ("cnncost table resnet50 --dtype bf", "bfloat16"),
        ("cnncost table resnet50 --convention lec", "lecture"),
        ("cnncost ops max", "max_pool"),
    ],
)
def test_completion(typed: str, offered: str) -> None:
    env = {**os.environ, "_CNNCOST_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    assert f"plain,{offered}" in process("-m", "cnncost", env=env).stdout.split()
