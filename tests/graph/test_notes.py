"""What a model says about its own figures is said below every table of them."""

import json

from support import command

import cnncost
from cnncost.graph.graph import Tensor, trace
from cnncost.measures.comparison import Comparison
from cnncost.measures.memory import memory
from cnncost.measures.report import report
from cnncost.show.render import render
from cnncost.show.tables.memory import memory_table


def half(x: Tensor) -> Tensor:
    y = x.conv(4, 3)
    y.note("not counted: 1 Proposal")
    y.note("not counted: 1 Proposal")
    return y


def test_each_note_is_kept_once():
    assert trace(half, (3, 8, 8)).notes == ("not counted: 1 Proposal",)


def test_tables_end_with_the_notes():
    graph = trace(half, (3, 8, 8))
    found = report(graph)
    assert str(found).splitlines()[-1].strip() == "not counted: 1 Proposal"
    assert json.loads(render(found.table(), "json"))["notes"] == ["not counted: 1 Proposal"]
    assert "b: not counted: 1 Proposal" in str(Comparison((found, found), ("a", "b")))
    assert "not counted: 1 Proposal" in render(memory_table(memory(graph)), "plain")


def test_reports_without_notes_say_nothing():
    assert "notes" not in json.loads(render(report(cnncost.load("lenet5").trace()).table(), "json"))


def test_a_picture_with_its_channels_last_gets_a_word():
    word = "channels come first: 224×224×3 is read as 224 channels; write 3×224×224 for a picture"
    assert cnncost.load("resnet18").trace((224, 224, 3)).notes == (word,)
    assert cnncost.load("resnet18").trace((3, 224, 224)).notes == ()
    assert trace(lambda x: x.permute((2, 0, 1)).conv(4, 3), (224, 224, 3)).notes == ()  # a file of TensorFlow turns it itself
    assert trace(lambda x: x.conv(4, (16, 1)), (64, 250, 1)).notes == ()  # a signal written as a picture of one column


def test_gates_and_differences_say_it_too(tmp_path, monkeypatch):
    (tmp_path / "half_of_it.py").write_text(
        "def half(x):\n    y = x.conv(4, 3)\n    y.note('not counted: 1 Proposal')\n    return y\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["half_of_it:half", "--input", "3,8,8"]
    over, solved = ["sweep", *words, "--over", "size=8,16"], ["solve", *words, "--for", "batch", "--target", "macs<=1M"]
    gate = ["check", *words, "--max-params", "1M"]
    for call in (gate, over, solved, ["explain", *words], ["formula", *words], ["diff", words[0], *words]):
        done = command(*call, folder=tmp_path)
        assert done.code == 0, done.err
        assert "not counted: 1 Proposal" in done.out, call
