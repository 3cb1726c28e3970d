"""Networks in files as closed forms: at every size that fits they give what the rules give in integers, and say which fit."""

from pathlib import Path

import pytest

from cnncost.base.errors import CnncostError
from cnncost.base.notation import PYTHON
from cnncost.models.load import load
from cnncost.questions.formula import formula

DATA = Path(__file__).parents[2] / "data" / "networks"


@pytest.mark.parametrize(
    ("path", "sizes"),
    [
        ("darknet/alexey/yolov4-tiny.cfg", [32, 64, 100, 416, 608]),
        ("darknet/alexey/yolov4.cfg", [64, 96, 416, 500]),
        ("keras_hand/unet_small.json", [64, 100, 128, 136]),
        ("caffe/soe_cls_inception_deploy_inception-v3.prototxt", [299, 331, 320]),
    ],
)
def test_a_closed_form_is_what_the_rules_count_where_it_holds(path: str, sizes: list[int]) -> None:
    model = load(str(DATA / path))
    found = formula(model)
    conditions = found.conditions(style=PYTHON)
    seen = set()
    for size in sizes:
        holds = all(eval(condition, {"H": size, "W": size}) for condition in conditions)  # our own formulas
        try:
            graph = model.trace((3, size, size))
        except CnncostError:
            assert not holds, size
            seen.add(False)
            continue
        if holds:
            seen.add(True)
            for figure in ("params", "macs"):
                form = found.total[figure]
                value = form if isinstance(form, int) else form(H=size, W=size)
                assert value == sum(getattr(node.cost, figure) for node in graph.layers), (size, figure)
    assert True in seen
