"""One registry of figures: every word for one means the same everywhere, and what a figure cannot be is said."""

from __future__ import annotations

from collections import Counter

import pytest

import cnncost
from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES, NAMES, Use, figure, order_key, usable
from cnncost.base.limits import EXPECTED, limit
from cnncost.measures.columns import DERIVED, NETWORK
from cnncost.measures.devices import DEVICES
from cnncost.measures.report import COLUMNS
from cnncost.questions.diff import sort_key
from cnncost.questions.sweep.chunk import FIGURES as SWEPT
from cnncost.questions.sweep.chunk import TRAINED
from cnncost.show.tables.columns import SETS, TEXT_COLUMNS, column_keys

USES: tuple[Use, ...] = ("column", "limit", "target", "condition")


def test_every_word_means_one_figure() -> None:
    words = [word for each in FIGURES.values() for word in each.words]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert set(words) == set(NAMES)
    assert set(words).isdisjoint(set(SETS) | (set(TEXT_COLUMNS) - {"layers"}))


@pytest.mark.parametrize("key", FIGURES)
def test_every_figure_can_be_a_column(key: str) -> None:
    """Under each of its names, in a table and in Python; both give the same numbers, and so does JSON."""
    report = cnncost.analyze("alexnet").group(1)
    column = report.column(key, DEVICES["h100"])
    for word in FIGURES[key].words:
        assert column_keys(word.upper()) == [key]
        assert report.column(word, DEVICES["h100"]).tolist() == column.tolist()
    table = report.table(columns=f"name,{key}", free=True, device=DEVICES["h100"])
    assert table.data is not None
    assert [layer[key] for layer in table.data["layers"]] == column.tolist()
    assert [each.key for each in table.columns][:2] == ["name", key]
    assert (key in COLUMNS) + (key in DERIVED) + (key in NETWORK) + (key == "layers") == 1


@pytest.mark.parametrize("use", USES)
def test_what_a_figure_cannot_be_is_said(use: Use) -> None:
    """A figure is usable, or says in a sentence why not; every word of one that is usable is taken."""
    can = usable(use)
    for each in FIGURES.values():
        if each.name in can:
            assert {figure(word, use).key for word in each.words} == {each.key}
        else:
            assert len(each.why_not(use).split()) > 3
            with pytest.raises(UsageError, match=f"{each.name} cannot be a {use}: "):
                figure(each.name, use)


def test_the_readers_follow_the_registry() -> None:
    assert set(EXPECTED) == {each.name for each in FIGURES.values() if each.expected}
    assert {FIGURES[key].name for key in (*SWEPT, TRAINED)} == set(usable("condition"))
    for each in usable("limit").values():
        assert {limit(word, 5).quantity for word in each.words} == {each.name}
    for key, each in FIGURES.items():
        for word in each.words:
            if each.group in ("last", "main", "network"):
                with pytest.raises(UsageError, match="cannot sort by"):
                    order_key(word)
            else:
                assert order_key(word) == key
            if each.layers:
                assert sort_key(word) == key


def test_a_word_that_is_none() -> None:
    with pytest.raises(UsageError, match="unknown figure 'peek'\ndid you mean 'peak'"):
        figure("peek")
    with pytest.raises(UsageError, match="unknown figure 'accuracy'\ndid you mean 'top1' or 'top5'"):
        figure("accuracy")
    with pytest.raises(UsageError, match="unknown figure 'accuracy'\nfigures: params, flops"):
        limit("accuracy", 1)  # of what cannot be limited nothing is said
    with pytest.raises(UsageError, match="unknown figure 'latency'\nfigures: params, flops"):
        limit("latency", 1)
