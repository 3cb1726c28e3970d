"""Darknet's quirks, as src/option_list.c and src/parser.c have them, and what is said of sections that are not counted."""

from pathlib import Path

import pytest

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.models.importers import darknet

NET = "[net]\nheight=20\nwidth=23\nchannels=4\n"


def graph(text: str, **settings: object):  # type: ignore[no-untyped-def]
    return darknet.read((NET + text).encode(), "a.cfg").trace(**settings)  # type: ignore[arg-type]


def test_layers_have_their_number_and_their_type() -> None:
    text = "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n[maxpool]\nstride=2\n"
    assert [node.name for node in graph(text).layers] == [
        "0_convolutional.conv",
        "0_convolutional.bn",
        "0_convolutional.leaky_relu",
        "1_maxpool.pool",
    ]


def test_heads_are_the_outputs() -> None:
    text = "[convolutional]\nfilters=18\n[yolo]\n[route]\nlayers=-2\n[convolutional]\nfilters=9\n[yolo]\n"
    found = graph(text)
    assert [found.nodes[index].cost.shape[0] for index in found.outputs] == [18, 9]


def test_another_size_gives_another_number_of_parameters_and_says_so() -> None:
    model = darknet.read((NET + "[connected]\noutput=5\n").encode(), "a.cfg")
    assert model.trace().notes == ()
    assert model.trace((4, 10, 10)).notes == (
        "parameters change with the input: 9,205 at the file's 4×20×23, 2,005 at 4×10×10",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[convolutional]\nfilters=8\n[crnn]\n", "line 7: [crnn] is recurrent"),
        ("[convolutionel]\n", "line 5: [convolutionel] is no section that is known"),
        ("[convolutional]\nactivation=leeky\n", "line 5: [convolutional]: unknown activation 'leeky'"),
        ("[route]\nlayers=-1\n", "line 5: [route] refers to layer -1, which is no earlier one"),
        ("[maxpool]\n[route]\n", "line 6: [route] names no earlier layer"),
        (
            "[maxpool]\nstride=2\n[route]\nlayers=-1,0\n[maxpool]\nstride=2\n[route]\nlayers=-1,0\n",
            "line 11: [route]: maps of different sizes",
        ),
        ("[convolutional]\nsize=99\n", "layer '0_convolutional.conv'"),
        ("[convolutional]\nfilters=" + "9" * 30, "line 5: [convolutional] has the number"),
        ("[shortcut]\nfrom=0\n", "line 5: [shortcut] refers to layer 0"),
        ("[dropout]\nprobability=x\n", "line 5: [dropout]: the probability is 'x'"),
    ],
)
def test_refusals_name_line_and_section(text: str, message: str) -> None:
    with pytest.raises(ModelError) as refused:
        graph(text)
    assert message in refused.value.message
    assert refused.value.hint or "conv" in refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[net]\nwidth=3\n", "there are no layers behind [net]"),
        ("[maxpool]\n", "the first section is no [net]"),
        ("[net]\nwidth\n[maxpool]\n", "a.cfg:2: 'width' is no option"),
        ("width=3\n[net]\n[maxpool]\n", "a.cfg:1: 'width=3' is no option"),
    ],
)
def test_files_that_are_no_network(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        darknet.read(text.encode(), "a.cfg")
    assert message in refused.value.message


@pytest.mark.parametrize(("name", "multiple"), [("cspx-p7-mish", 128), ("yolov4", 32)])
def test_sizes_that_do_not_fit_are_answered_with_the_multiple(name: str, multiple: int) -> None:
    data = (Path(__file__).parents[2] / "data" / "networks" / "darknet" / "alexey" / f"{name}.cfg").read_bytes()
    model = darknet.read(data, name)
    with pytest.raises(ModelError) as refused:
        model.trace((3, 7 * multiple + 16, 7 * multiple + 16))
    assert f"multiples of {multiple}," in refused.value.hint
    assert len(model.trace((3, 7 * multiple, 7 * multiple)).layers) > 300


def test_a_size_that_is_missing_is_asked_for() -> None:
    model = darknet.read(b"[net]\n[convolutional]\nfilters=2\n", "a.cfg")
    with pytest.raises(CnncostError, match="--input"):
        model.trace()
    assert model.trace((3, 8, 8)).output == (2, 8, 8)


def test_an_unknown_section_can_be_taken_as_the_identity() -> None:
    found = graph("[convolutional]\nfilters=2\n[sharpen]\n[convolutional]\nfilters=3\n", assume=("sharpen",))
    assert found.output == (3, 20, 23)
    assert found.notes == ("assumed to keep their input's shape and to cost nothing: 1 sharpen",)
