"""Scopes and repeats, against the tables of the papers."""

from __future__ import annotations

import pytest
from support import traced

import cnncost
from cnncost.graph.structure import Alike, Series, scopes


def repeats(name: str) -> dict[str, tuple[int, bool]]:
    graph = traced(name)
    found = Alike(graph).repeats(scopes(graph))
    return {f"{outer.name}/{series.members[0].label}": (len(series.members), series.exact) for outer, series in found}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # arXiv:1512.03385, table 1: 3, 4, 6 and 3 blocks, of which the first projects its shortcut and stands for itself.
        (
            "resnet50",
            {"layer1/1": (2, True), "layer2/1": (3, True), "layer3/1": (5, True), "layer4/1": (2, True)},
        ),
        # arXiv:1608.06993, table 1: 6, 12, 24 and 16 layers, each of which reads 32 channels more than the one before.
        (
            "densenet121",
            {
                "features.denseblock1/denselayer1": (6, False),
                "features.denseblock2/denselayer1": (12, False),
                "features.denseblock3/denselayer1": (24, False),
                "features.denseblock4/denselayer1": (16, False),
            },
        ),
        # arXiv:1409.4842, table 1: inception 3a to 3b, 4a to 4e, 5a to 5b.
        ("googlenet", {"/inception3a": (2, False), "/inception4a": (5, False), "/inception5a": (2, False)}),
    ],
)
def test_repeats_are_those_of_the_papers(name: str, expected: dict[str, tuple[int, bool]]) -> None:
    assert {key: value for key, value in repeats(name).items() if "branch" not in key} == expected


def test_parallel_branches_are_no_series() -> None:
    def model(x: cnncost.Tensor) -> cnncost.Tensor:
        branches = []
        for name in ("left", "right"):
            with x.scope(name):
                branches.append(x.conv(8, 3, pad=1).relu())
        return branches[0].concat(branches[1])

    graph = cnncost.trace(model, (3, 8, 8))
    assert all(len(part.members) == 1 for part in Alike(graph).series(scopes(graph)) if isinstance(part, Series))


def test_names_alone_are_no_series() -> None:
    def model(x: cnncost.Tensor) -> cnncost.Tensor:
        for name, kernel in (("a", 3), ("b", 5), ("c", 5)):
            with x.scope(name):
                x = x.conv(3, kernel, pad=kernel // 2)
        return x

    graph = cnncost.trace(model, (3, 8, 8))
    lengths = [len(part.members) for part in Alike(graph).series(scopes(graph)) if isinstance(part, Series)]
    assert lengths == [1, 2]


def test_each_layer_stands_in_one_scope() -> None:
    graph = traced("inception_v3")
    tree = scopes(graph)
    assert tree.layers == tuple(range(len(graph.layers)))
    for scope in (tree, *tree.scopes()):
        inner = [part.layers if not isinstance(part, int) else (part,) for part in scope.parts]
        assert sorted(sum(inner, ())) == list(scope.layers)
        assert all(graph.layers[index].name.startswith(scope.name) for index in scope.layers)
