"""Every command in narrow and wide terminals: nothing is wider, no word breaks, no two columns have one title."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from support import command, tables_of

from cnncost.cli import COMMANDS
from cnncost.show.render.terminal import draw
from cnncost.show.render.text import plain

WIDTHS = (80, 120, 160)
NETWORKS = [
    "resnet50",
    "resnext_block",
    "alexnet_original",
    "inception_naive",
    "densenet121",
    "hrnet_w18",
    "vit_b_16",
    "wrn_40_8",
]
CALLS = [
    *(
        f"table {name}"
        for name in (*NETWORKS, "alexnet_lecture", "mobilenet_v3_large", "efficientnet_b0", "googlenet", "swin_t")
    ),
    *(f"table {name} --depth 1" for name in NETWORKS),
    "table vgg16 --by type",
    "table resnet18 --columns name,input,output,memory,kept,live,training_step,rf,field,moved,intensity,bound --device h100",
    "table vgg16_lecture --unit B --bars",
    "compare resnet50 vgg16 alexnet_lecture mobilenet_v3_large",
    "compare resnet50 vgg16 alexnet_lecture --by type",
    "compare resnet50 vgg16 alexnet_lecture mobilenet_v3_large efficientnet_b0 --by stage",
    "compare resnet50 resnet50 --by type",
    "compare resnet50 vgg16 --device p100",
    "compare resnet50 vgg16 --columns depth,peak,kept,training,params,flops,macs,outputs,model_size,bops",
    "compare inception_v3 xception",
    "compare alexnet_lecture vgg16_lecture --claim 19.4x",
    "list resnet",
    "list lecture",
    "energy resnet50",
    "table googlenet_bvlc --depth 1",
    "sweep resnet18 --over width=64",
    "table lenet5_lecture --top 11",
    "list resnet152",
    "settings resnet50",
    "settings efficientnet_b0",
    *(f"memory {name}" for name in ("resnet50", "densenet121", "alexnet_lecture")),
    "memory resnet50 --batch 256 --dtypes mixed --optimizer adam",
    "memory --rules",
    *(f"explain {name}" for name in NETWORKS),
    "explain resnet50 --conventions fvcore",
    "explain resnet50 --conventions fvcore,thop",
    "explain resnet50 --conventions ptflops_modules,ultralytics_thop",
    "explain resnet50 --conventions fvcore,thop,ptflops,torch,calflops",
    "explain resnet50 --layer conv1",
    "explain vit_b_16 --layer encoder.layers.encoder_layer_0.self_attention.query",
    "explain mobilenet_v3_large --layer features.4.block.1.0",
    "explain resnet50 --claim 3.8G",
    "explain vgg16_lecture --claim 48.6MB",
    "explain alexnet --field features.12",
    "explain alexnet --field features.12 --blank",
    "formula resnet50",
    "formula bottleneck --depth 9",
    "formula googlenet_stem --depth 9",
    "solve resnext_block --for c --equals bottleneck --set C=64 --set G=32",
    "solve resnext_block --for c --equals bottleneck --set C=64 --over G=1,2,4,8,16,32",
    "explain resnet50 --layer layer1",
    "solve resnet50 --for size --target flops<=4.1G --target memory<=60MB --target params<=26M",
    "sweep resnet18 --over width=32:64:16 --over size=160,224",
    "sweep resnext50_32x4d --over cardinality=1,32 --over base_width=4,64",
    "check resnet18 vgg11 --max-params 12M --max-flops 1G --max-training-memory 1GB",
    "diff resnet18 resnet34",
    "diff resnet50 resnext50_32x4d --top 5",
    "diff mobilenet_v2 mobilenet_v3_large --top 5",
    "snapshot resnet18 vgg11",
    "ops",
    *(f"ops {kind}" for kind in ("conv", "max_pool", "attention", "adaptive_avg_pool", "lstm", "deform_conv")),
    "conventions",
    *(f"conventions {name}" for name in ("lecture", "ptflops", "onnx_tool", "keras")),
    "errors",
    "errors E005",
]
DRAWN = re.compile("[█▉▊▋▌▍▎▏▁▂▃▄▅▆▇│└─▲■]")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def lines(call: str, width: int, format: str = "plain") -> list[str]:
    shown = []
    for table in tables_of(call):
        for each in (*filter(None, [table.above]), table):
            if format == "plain":
                shown.append(plain(each.undrawn().seen(), width))
            else:
                shown.append(draw(each.seen(), Console(file=io.StringIO(), force_terminal=True, width=width, no_color=True)))
    return ESCAPE.sub("", "\n\n".join(shown)).splitlines()


def titles(shown: list[str]) -> Iterator[list[str]]:
    """Iterate over the titles of each table: what stands above the dashes of its rule, of several lines where it wraps."""
    inside = False
    for at, line in enumerate(shown):
        if re.fullmatch(r"-+( +-+)*", line) and not inside:
            inside = True
            spans = [found.span() for found in re.finditer("-+", line)]
            above = [each for each in shown[max(at - 5, 0) : at] if "  " in each.strip()] or shown[at - 1 : at]
            yield [" ".join(each[a:b].strip() for each in above).strip() for a, b in spans]
        inside = inside and bool(line)


def parts(text: str) -> set[str]:
    """Return the words of a text; a formula may break behind a product."""
    return {part.strip(",;:") for word in text.split() for part in re.split("(?<=·)", word) if not DRAWN.search(part)} - {
        "",
        "…",
    }


@pytest.mark.parametrize("call", CALLS)
def test_everything_fits(call: str) -> None:
    for format in ("plain", "terminal"):
        whole = parts("\n".join(lines(call, 2000, format)))
        for width in WIDTHS:
            shown = lines(call, width, format)
            assert max(map(len, shown)) <= width, max(shown, key=len)
            assert not re.search(r"(?<![\w.,])1 (layers|models|candidates|rows|types|others|networks)\b", "\n".join(shown))
            told = re.split(f"{width} columns are too few for|in all rows: ", "\n".join(shown))[0]
            new = {word for word in parts(told) - whole if not re.match(r"arXiv:|\d+$|-+$|.*…$|https:|.*=float", word)}
            assert not new, new
            if format == "plain":
                for names in titles(shown):
                    said = [name for name in names if name]
                    assert len(set(said)) == len(said), said


def test_every_command_is_tried() -> None:
    no_tables = {"graph", "draw", "plot", "report", "serve", "new", "show", "schema"}
    assert {call.split()[0] for call in CALLS} == set(COMMANDS) - no_tables


@pytest.mark.parametrize("name", [None, *COMMANDS])
@pytest.mark.parametrize("width", WIDTHS)
def test_help_fits(name: str | None, width: int) -> None:
    words = [name, "--help"] if name else ["--help"]
    shown = command(*words, env={"COLUMNS": str(width)}).out.splitlines()
    assert max(len(line) for line in shown if "https://" not in line) <= width, max(shown, key=len)


def test_what_stays_at_80() -> None:
    """Kernels and strides stay, filters go first; columns that say the same in each row go before those that differ."""
    head = lines("table alexnet_lecture", 80)[1].split()
    assert {"kernel", "stride", "params", "FLOPs"} <= set(head)
    assert "filters" not in head
    block = lines("table resnext_block", 80)
    assert {"kernel", "groups"} <= set(block[1].split())
    said = " ".join(block).partition("in all rows: ")[2]
    assert re.search(r"stride +1\b", said)
    assert "lecture" not in said
    shown = lines("list", 80)
    assert len(shown) == len(lines("list", 2000)) + 1  # one line each, and one that says what is missing
    assert any("arXiv:1512.03385" in line for line in lines("list resnet", 120))


SCRIPT = """
import fcntl, struct, sys, termios
from cnncost.__main__ import main
widths, calls = sys.argv[1].split(), [words.split() for words in sys.argv[2:]]
for width in map(int, widths):
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    for words in calls:
        print(f"\\f{width}")
        sys.argv = ["cnncost", *words]
        try:
            main()
        except SystemExit:
            sys.stdout.flush()
"""


def test_a_long_path_costs_no_figure(tmp_path: Path) -> None:
    """Paths break at their folders before a figure that was asked for goes."""
    path = tmp_path / "networks_of_the_group" / "of_last_year" / "net.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("cnncost: 1\ninput: [3, 8, 8]\nlayers:\n- conv: {out: 2, kernel: 1}\n")
    asked = ("compare", "resnet50", str(path), "--columns", "params,macs,memory")
    out = command(*asked, env={"COLUMNS": "80"}).out
    assert out.split()[:6] == ["model", "params", "MACs", "(M)", "memory", "(KB)"]
    assert max(map(len, out.splitlines()[:4])) <= 80
    assert str(path) in command(*asked, env={"COLUMNS": "300"}).out


def test_in_a_real_terminal() -> None:
    """A pseudo-terminal, as tmux and xterm give one: a call of each command at each width."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    calls = [*{call.split()[0]: call for call in reversed(CALLS)}.values(), "list vgg"]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, " ".join(map(str, WIDTHS)), *calls],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    text, end = b"", time.monotonic() + 100
    while time.monotonic() < end and select.select([mine], [], [], 60)[0]:
        try:
            part = os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    process.wait(60)
    os.close(mine)
    parts = ESCAPE.sub("", text.decode()).split("\f")[1:]
    assert len(parts) == len(WIDTHS) * len(calls)
    for part in parts:
        width, *shown = part.splitlines()
        assert max(map(len, shown)) <= int(width), max(shown, key=len)
        assert "error" not in shown[0]
    assert "vgg16_lecture" in parts[-1]
    assert b"\x1b[1m" in text  # bold titles: a terminal it is


def test_signs_that_are_two_columns_wide() -> None:
    """Korean labels: points stay in line on a screen, where each of their signs takes two columns (Unicode, annex 11)."""
    labels = ["--label", "넓은 신경망 하나", "--label", "VGG-16"]
    for width in (160, 80, 40):
        shown = command("compare", "resnet18", "vgg16", *labels, "--columns", "params,flops", env={"COLUMNS": str(width)}).out
        sizes = [len(line) + len(re.findall("[가-힣]", line)) for line in shown.splitlines()]
        assert max(sizes) <= width
        assert sizes[2] == sizes[3]
