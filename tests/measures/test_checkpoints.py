"""Gradient checkpointing, and the other words that say how a network is trained, wherever a figure depends on them."""

from __future__ import annotations

import json
import shlex

import pytest
from support import command

import cnncost
from cnncost.base.errors import UsageError
from cnncost.measures.checkpoints import block_depth, segments
from cnncost.measures.memory import memory


def run(words: str) -> str:
    """Return what a command prints, which works."""
    result = command(*shlex.split(words))
    assert result.code == 0, result.err
    return result.out


def refusal(words: str) -> str:
    """Return the message of a command that is refused."""
    result = command(*shlex.split(words))
    assert result.code == 2
    return result.err


# Bytes at batch 2 and 64 pixels (96 of some), without weights and image, of PyTorch 2.13's own `torch.utils.checkpoint` on
# torchvision's networks, as `test_checkpoints_oracle.py` measures them: saved in the forward pass, and by the largest segment
# computed again.
MEASURED = {
    ("resnet18", "blocks"): 2_446_848,
    ("resnet50", "blocks"): 7_099_904,
    ("mobilenet_v2", "blocks"): 3_656_384,
    ("resnet18", "sqrt"): 1_842_176,
    ("resnet50", "sqrt"): 7_106_560,
    ("vgg11", "sqrt"): 5_865_472,
    ("vgg16", "sqrt"): 7_733_248,
    ("vgg13_bn", "sqrt"): 10_437_632,
    ("efficientnet_b0", "blocks"): 10_029_056,
    ("shufflenet_v2_x1_0", "blocks"): 3_576_000,
    ("regnet_x_400mf", "blocks"): 4_035_328,
    ("convnext_tiny", "blocks"): 10_051_416,
    ("mnasnet1_0", "blocks"): 6_160_960,
}
LARGER = ("efficientnet_b0", "shufflenet_v2_x1_0", "regnet_x_400mf", "convnext_tiny", "mnasnet1_0")


@pytest.mark.parametrize(("name", "checkpoint"), MEASURED)
def test_kept_as_pytorch_measures_it(name: str, checkpoint: str) -> None:
    size = 96 if name in LARGER else 64
    plan = memory(cnncost.load(name).trace((3, size, size)), batch=2, checkpoint=checkpoint)
    assert plan.kept_bytes == sum(plan.kept) == sum(plan.kept_parts.values()) == MEASURED[name, checkpoint]


@pytest.mark.parametrize(("name", "flops"), [("resnet18", 2_297_806_848), ("resnet50", 5_285_806_080)])
def test_what_is_computed_twice_as_flop_counter_mode_counts_it(name: str, flops: int) -> None:
    """PyTorch 2.13's FlopCounterMode over a forward and a backward pass, every block under `torch.utils.checkpoint`."""
    report = cnncost.analyze(name, size=64, batch=2, convention="torch", checkpoint="blocks")
    assert report.total["training_flops"] == flops


@pytest.mark.parametrize(
    ("name", "depth", "blocks"),
    [
        ("resnet50", 2, 16),  # the paper's
        ("efficientnet_b0", 3, 16),  # its 16 inverted residuals
        ("vit_b_16", 3, 12),  # the encoder's layers
        ("densenet121", 3, 58),  # its dense layers
        ("inception_v3", 1, 16),  # five convolutions of the stem, and the modules Mixed_5b to Mixed_7c
        ("vgg16", 0, 0),
    ],
)
def test_blocks(name: str, depth: int, blocks: int) -> None:
    graph = cnncost.load(name).trace()
    assert block_depth(graph) == depth
    if blocks:
        assert len(segments(graph, "blocks")) == blocks


def test_the_square_root_covers_every_layer_once() -> None:
    graph = cnncost.load("googlenet").trace()
    pieces = segments(graph, "sqrt")
    assert sorted(index for piece in pieces for index in piece) == [i for i, node in enumerate(graph.nodes) if node.inputs]


def test_a_network_without_blocks_is_refused_and_the_remedy_works() -> None:
    error = refusal("memory vgg16 --checkpoint blocks")
    assert "vgg16 has no blocks" in error
    assert "--checkpoint sqrt" in error
    assert "checkpointing sqrt: 6 segments are computed again" in run("memory vgg16 --checkpoint sqrt")


# ── the batch that fits ──────────────────────────────────────────────────────────────────────────────────────────────

LIMIT = 11 * 2**30


def test_the_batch_that_fits_with_adam_is_one_command() -> None:
    """85,307,392 bytes an example are measured with PyTorch (kept, batch 8 less batch 1, by 7); Adam has two slots."""
    found = json.loads(run('solve resnet50 --for batch --target "training_memory<=11GiB" --optimizer adam --format json'))
    expected = max(batch for batch in range(1, 1000) if 85_307_392 * batch + 409_124_992 <= LIMIT)
    assert found["value"] == expected == 133
    assert found["achieved"] == 85_307_392 * 133 + 409_124_992
    assert found["trained"]["optimizer"] == "adam"


@pytest.mark.parametrize(
    "words", ["--optimizer momentum", "--dtypes mixed", "--checkpoint sqrt", "--checkpoint blocks --dtype float16"]
)
def test_solve_finds_the_largest_batch(words: str) -> None:
    """The plan of one batch more does not fit, by `cnncost memory`."""
    found = json.loads(run(f'solve resnet50 --for batch --target "training<=4GiB" --size 160 {words} --format json'))
    batch = found["value"]
    for more, fits in ((0, True), (1, False)):
        plan = json.loads(run(f"memory resnet50 --size 160 --batch {batch + more} {words} --format json"))
        assert (plan["training_bytes"] <= 4 * 2**30) is fits


def test_what_is_assumed_is_said_everywhere() -> None:
    how = "--optimizer adam --dtypes mixed --checkpoint sqrt"
    said = "training: optimizer adam, mixed, checkpointing sqrt"
    for words in (
        "table resnet18 --depth 1 --columns name,training",
        "compare resnet18 resnet34 --columns kept,training",
        'solve resnet18 --for batch --target "training<=1GiB"',
        "check resnet18 --max-training-memory 1GiB",
    ):
        assert said in run(f"{words} {how}")
        assert "optimizer sgd, float32, no checkpointing" in run(words)
    assert "training:" not in run(f"table resnet18 --depth 1 {how}")


def test_the_library_takes_the_same_words() -> None:
    report = cnncost.analyze("resnet18", optimizer="adam", dtypes="mixed", checkpoint="sqrt")
    plan = cnncost.memory("resnet18", optimizer="adam", dtypes="mixed", checkpoint="sqrt")
    assert report.total["training_memory"] == plan.training_bytes != cnncost.analyze("resnet18").total["training_memory"]
    assert report.total["kept_memory"] == plan.kept_bytes
    assert cnncost.solve("resnet50", "batch", "training_memory<=11GiB", optimizer="adam").value == 133
    found = cnncost.check("resnet18", training_memory="150MiB", checkpoint="sqrt")
    assert found.ok
    assert "checkpointing sqrt" in found.notes[0]
    with pytest.raises(UsageError, match="unknown checkpointing 'block'"):
        cnncost.analyze("resnet18", checkpoint="block")
    with pytest.raises(UsageError, match="unknown optimizer 'adm'"):
        cnncost.solve("resnet50", "batch", "training_memory<=11GiB", optimizer="adm")
