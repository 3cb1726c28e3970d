"""Every remedy that an error names is typed, and leads on: the command of the error, then the command with the remedy.

`WORDS` are misspelt words, of which the nearest known one is offered; `COMMANDS` are remedies with an option or a command in
them. A remedy of the source that no case brings to light fails: whoever adds one adds its case.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import command

from cnncost.base import errors
from cnncost.questions.check.history import read_snapshot

PACKAGE = Path(errors.__file__).parents[1]

SPEC = """\
cnncost: 1
name: tiny
input: [3, 32, 32]
params: {width: 16}
defaults:
  conv: {kernel: 3, pad: same}
blocks:
  twice:
    params: {out}
    layers: [conv: out, conv: out]
layers:
  stem: [{conv: {out: width}, id: first}]
  body:
    - twice: {out: width}
    - {add: [identity, first]}
  head: [global_avg_pool, linear: 10]
expect: {params: 5_258}
budget: {params: 10k}
"""
CFG = "[net]\nheight=32\nwidth=32\nchannels=3\n\n[convolutional]\nfilters=8\nsize=3\nstride=1\n\n[thing]\n"
CONVENTION = "name: mine\nstates: multiply-adds of convolutions\nflops: {conv: macs}\n"
MODULE = """\
from cnncost import block

@block
def unit(x, k):
    return x.conv(k, 3, pad=1).relu()

def detector(x, k=64):
    return unit(x, k).global_avg_pool().linear(10)

def stereo(left, right):
    return left.add(right)

def needy(x, k):
    return x.conv(k, 3)

def typo(x):
    return x.zzz()

def short(x):
    return x.conv(3)
"""
CONFIGURATION = '[budget."specs/tiny.yaml"]\nparams = "10k"\n'

# A command with a misspelt word in braces: the first word that is offered instead makes it a command that works.
WORDS = [
    "{tabel} resnet18",
    "table {resnet81}",
    "table {specs/tinny.yaml}",
    "table {spec/tiny.yaml}",
    "table {specs/tiny}",
    "table {tiny.yaml}",
    "table {specs/tiny.yml}",
    "table {nets.py:detector} --input 3,32,32",
    "table {nets:detecter} --input 3,32,32",
    "table {net:detector} --input 3,32,32",
    "table {nets.py} --input 3,32,32 --set k=8",
    "table {nets} --input 3,32,32 --set k=8",
    "table {./nets.py:detector} --input 3,32,32",
    "table {resnet18.yaml}",
    "table resnet18 {-size} 160",
    "table resnet18 --dtype {fp16}",
    "table resnet18 --dtype {half}",
    "compare resnet18 {ResNet-81}",
    "table resnet18 {--colums} params",
    "table resnet18 {--szie} 160",
    "check resnet18 {--max-parms} 12M",
    "table 'resnet18 {--sets} width=32'",
    "table resnet18 --columns {flosp}",
    "table resnet18 --sort {flosp}",
    "diff resnet18 resnet34 --sort {flosp}",
    "table resnet18 --convention {thopp}",
    "table resnet18 --convention {mien.yaml}",
    "explain resnet18 --conventions macs,{fvcor}",
    "table resnet18 --device {h10}",
    "table resnet18 --format {jsn}",
    "table resnet18 --output out{.jsno}",
    "sweep resnet18 --over width=8,16 --output out{.jsno}",
    "table resnet18 --dtype {flaot16}",
    "memory resnet18 --dtypes {parametres}=float16",
    "memory resnet18 --dtypes parameters={flaot16}",
    "memory resnet18 --dtypes {mixd}",
    "memory resnet18 --optimizer {adm}",
    "memory resnet18 --in-place {rellu}",
    "table resnet18 --set {widht}=32",
    "table resnet18 --set block={bottelneck}",
    "table resnet18 --by {resolutoin}",
    "table resnet18 --until {layre2}",
    "table resnet18 --bits {conv}=4",
    "table resnet18 --fold {batchnorm}",
    "explain resnet18 --layer {con1}",
    "explain resnet18 --field {maxpol}",
    "solve resnet18 --for {wdith} --target flops=1G",
    "solve resnet18 --for width --target {flpos}=1G",
    "solve resnext_block --for c --equals {bottlenek} --set C=64 --set G=32",
    "formula resnet18 --let {wdith}",
    "sweep resnet18 --over {wdith}=8,16",
    "sweep resnet18 --over width=8,16 --sort {flosp}",
    "sweep resnet18 --over width=8,16 --pareto flops,{parms}",
    "sweep resnet18 --over width=8,16 --where '{flosp} < 1G'",
    "sweep resnet18 --from list{.cvs}",
    "ops {covn}",
    "conventions {thopp}",
    "errors {E1103}",
    "list {resnett}",
    "settings {resnet81}",
    "plot resnet18 --kind {iccicle}",
    "plot resnet18 resnet34 --kind bubble --x {parms}",
    "check specs/tiny.yaml --config {limit.toml}",
    "check resnet18 --max-params 12M --against {cots.json}",
    "diff {cots.json} resnet18",
]

# Files with a misspelt word between « and »: (the file, its text, a command).
IN_FILES = {
    "key": ("net.yaml", SPEC.replace("budget:", "«budgte»:"), "table net.yaml"),
    "layer type": ("net.yaml", SPEC.replace("global_avg_pool", "«global_avg_pol»"), "table net.yaml"),
    "block": ("net.yaml", SPEC.replace("- twice", "- «twcie»"), "table net.yaml"),
    "argument": ("net.yaml", SPEC.replace("{kernel: 3", "{«kernle»: 3"), "table net.yaml"),
    "id": ("net.yaml", SPEC.replace("identity, first", "identity, «frist»"), "table net.yaml"),
    "param's key": ("net.yaml", SPEC.replace("{width: 16}", "{width: {«defalt»: 16}}"), "table net.yaml"),
    "expect": ("net.yaml", SPEC.replace("expect: {params", "expect: {«parms»"), "table net.yaml"),
    "block's key": ("net.yaml", SPEC.replace("    layers: [conv: out", "    «layesr»: [conv: out"), "table net.yaml"),
    "defaults": ("net.yaml", SPEC.replace("defaults:\n  conv", "defaults:\n  «covn»"), "table net.yaml"),
    "bits": ("net.yaml", SPEC.replace("params: {width", "bits: {«weigths»: 4}\nparams: {width"), "table net.yaml"),
    "limit's key": ("net.yaml", SPEC.replace("{params: 10k}", "{params: {«maxx»: 10k}}"), "check net.yaml"),
    "function": ("net.yaml", SPEC.replace("out: width}, id", "out: «celi»(width)}, id"), "table net.yaml"),
    "name": ("net.yaml", SPEC.replace("twice: {out: width}", "twice: {out: «wdith»}"), "table net.yaml"),
    "convention's key": ("own.yaml", CONVENTION.replace("flops:", "«flpos»:"), "table resnet18 --convention own.yaml"),
    "convention's type": ("own.yaml", CONVENTION.replace("{conv:", "{«covn»:"), "table resnet18 --convention own.yaml"),
    "convention's letter": ("own.yaml", CONVENTION.replace("macs}", "«mcas»}"), "table resnet18 --convention own.yaml"),
    "configuration's key": ("c.toml", '«modles» = ["resnet18"]\n[budget.resnet18]\nparams = "12M"\n', "check --config c.toml"),
    "configuration's dtype": ("c.toml", 'dtype = "«flaot16»"\n[budget.resnet18]\nparams = "12M"\n', "check --config c.toml"),
    "configuration's quantity": ("c.toml", '[budget.resnet18]\n«parms» = "12M"\n', "check --config c.toml"),
}

# (a command that fails, a part of its remedy, the command with the remedy typed)
COMMANDS = [
    ("table nets:detector", "--input 3,224,224", "table nets:detector --input 3,224,224"),
    ("table nets:detector --input C,H,W", "--input 3,224,224", "table nets:detector --input 3,224,224"),
    ("table nets:detector --input C,H,W", "cnncost formula takes symbols", "formula nets:detector --input C,H,W"),
    ("sweep nets:detector --over k=8,16", "--input 3,224,224", "sweep nets:detector --over k=8,16 --input 3,224,224"),
    ("sweep nets:detector --over size=8,16", "--input 3,224,224", "sweep nets:detector --over size=8,16 --input 3,224,224"),
    ("table nets:detector --size 64", "--input 3,224,224", "table nets:detector --input 3,224,224"),
    ("table nets:detector --until unit", "--input 3,224,224", "table nets:detector --until unit --input 3,224,224"),
    (
        "table WRN-68-3",
        "wide_resnet50_2 --set k=3 --set depths=3,4,12,3",
        "table 'wide_resnet50_2 --set k=3 --set depths=3,4,12,3'",
    ),
    ("table resnet18 size=160", "--size 160", "table resnet18 --size 160"),
    ("table resnet18 width=32", "--set width=32", "table resnet18 --set width=32"),
    ("compare resnet18 size=160", '"resnet50 --size 160"', "compare resnet18 'resnet18 --size 160'"),
    ("compare resnet18 width=32", '"resnet50 --set width=32"', "compare resnet18 'resnet18 --set width=32'"),
    ("table resnet18 resnet34", "see: cnncost table --help", "table --help"),
    ("table", "cnncost list shows the networks", "list"),
    ("table resnet18 --size", "--size S", "table resnet18 --size 224"),
    ("solve resnet18 --target flops=1G", "a setting", "solve resnet18 --for width --target flops=1G"),
    ("solve resnet18 --for width", "--target flops=4.1G", "solve resnet18 --for width --target flops=4.1G"),
    ("solve resnet18 --for width", "--equals MODEL", "solve resnet18 --for width --equals resnet34"),
    ("compare resnet18 resnet34 --depth 1", "--by scope", "compare resnet18 resnet34 --by scope"),
    ("table resnet18 --receptive-field", "--columns name,output,field", "table resnet18 --columns name,output,field"),
    ("check resnet18 --growth 1%", "params: {growth: 1%}", "check --help"),
    ("plot resnet18 resnet34", "plots of 2 models: stages, memory", "plot resnet18 resnet34 --kind stages"),
    ("sweep resnet18 --over size=64-96", "size=32:64:8", "sweep resnet18 --over size=32:64:8"),
    ("diff HEAD~1 resnet18", "HEAD~1:net.yaml", "diff --help"),
    ("nonsense", "see: cnncost --help", "--help"),
    ("list zzz", "see: cnncost list", "list"),
    ("table zzz", "see: cnncost list", "list"),
    ("table 'resnet18 + '", "see: cnncost list", "list"),
    ("table zzz:zzz", "package.module:function", "table nets:detector --input 3,32,32"),
    ("table 'resnet18 --set width=32 zzz'", "NAME --set SETTING=VALUE", "table 'resnet18 --set width=32'"),
    ("table 'resnet18 --size 64 --size 32'", "--size needs a value, once", "table 'resnet18 --size 64'"),
    ("table resnet18 --size 64 --input 3,64,64", "give one of them", "table resnet18 --size 64"),
    (
        "table resnet18 --input 3,64,64 --input 3,32,32",
        "by its name: --input left=3,256,512",
        "table nets:stereo --input left=3,256,512 --input right=3,256,512",
    ),
    ("table resnet18 --input 1,2,3,4,5", "--input 3,224,224", "table resnet18 --input 3,224,224"),
    (
        "table nets:stereo --input =3,8,8",
        "--input left=3,256,512",
        "table nets:stereo --input left=3,256,512 --input right=3,256,512",
    ),
    (
        "table nets:stereo --input left=3,8,8",
        "--input right=3,224,224 where it is a tensor",
        "table nets:stereo --input left=3,224,224 --input right=3,224,224",
    ),
    ("table resnet18 --input left=3,8,8", "--input 3,224,224", "table resnet18 --input 3,224,224"),
    (
        "table 'lenet5 + nets:detector'",
        "behind its name: --input 3,224,224",
        "table 'lenet5 + nets:detector --input 3,224,224'",
    ),
    (
        "compare resnet18 'resnet18 --bits 4 + resnet18'",
        "give --bits and --fold to the whole",
        "compare 'resnet18 + resnet18' --bits 4",
    ),
    ("table resnet18 --columns bound", "--device h100", "table resnet18 --columns bound --device h100"),
    (
        "table resnet18 --columns bound",
        "--peak 60T --bandwidth 3.35T",
        "table resnet18 --columns bound --peak 60T --bandwidth 3.35T",
    ),
    ("table resnet18 --peak 60T", "--peak 60T --bandwidth 3.35T", "table resnet18 --peak 60T --bandwidth 3.35T"),
    (
        "table resnet18 --device a100 --dtype float8",
        "give one with --peak",
        "table resnet18 --device a100 --dtype float8 --peak 60T",
    ),
    ("table resnet18 --columns zzzz", "columns: name", "table resnet18 --columns name"),
    (
        "explain resnet18 --layer zzz",
        "cnncost table resnet18 --free --columns name,kind",
        "table resnet18 --free --columns name,kind",
    ),
    ("explain resnet18 --field layer1", "such as layer1.0.conv1", "explain resnet18 --field layer1.0.conv1"),
    ("explain resnet18 --field layer1", "; all are rows of: cnncost table resnet18", "table resnet18"),
    ("explain resnet18 --blank", "--layer NAME", "explain resnet18 --blank --layer conv1"),
    ("explain resnet18 --blank", "--field NAME", "explain resnet18 --blank --field conv1"),
    ("memory", "cnncost memory --rules", "memory --rules"),
    ("memory", "cnncost memory MODEL", "memory resnet18"),
    ("memory vgg16 --checkpoint blocks", "--checkpoint sqrt cuts it", "memory vgg16 --checkpoint sqrt"),
    ("compare resnet18 resnet34 --label a", "give --label once for each", "compare resnet18 resnet34 --label a --label b"),
    ("compare resnet18 --columns bound", "name one: --device a100", "compare resnet18 --columns bound --device a100"),
    ("table resnet18 --columns fits", "--device stm32f746", "table resnet18 --columns fits --device stm32f746"),
    ("compare alexnet --claim 2.3x", "name two: cnncost compare alexnet vgg16", "compare alexnet vgg16 --claim 2.3x"),
    ("compare alexnet vgg16 --claim 2.3x --by type", "leave out --by", "compare alexnet vgg16 --claim 2.3x"),
    ("formula nets:needy --input C,H,W", "=…, or make it a symbol: --let k", "formula nets:needy --input C,H,W --let k"),
    ("formula nets:needy --input C,H,W", "--set k=…", "formula nets:needy --input C,H,W --set k=8"),
    ("resnet18", "write cnncost table resnet18", "table resnet18"),
    ("table --model resnet18", "named without an option: cnncost table resnet50", "table resnet50"),
    ("table resnet18 --json", "--format json", "table resnet18 --format json"),
    ("table resnet18 --set width 32", "--set width=32", "table resnet18 --set width=32"),
    ("table resnet18 --set size=160", "--size …", "table resnet18 --size 160"),
    ("compare resnet18,resnet34", "resnet18 resnet34", "compare resnet18 resnet34"),
    ("explain resnet18 --conventions thop fvcore", "--conventions thop,fvcore", "explain resnet18 --conventions thop,fvcore"),
    ("solve resnet18 --for width --target 'flops=<1G'", "params<=26M", "solve resnet18 --for width --target params<=26M"),
    ("sweep resnet18 --over width=16-64", "16:64:8", "sweep resnet18 --over width=16:64:8"),
    ("new specs/other", "specs/other.yaml", "new specs/other.yaml"),
    ("new specs/tiny.yaml", "--force", "new specs/tiny.yaml --force"),
    ("ops zzz", "conv", "ops conv"),
    ("formula nets:detector", "--input 3,224,224", "formula nets:detector --input 3,224,224"),
    ("formula resnet18 --let", "", "formula resnet18 --let width"),
    ("formula resnet18 --let =3", "H=32*h", "formula resnet18 --let H=32*h --let W=32*w"),
    ("formula resnet20_cifar --let depth", "give it a number, with --set", "formula resnet20_cifar --set depth=32"),
    ("sweep resnet18", "--over width=16:512:8", "sweep resnet18 --over width=16:512:8"),
    ("sweep resnet18", "--from FILE", "sweep resnet18 --from list.csv"),
    ("sweep resnet18 --over width", "width=16:512:8", "sweep resnet18 --over width=16:512:8"),
    ("sweep resnet18 --over width=8..16", "16:64:8", "sweep resnet18 --over width=16:64:8"),
    ("sweep mobilenet_v2 --over width=0.5:1:0.25", "0.5,0.75,1", "sweep mobilenet_v2 --over width=0.5,0.75,1"),
    ("sweep resnet18 --over depths=1:4", "--over depths.0=1:4", "sweep resnet18 --over depths.0=1:4"),
    ("sweep resnet18 --over width=64:16:8", "FIRST:LAST:STEP, upwards", "sweep resnet18 --over width=16:64:8"),
    ("sweep resnet18 --over width=8,8", "each value once", "sweep resnet18 --over width=8"),
    ("sweep resnet18 --over width=8 --over width=16", "at once", "sweep resnet18 --over width=8,16"),
    ("sweep resnet18 --over width=8 --log", "--sample N", "sweep resnet18 --over width=8 --log --sample 1"),
    ("sweep resnet18 --over size=32 --size 64", "give one of them", "sweep resnet18 --size 64 --over width=8"),
    ("sweep resnet18 --over batch=8 --batch 4", "give one of them", "sweep resnet18 --batch 4 --over width=8"),
    ("sweep resnet18 --over width=8 --from list.csv", "leave out --over", "sweep resnet18 --from list.csv"),
    ("sweep resnet18 --over width=8 --resume", "-o FILE", "sweep resnet18 --over width=8 --resume -o w.csv"),
    (
        "sweep resnet18 --over width=8,16 --sort flops -o w.csv",
        "--top N",
        "sweep resnet18 --over width=8,16 --sort flops --top 1 -o w.csv",
    ),
    ("sweep resnet18 --over width=8 --dask nowhere", "or local", None),  # needs an extra
    (
        "solve resnet18 --for width --set width=3 --target flops=1G",
        "leave out the --set",
        "solve resnet18 --for width --target flops=1G",
    ),
    ("solve resnet18 --for width --target flops", "flops=4.1G", "solve resnet18 --for width --target flops=4.1G"),
    (
        "solve resnet18 --for width --target flops=1G --among 1,2 --step 2",
        "give one of them",
        "solve resnet18 --for width --target flops=1G --step 2",
    ),
    ("check", "ci.html", "check resnet18 --max-params 12M"),
    ("check resnet18", "--max-params 26M", "check resnet18 --max-params 26M"),
    ("check specs/growing.yaml", "--against", "check specs/growing.yaml --against costs.json"),
    ("check resnet18 --max-params 12M --config zzz.toml", "--config", "check specs/tiny.yaml --config limits.toml"),
    (
        "check resnet18 --max-params 12M --against nope.json",
        "cnncost snapshot MODEL… -o costs.json",
        "snapshot resnet18 -o costs2.json",
    ),
    (
        "check resnet18 --max-params 12M --against main",
        "cnncost snapshot MODEL… -o costs.json",
        "snapshot resnet18 -o costs2.json",
    ),
    ("diff main:specs/tiny.yaml specs/tiny.yaml", "cnncost snapshot", "snapshot specs/tiny.yaml -o costs2.json"),
    ("table resnet18 --sort flops --top 0", "largest rows", "table resnet18 --sort flops --top 1"),
    ("table resnet18 --depth 1 --depth 2", "give it once", "table resnet18 --depth 1"),
    ("table wrong.yaml", "if that is right, write params: 5_258", "table specs/tiny.yaml"),
    ("table wrong.yaml", "", "errors E301"),
    ("table broken.yaml", "cnncost errors E002", "errors E002"),
    ("table resnet18 -o out.xyz", "--format", "table resnet18 -o out.xyz --format json"),
    ("solve resnet18 --for depths --target flops=1G", "as in depths.0", "solve resnet18 --for depths.0 --target flops=1G"),
    ("table net.cfg", "--assume thing=identity", "table net.cfg --assume thing=identity"),
    ("formula densenet121 --let depths.0=n", "give it a number, with --set", "formula densenet121 --set depths.0=4"),
    ("table nets:needy --input 3,8,8", "--set k=…", "table nets:needy --input 3,8,8 --set k=4"),
    ("formula nets:detector --input 32", "--input 3,224,224", "formula nets:detector --input 3,224,224"),
    ("table nets:typo --input 3,8,8", "cnncost ops", "ops"),
    ("table nets:short --input 3,8,8", "see: cnncost ops conv", "ops conv"),
    ("check specs/new.yaml --against costs.json", "--allow-new", "check specs/new.yaml --against costs.json --allow-new"),
    ("diff zzz.json resnet18", "cnncost snapshot MODEL… -o costs.json", "snapshot resnet18 -o costs2.json"),
    ("check --config pyproject.toml", "name another file with --config", "check --config limits.toml"),
    ("table wide.yaml --no-head", "--until LAYER", "table wide.yaml --until linear"),
    ("table basic --input 32,56,56", "", "table basic --set C=32 --input 32,56,56"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of somebody's: a spec, a convention, a module, a configuration, a snapshot, a list of configurations."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "tiny.yaml").write_text(SPEC)
    (tmp_path / "specs" / "growing.yaml").write_text(SPEC.replace("{params: 10k}", "{params: {growth: 1%}}"))
    (tmp_path / "wrong.yaml").write_text(SPEC.replace("5_258", "5_000"))
    (tmp_path / "broken.yaml").write_text("cnncost: 1\nlayers: [a, b\n")
    (tmp_path / "mine.yaml").write_text(CONVENTION)
    (tmp_path / "nets.py").write_text(MODULE)
    (tmp_path / "limits.toml").write_text(CONFIGURATION)
    (tmp_path / "specs" / "new.yaml").write_text(SPEC.replace("{params: 10k}", "{params: {growth: 1%}}"))
    (tmp_path / "wide.yaml").write_text("cnncost: 1\ninput: [64]\nlayers: [linear: 10, relu]\n")
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "net.cfg").write_text(CFG)
    (tmp_path / "list.csv").write_text("width\n8\n16\n")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    read_snapshot.cache_clear()  # of another folder's costs.json
    done = command("snapshot", "specs/growing.yaml", "resnet18", "-o", "costs.json", folder=tmp_path)
    assert done.code == 0, done.err
    yield tmp_path
    sys.modules.pop("nets", None)


def words(line: str) -> list[str]:
    import shlex

    return shlex.split(line)


def meant(message: str) -> str:
    """Return the first word that a message offers."""
    found = re.search(r"did you mean '([^']+)'", message)
    assert found, message
    return found[1]


@pytest.mark.parametrize("line", WORDS)
def test_a_misspelt_word(line: str, folder: Path) -> None:
    wrong = re.search(r"\{(.*)\}", line)
    assert wrong
    failed = command(*words(line.replace(wrong[0], wrong[1])), folder=folder)
    assert (failed.code, failed.out) == (2, "")
    right = command(*words(line.replace(wrong[0], meant(failed.err))), folder=folder)
    assert right.code == 0, (meant(failed.err), right.err)


@pytest.mark.parametrize("name", IN_FILES)
def test_a_misspelt_word_in_a_file(name: str, folder: Path) -> None:
    file, text, line = IN_FILES[name]
    wrong = re.search("«(.*)»", text)
    assert wrong
    (folder / file).write_text(text.replace(wrong[0], wrong[1]))
    failed = command(*words(line), folder=folder)
    assert (failed.code, failed.out) == (2, ""), failed.out
    (folder / file).write_text(text.replace(wrong[0], meant(failed.err)))
    right = command(*words(line), folder=folder)
    assert right.code == 0, (meant(failed.err), right.err)


@pytest.mark.parametrize(("line", "remedy", "typed"), COMMANDS, ids=[f"{line} → {typed}" for line, _, typed in COMMANDS])
def test_a_remedy_leads_on(line: str, remedy: str, typed: str | None, folder: Path) -> None:
    failed = command(*words(line), folder=folder)
    assert failed.code == 2, failed.out
    assert remedy in failed.err
    if typed is not None:
        done = command(*words(typed), folder=folder)
        assert done.code == 0, done.err


# First edits of what `cnncost new` writes: a piece of it, and what somebody makes of it.
EDITS = [
    ("default: 16", "default: 24"),
    ("default: 16", "default: 17"),
    ("depth: 3 ", "depth: 4 "),
    ("classes: 10", "classes: 100"),
    ("res: 32", "res: 224"),
    ("kernel: 3, pad: same", "kernel: 5, pad: same"),
    ("act: relu", "act: silu"),
    ("    - conv: width", "    - conv: {out: width, kernel: 7, stride: 2}"),
    ("    - conv: width", "    - conv: width\n    - max_pool: 2"),
    ("head: [global_avg_pool, linear: classes]", "head: [global_avg_pool, dropout: 0.5, linear: classes]"),
    ("  head:", "  stage4:\n    - residual: {out: 8 * width}\n      first: {stride: 2}\n      repeat: depth\n  head:"),
    ("name: mynet", "name: another"),
    ("norm: batch_norm, ", ""),
]


@pytest.mark.parametrize(("piece", "change"), EDITS, ids=[change for _, change in EDITS])
def test_a_new_spec_survives_its_first_edit(piece: str, change: str, tmp_path: Path) -> None:
    assert command("new", "mynet.yaml", folder=tmp_path).code == 0
    text = (tmp_path / "mynet.yaml").read_text()
    assert piece in text
    (tmp_path / "mynet.yaml").write_text(text.replace(piece, change))
    (tmp_path / "first.yaml").write_text(text)
    for line in ("table mynet.yaml", "diff first.yaml mynet.yaml", "memory mynet.yaml", "check mynet.yaml --max-params 1G"):
        done = command(*words(line), folder=tmp_path)
        assert done.code in ((0, 1) if line.startswith("check") else (0,)), done.err


def test_a_new_spec_of_a_network_survives_an_edit(tmp_path: Path) -> None:
    assert command("new", "--from", "squeezenet1_1", "net.yaml", folder=tmp_path).code == 0
    text = (tmp_path / "net.yaml").read_text()
    (tmp_path / "net.yaml").write_text(text.replace("1000", "10"))
    done = command("table", "net.yaml", "--depth", "0", "--columns", "params", "--format", "csv", folder=tmp_path)
    assert done.out.split() == ["params", "727626", "727626"]  # 1,235,496 of torchvision less 513 · 990


def test_a_new_spec_is_called_like_its_file(tmp_path: Path) -> None:
    assert command("new", "specs.v2.yaml", folder=tmp_path).code == 0
    text = (tmp_path / "specs.v2.yaml").read_text()
    assert "\nname: specs.v2\n" in text
    assert "cnncost table specs.v2.yaml --set" in text
    assert command("table", "specs.v2.yaml", folder=tmp_path).out.startswith("specs.v2\n")


# Remedies that no case of this file can lead to, and why.
UNTRIED = {
    "fetch it: git fetch": "tests/base/test_git.py has such clones",
    "git fetch --depth=1": "tests/base/test_git.py has such clones",
    "git ls-tree": "tests/base/test_git.py",
    "install it, or compare with": "git is installed",
    "ask for less: ": "the machine's memory, or no candidate at all",
    "--assume ": "one reader of files is tried, the others in tests/models/importers",
    "give numbers: --input": "a PyTorch module",
    "give the shape of one example": "files with a batch: tests/models/importers",
    "--input {}=3,224,224": "files of several inputs: tests/models/importers",
    "--size 224, or all of it": "files of open sizes: tests/models/importers",
    "--input {}…,…": "files of open sizes: tests/models/importers",
    "--input with a number": "files of open sizes: tests/models/importers",
    "without --strict": "files of which something is not counted: tests/models/importers",
    "hold it against a snapshot": "in a repository: tests/questions/check",
    "nothing to measure it from was given": "a sentence of a verdict, not a remedy",
    "patterns match spec files": "tests/questions/check/test_config.py",
    "check it alone: --config": "configurations in subfolders: tests/questions/check",
    "write one again: cnncost snapshot": "a damaged snapshot: tests/questions/check",
    "write them again: cnncost snapshot": "snapshots of older versions: tests/questions/test_diff.py",
    "give the input a size, --size": "no network is known that leads there",
    "symbols know + - * // **": "no network is known that leads there",
    "leave it out where any whole number": "20,000 values take too long",
    "name the values to choose from": "costs that rise and fall: tests/questions/test_solve.py",
    "--resume": "interrupted sweeps: tests/questions/test_sweep_kept.py",
    "leave out --method": "tests/questions/test_sweep.py",
    "dask worker": "Dask: tests/questions/test_sweep_dask.py",
    "install the same cnncost there": "Dask: tests/questions/test_sweep_dask.py",
    "--port 0": "tests/show/test_serve.py",
    "given with --data": "tests/show/test_plots.py",
    "keep fewer: --top N": "figures past 2^63: tests/questions/test_sweep_files.py",
    "is there a newer one": "a version that does not exist",
    "defaults are those of layer types": "WORDS tries the near ones",
    "write model: resnet50": "tests/models/spec",
    "name one of the conventions that": "tests/counting",
    "or give --peak and --bandwidth": "--device knows its names: the sentence is for Python",
    "name its values: --among": "no setting is known that leads there",
    "bit operations go by --bits": "tests/models/test_precision.py",
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
COMMAND = re.compile(r"(?:: |write |or |^)cnncost ([a-z]+)(?= [A-Z`{]|$|[,;)]| --)")
ARGUMENTS = {"did_you_mean": 2}  # of which argument on a call's text is a remedy; of errors the second


def remedies() -> set[str]:
    """Return the remedies of the source that have an option or a command in them, with {} for what is filled in."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name.endswith("Error") or name in (
                    "Problem",
                    "opened",
                    "read_text",
                    "refuse",
                    "require",
                    "fail",
                    *ARGUMENTS,
                ):
                    parts = node.args[ARGUMENTS.get(name, 1) :]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").lower() in (
                "hint",
                "remedy",
                "way",
                "known",
            ):
                parts = [node.value]
            found |= {text for part in parts for text in texts(part) if OPTION.search(text) or COMMAND.search(text)}
    return found


def texts(tree: ast.expr) -> Iterator[str]:
    if isinstance(tree, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in tree.values)
    elif isinstance(tree, ast.Constant):
        yield str(tree.value)
    else:
        for child in ast.iter_child_nodes(tree):
            if isinstance(child, ast.expr):
                yield from texts(child)


def test_every_remedy_with_an_option_or_a_command_is_typed() -> None:
    tried = [remedy for _, remedy, _ in COMMANDS if remedy]

    def is_tried(text: str) -> bool:
        pieces = [piece.strip(" …=,") for piece in text.split("{}") if len(piece.strip()) > 6]
        return any(piece in remedy or remedy in piece for remedy in tried for piece in pieces)

    missing = {
        text for text in remedies() if not is_tried(text) and not any(part in text for part in UNTRIED) and " " in text.strip()
    }
    assert missing == set(), "add a case to COMMANDS"


def test_remedies_name_options_and_commands_that_there_are() -> None:
    import click

    from cnncost.cli import COMMANDS as ALL
    from cnncost.cli import cli

    known = {"--help", "--refetch", "--filter", "--depth", "--name-only", "--nthreads", "--max-"}  # of git, of Dask, of all
    for name in ALL:
        found = cli.get_command(click.Context(cli), name)
        assert found is not None
        known |= {word for parameter in found.params for word in (*parameter.opts, *parameter.secondary_opts)}
    for text in remedies():
        assert set(OPTION.findall(text)) <= known, text
        assert set(COMMAND.findall(text)) <= set(ALL), text
