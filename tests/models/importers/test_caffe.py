"""What Caffe makes of phases, inputs and unknown layers: the three states, and what is said of each."""

import pytest

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.models.importers import caffe

INPUT = 'input: "data" input_shape { dim: 1 dim: 3 dim: 64 dim: 64 }\n'


def layer(name: str, type: str, bottom: str, fields: str = "", top: str = "") -> str:
    bottoms = " ".join(f'bottom: "{blob}"' for blob in bottom.split())
    return f'layer {{ name: "{name}" type: "{type}" {bottoms} top: "{top or name}" {fields} }}\n'


def conv(name: str, bottom: str, out: int = 4) -> str:
    return layer(name, "Convolution", bottom, f"convolution_param {{ num_output: {out} kernel_size: 3 pad: 1 }}")


def graph(text: str, input=None, **settings: object):  # type: ignore[no-untyped-def]
    return caffe.read((INPUT + text).encode(), "a.prototxt").trace(input, **settings)


def test_post_processing_is_cut_and_listed() -> None:
    found = graph(conv("c", "data") + layer("prior", "PriorBox", "c data") + layer("out", "DetectionOutput", "c prior"))
    assert [node.name for node in found.layers] == ["c"]
    assert found.notes == ("not counted: 1 PriorBox, 1 DetectionOutput",)


def test_an_unknown_layer_before_weights_is_refused_with_its_place_and_the_remedy() -> None:
    text = conv("c", "data") + layer("warp", "SpatialTransformer", "c") + conv("d", "warp")
    with pytest.raises(ModelError) as refused:
        graph(text)
    assert "a.prototxt: line 3: SpatialTransformer 'warp'" in refused.value.message
    assert "--assume SpatialTransformer=identity" in refused.value.hint
    found = graph(text, assume=("SpatialTransformer",))
    assert found.output == (4, 64, 64)
    assert found.notes == ("assumed to keep their input's shape and to cost nothing: 1 SpatialTransformer",)


def test_an_unknown_layer_with_weights_of_its_own_is_refused_at_the_end_too() -> None:
    with pytest.raises(ModelError, match="it has weights itself"):
        graph(conv("c", "data") + layer("own", "Mine", "c", "param { lr_mult: 1 }"))


def test_what_runs_for_each_region_is_not_counted_and_said_so() -> None:
    text = conv("c", "data") + 'input: "rois" input_shape { dim: 300 dim: 5 }\n' + layer("roi", "ROIPooling", "c rois")
    text += layer("fc6", "InnerProduct", "roi", "inner_product_param { num_output: 9 }") + layer("r", "ReLU", "fc6", top="fc6")
    found = graph(text)
    assert [node.name for node in found.layers] == ["c"]
    assert found.notes == (
        "counted up to ROIPooling; not counted, for they run once for each region: 1 layer with weights (fc6)",
        "not counted: 1 ROIPooling, 1 ReLU",
        "the input of 64×64 in the file is a placeholder, which the program overwrites: give --size",
    )


def test_a_file_of_which_nothing_was_counted_is_refused() -> None:
    text = layer("roi", "ROIPooling", "data rois") + layer("fc", "InnerProduct", "roi", "inner_product_param { num_output: 9 }")
    with pytest.raises(CnncostError, match=r"nothing of the file could be counted|no input size"):
        caffe.read(
            ('input: "rois" input_dim: 1 input_dim: 5 input_dim: 1 input_dim: 1\n' + INPUT + text).encode(), "a.prototxt"
        ).trace()


def test_the_phase_is_a_setting() -> None:
    text = conv("c", "data") + conv("d", "c").replace(" }\n", " include { phase: TRAIN } }\n", 1)
    assert len(graph(text).layers) == 1
    assert len(graph(text, phase="TRAIN").layers) == 2


def test_moments_are_said_as_caffe_counts_them() -> None:
    found = graph(
        conv("c", "data")
        + layer("bn", "BatchNorm", "c", top="c")
        + layer("sc", "Scale", "c", "scale_param { bias_term: true }")
    )
    params, buffers = 3 * 4 * 9 + 4 + 8, 2 * 4 + 1
    assert found.notes == (f"+{buffers} buffers = {params + buffers} in Caffe",)


def test_a_placeholder_is_pointed_out_only_where_the_file_has_it() -> None:
    tiny = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 16 input_dim: 16\n' + conv("c", "data")
    model = caffe.read(tiny.encode(), "pose.prototxt")
    assert "placeholder" in model.trace().notes[-1]
    assert model.trace((3, 368, 368)).notes == ()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('net: "models/train_val.prototxt"\nbase_lr: 0.01', "is a solver", "models/train_val.prototxt"),
        ("layers { layer { name: 'a' type: 'conv' } }", "the oldest form", "upgrade_net_proto_text"),
        ("name: 'empty'", "has no layers", "layer { … }"),
    ],
)
def test_what_is_no_network(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        caffe.read(text.encode(), "a.prototxt")
    assert message in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (conv("c", "dat"), "line 2: Convolution 'c' reads 'dat', which no earlier layer makes"),
        (
            layer("c", "Convolution", "data", "convolution_param { num_output: 4 }"),
            "line 2: Convolution 'c': it has no kernel_size",
        ),
        (layer("f", "Flatten", "data", "flatten_param { axis: 0 }"), "works along the batch"),
        (layer("f", "InnerProduct", "data", "inner_product_param { num_output: x }"), "num_output is 'x'"),
        (layer("s", "Slice", "data", "slice_param { slice_point: 1 slice_point: 2 }"), "2 slice points make no 1 tops"),
        (layer("r", "Reshape", "data", "reshape_param { shape { dim: 7 dim: -1 } }"), "it changes the batch"),
    ],
)
def test_refusals_name_line_type_and_layer(text: str, message: str) -> None:
    with pytest.raises(ModelError) as refused:
        graph(text)
    assert message in refused.value.message


@pytest.mark.parametrize("type", ["LSTM", "Mine"])
def test_weights_are_never_cut_in_silence(type: str) -> None:
    fields = "recurrent_param { num_output: 9 }" if type == "LSTM" else "mine_param { num_output: 9 }"
    with pytest.raises(ModelError, match="it has weights itself"):
        graph(conv("c", "data") + layer("last", type, "c", fields))


def test_what_a_data_layer_loads_beside_its_image_is_a_label_unless_the_network_reads_it() -> None:
    loads = 'layer { name: "d" type: "Python" top: "color" top: "depth" top: "label" }\n'
    text = loads + layer("both", "Concat", "color depth") + conv("c", "both") + layer("l", "SoftmaxWithLoss", "c label")
    model = caffe.read(text.encode(), "a.prototxt")
    assert list(model.inputs) == ["color", "depth"]
    found = model.trace({"color": (3, 8, 8), "depth": (1, 8, 8)})
    assert found.output == (4, 8, 8)
    assert sum(node.cost.params for node in found.layers) == 4 * 9 * 4 + 4


def test_losses_and_measures_are_ends_and_nothing_is_missing() -> None:
    text = conv("c", "data") + 'layer { name: "l" type: "DummyData" top: "label" dummy_data_param { shape { dim: 1 } } }\n'
    found = graph(text + layer("a", "Accuracy", "c label") + layer("s", "SoftmaxWithLoss", "c label"))
    assert [node.name for node in found.layers] == ["c"]
    assert found.notes == ()


def test_normalisation_within_a_channel_reads_a_square() -> None:  # Caffe computes it by a pooling of local_size × local_size
    fields = "lrn_param { local_size: 3 norm_region: %s }"
    within, across = (graph(layer("n", "LRN", "data", fields % r)).layers[0].cost.taps for r in ("WITHIN_CHANNEL", "0"))
    assert (within, across) == (9 * 3 * 64 * 64, 3 * 3 * 64 * 64)


def test_fields_that_are_not_known_are_told() -> None:
    found = graph(layer("c", "Convolution", "data", "convolution_param { num_output: 4 kernel_size: 3 dilated_by: 2 }"))
    assert found.notes == ("fields that are not known, and were not read: 1 convolution_param.dilated_by",)


def test_both_versions_of_the_format_in_one_file_are_taken_in_order() -> None:
    old = 'layers { name: "d" type: CONVOLUTION bottom: "c" top: "d" convolution_param { num_output: 2 kernel_size: 1 } }\n'
    assert [node.name for node in graph(conv("c", "data") + old).layers] == ["c", "d"]
