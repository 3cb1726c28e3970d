"""Every published and recorded figure in tests/data/published.csv, against the zoo.

tests/data/published_models/*.csv say which network each row is about, and how its figures are to be read: see
tests/tools/published.py.
"""

from __future__ import annotations

import pytest
from tools.published import FIGURES, PLAIN, PUBLISHED, READINGS, Figure, counted, key, printed, value

from cnncost.graph.graph import Tensor, trace
from cnncost.measures.report import report
from cnncost.models.zoo.blocks import squeeze_excite


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f"{f.model}|{f.source[:24]}|{f.of}|{f.text}")
def test_published_figure(figure: Figure) -> None:
    if figure.way == "none":
        assert printed(figure.text, counted(figure.model)[figure.of]) not in ("rounded", "truncated")
    elif figure.exact is not None:
        assert value(figure) == figure.exact
    else:
        assert printed(figure.text, value(figure)) == figure.printed


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r['name']}|{r['reference'][:24]}|{r['input']}")
def test_a_row_has_the_numbers_that_others_computed(reading: dict[str, str]) -> None:
    row = PUBLISHED[key(reading)]
    for figure in PLAIN:
        if number := row[f"computed_{figure}"]:
            ours = counted(reading["model"])
            assert int(number) in (ours[figure], ours.get(reading[figure].partition(", ")[0])), figure


def test_every_row_has_one_reading_and_a_reason_where_it_is_not_the_first() -> None:
    assert sorted(map(key, READINGS)) == sorted(PUBLISHED)
    for reading in READINGS:
        assert bool(reading["reason"]) == any(reading[figure] not in ("", figure) for figure in PLAIN), reading


@pytest.mark.parametrize(
    ("source", "rows"),
    [  # the rows of each table whose networks are in the zoo; docs/models.md says which are not
        ("Tan&Le 2019 Table 2", 8),
        ("Hu 2017 Table 2", 14),
        ("Xie 2016 Tables 2,3", 10),
        ("Xie 2016 Table 4", 4),
        ("Zagoruyko 2016 Table 4", 10),
        ("Zagoruyko 2016 Table 2", 6),
        ("Zagoruyko 2016 Table 7", 7),
        ("WRN paper Table 8", 5),
        ("He 2015 Table 1", 5),
        ("He 2015 Table 6", 6),
        ("Huang 2017 Table 2 / authors README", 9),
        ("tensorflow/models research/slim/nets/mobilenet_v1.md", 16),
        ("tensorflow/tpu mnasnet README table", 25),
        ("megvii-model/ShuffleNet-Series", 4),
    ],
)
def test_published_tables_are_whole(source: str, rows: int) -> None:
    assert sum(reference.startswith(source) for _, reference, _ in PUBLISHED) == rows


def test_vgg16_with_squeezes() -> None:
    """15.48 G in table 2 of arXiv:1709.01507, one squeeze behind each convolution; a squeeze for each stage gives 15.47."""

    def net(x: Tensor) -> Tensor:
        for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(convolutions):
                x = squeeze_excite(x.conv(width, 3, pad=1).relu(), width // 16, convs=False)
            x = x.max_pool(2)
        return x.flatten().linear(4096).relu().linear(4096).relu().linear(1000)

    assert printed("15.48G", report(trace(net, (3, 224, 224)), "senet").total["flops"]) == "truncated"
