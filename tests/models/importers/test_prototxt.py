"""The text form of protobuf as people write it: every form of the specification, and what people write besides."""

import pytest

from cnncost.base.errors import UsageError
from cnncost.models.importers.prototxt import DEEPEST, Message, parse


def plain(value: object) -> object:
    if isinstance(value, Message):
        return {key: [plain(part) for part in parts] for key, parts in value.items()}
    return value


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a: 1 b: -2.5e3", {"a": ["1"], "b": ["-2.5e3"]}),
        ("a: 1, b: 2; c: 3", {"a": ["1"], "b": ["2"], "c": ["3"]}),
        ("a { b: 1 } a: { b: 2 } a < b: 3 >", {"a": [{"b": ["1"]}, {"b": ["2"]}, {"b": ["3"]}]}),
        ("a: [1, 2] b: [ { c: 1 }, < c: 2 > ]", {"a": ["1", "2"], "b": [{"c": ["1"]}, {"c": ["2"]}]}),
        ("a: 'it\\'s' b: \"x\\ty\"", {"a": ["it's"], "b": ["x\ty"]}),
        ('a: "one" \'two\'\n  "three"', {"a": ["onetwothree"]}),
        ("a: 1 # b: 2\n# c: 3\nd: # why\n", None),
        ("# only words", {}),
        ("type: CONVOLUTION bias_term: false", {"type": ["CONVOLUTION"], "bias_term": ["false"]}),
    ],
)
def test_forms(text: str, fields: dict[str, object] | None) -> None:
    if fields is None:
        with pytest.raises(UsageError, match="'d' has no value"):
            parse(text, "a.prototxt")
    else:
        assert plain(parse(text, "a.prototxt")) == fields


@pytest.mark.parametrize(
    ("text", "number"),
    [("16", 16), ("0x10", 16), ("020", 16), ("-3", -3), ("+7", 7), ("0", 0)],
)
def test_whole_numbers_as_protobuf_has_them(text: str, number: int) -> None:
    assert parse(f"a: {text}", "a.prototxt").number("a", 9) == number


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("t", True), ("1", True), ("false", False), ("f", False), ("0", False)]
)
def test_truth_may_be_a_number(text: str, truth: bool) -> None:
    assert parse(f"a: {text}", "a.prototxt").true("a", not truth) is truth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nlayer {\n  b: 2\n", "n.prototxt:4: the file ends inside a message"),
        ("a: 1\n}\n", "n.prototxt:2: unexpected '}'"),
        ("layer {\n  a: 1 ]\n}", "n.prototxt:2: unexpected ']'"),
        ("a: [1, 2\nb: 3", "n.prototxt:1: the list of a holds 'b:'"),
        ("a: 1\nb\nc: 2", "n.prototxt:2: 'b' has no value"),
        ("\n\n  ?", "n.prototxt:3: cannot read '?'"),
        ("a {" * (DEEPEST + 1), f"n.prototxt:1: messages are nested more than {DEEPEST} deep"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, "n.prototxt")
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize("value", ["x", "1.5", "{}", "9" * 50, "1000000000000000001", "0x"])
def test_numbers_that_are_none(value: str) -> None:
    with pytest.raises(ValueError, match="a is"):
        parse(f"a: {value}" if value != "{}" else "a {}", "a.prototxt").number("a", 0)


def test_a_long_line_of_comment_marks_is_read_in_one_go() -> None:
    with pytest.raises(UsageError, match="cannot read"):
        parse("#" * 100_000 + "\n?", "a.prototxt")
