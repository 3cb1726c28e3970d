"""Every layer type has its row everywhere: builder, specs, schema, `ops`, and each table of facts."""

from __future__ import annotations

import inspect

import pytest

from cnncost.counting import CONVENTIONS, FREE
from cnncost.counting.convention import names
from cnncost.graph.layers import Layers
from cnncost.measures import facts
from cnncost.measures.field import SEEING, SEES, SEES_OF
from cnncost.models.spec.schema import schema
from cnncost.models.spec.signatures import arguments
from cnncost.rules import RULES
from cnncost.show.tables.rules import rule_table

SOURCES = ("Source:", "Source ")  # where a rule is from, or the rule that it follows
PRICED = {names(key)[-1] for each in CONVENTIONS.values() for key in each.flops}


@pytest.mark.parametrize("kind", RULES)
def test_builder_specs_and_tables(kind: str) -> None:
    told = inspect.getdoc(getattr(Layers, kind)) or ""
    assert " ".join(told.split()).startswith(" ".join(RULES[kind].words.split()))
    assert ">>> trace(" in told  # run with the docstrings
    assert arguments(kind).keys() >= RULES[kind].arguments.keys()
    assert kind in schema()["definitions"]
    assert dict(rule_table(kind).rows)["output"]


@pytest.mark.parametrize("kind", RULES)
def test_facts(kind: str) -> None:
    assert SEES_OF[kind] in {*SEEING, "join", "attention", "nothing", "rearranged", "unknown"}
    assert sum(kind in kinds for kinds in SEES.values()) == 1
    # Where its output lies: over its input, another look at it, or a tensor of its own.
    places = (facts.CAN_WORK_IN_PLACE, facts.VIEWS, facts.MAKE, facts.STORED, ("tokens",))
    assert sum(kind in each for each in places) == 1
    # What it keeps: a row, or a word that it keeps nothing.
    keeps = [key.split(".")[0] for key in facts.KEEPS]
    assert (kind in keeps) != (kind in facts.KEEP_NOTHING)
    # What conventions charge: some formula somewhere, or no arithmetic at all; what has no rule is counted by none.
    assert kind in (*PRICED, *FREE, *UNPRICED)


# Arithmetic that no tool charges; and what has no rule, which none can.
UNPRICED = ("sub", "div", "maximum", "minimum", "elementwise", "weighted_sum", "bias", "position_embedding", "opaque")
UNPRICED += ("mish", "tanh", "hardswish", "hardsigmoid")


def test_no_table_names_a_kind_that_there_is_not() -> None:
    named = {
        *SEES_OF,
        *facts.CAN_WORK_IN_PLACE,
        *facts.VIEWS,
        *facts.MAKE,
        *facts.KEEP_NOTHING,
        *facts.MAKES,
        *facts.MOVE_AXES,
        *facts.COPY_FIRST,
        *facts.COPY_INSTEAD,
        *facts.PADDED_FIRST,
        *facts.KEEP_ORDER,
        *facts.KEEP_FOR_OTHERS,
        *facts.KEEP_FOR_WEIGHTS,
        *(key.split(".")[0] for key in facts.KEEPS),
        *FREE,
    }
    assert named <= set(RULES)
