"""Classes of data behave as those of the standard library, which makes them here a second time."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, field, fields, replace
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import cnncost
from cnncost.base.record import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("below 0")


@dataclasses.dataclass(frozen=True, slots=True)
class Usual:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


def test_what_people_see_of_it_is_as_usual() -> None:
    ours, usual = Point(3, tags=["a"], note="n"), Usual(3, tags=["a"], note="n")
    assert repr(ours).replace("Point", "Usual") == repr(usual)
    assert dataclasses.asdict(ours) == dataclasses.asdict(usual)
    assert str(inspect.signature(Point)).replace("Point", "Usual") == str(inspect.signature(Usual))
    assert Point.__match_args__ == Usual.__match_args__
    assert Point.__slots__ == Usual.__slots__
    assert not hasattr(ours, "__dict__")


def test_equality_and_hash_go_by_the_fields_that_are_compared() -> None:
    assert Point(3, note="a") == Point(3, note="b") != Point(4)
    assert Point(3) != Usual(3)
    assert Point(3) != (3, 0, [], "")
    assert len({Whole(1), Whole(1), Whole(2)}) == 2
    with pytest.raises(TypeError):
        hash(Loose(1))


@dataclass(frozen=True)
class Whole:
    x: int


@dataclass(slots=True)
class Loose:
    x: int


def test_frozen_ones_cannot_be_changed_and_others_can() -> None:
    point = Point(3)
    with pytest.raises(FrozenInstanceError, match="cannot change 'x' of a Point"):
        point.x = 4  # type: ignore[misc]  # what is tried here
    with pytest.raises(FrozenInstanceError):
        del point.x  # type: ignore[misc]  # the same
    loose = Loose(1)
    loose.x = 2
    assert loose == Loose(2)


def test_they_are_copied_pickled_and_replaced() -> None:
    point = Point(3, 1, ["a"], "n")
    for twin in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point)), replace(point)):
        assert twin == point
        assert twin.note == "n"
    assert replace(point, x=5).x == 5
    assert Point(1).tags is not Point(1).tags
    with pytest.raises(ValueError, match="below 0"):
        replace(point, x=-1)
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]  # what is tried here


def every_class() -> list[Any]:
    found = {}
    for module in walk_packages(cnncost.__path__, "cnncost."):
        if not module.name.endswith("__main__") and "live" not in module.name:
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.name:
                    found[value.__module__, value.__qualname__] = value
    return list(found.values())


def test_every_class_of_data_takes_its_fields_in_order_as_the_usual_one_would() -> None:
    classes = every_class()
    assert len(classes) > 100
    for each in classes:
        taken = [name for name in inspect.signature(each.__init__).parameters if name != "self"]
        assert "__init__" not in vars(each) or taken == [one.name for one in fields(each) if one.init], each
