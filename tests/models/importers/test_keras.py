"""The forms a Keras model is written in, sizes that are open, operators, and layers nobody but their author knows."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cnncost.base.errors import CnncostError, ModelError, UsageError
from cnncost.graph.graph import Graph
from cnncost.models.importers import keras, keras_file

DATA = Path(__file__).parents[2] / "data" / "networks" / "keras_hand"


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": kind, "config": {"name": kind.lower(), **config}, "registered_name": None}


def sequential(*layers: dict[str, Any], shape: Any = (None, 32, 32, 3)) -> dict[str, Any]:
    first = [layer("InputLayer", batch_shape=list(shape))] if shape else []
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [*first, *layers]}}


def graph(model: Any, input: Any = None, **settings: Any) -> Graph:
    return keras.read(json.dumps(model).encode(), "a.json").trace(input, **settings)


CONV = layer("Conv2D", filters=8, kernel_size=[3, 3], strides=[1, 1], padding="valid", use_bias=True, activation="relu")


def test_the_same_model_in_each_form_is_the_same_graph() -> None:
    model = sequential(CONV, layer("Dense", units=4, use_bias=True))
    text = json.dumps(model)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", text)
    old = {"class_name": "Sequential", "config": model["config"]["layers"]}
    forms: list[bytes] = [
        text.encode(),
        json.dumps(text).encode(),  # json.dump(model.to_json())
        archive.getvalue(),
        b"\x89HDF\r\n\x1a\n" + b"\0" * 99 + text.encode() + b"\0" * 9,
        json.dumps(old).encode(),
        json.dumps({"format": "layers-model", "modelTopology": {"model_config": model}}).encode(),
    ]
    found = [keras.read(data, "a").trace() for data in forms]
    assert all(keras.is_mine(data) for data in forms)
    assert all(one.nodes == found[0].nodes for one in found)
    assert [node.kind for node in found[0].layers] == ["conv", "relu", "conv"]  # Dense on a map is a convolution of 1×1


def test_open_sizes_are_asked_for() -> None:
    model = sequential(CONV, shape=(None, None, None, 3))
    with pytest.raises(CnncostError) as refused:
        graph(model)
    assert "--size" in str(refused.value) or "--input" in str(refused.value)
    assert graph(model, (3, 16, 16)).output == (8, 14, 14)


def test_maps_with_channels_first_keep_their_order() -> None:
    first = {**CONV, "config": {**CONV["config"], "data_format": "channels_first"}}
    assert graph(sequential(first, shape=(None, 3, 32, 40))).output == (8, 30, 38)


def test_buffers_are_said_as_keras_counts_them() -> None:
    found = graph(sequential(CONV, layer("BatchNormalization", axis=[3], scale=False)))
    assert sum(node.cost.params for node in found.layers) == 3 * 8 * 9 + 8 + 8
    assert found.notes == ("+16 buffers = 248 in Keras",)


@pytest.mark.parametrize(
    ("kind", "config", "params", "shape"),
    [  # by the formulas of keras/src/layers/rnn: four, three and one gates, each of units·(features + units) and its biases
        ("LSTM", {"units": 8}, 4 * (8 * (6 + 8) + 8), (8,)),
        ("GRU", {"units": 8, "reset_after": True}, 3 * (8 * (6 + 8) + 2 * 8), (8,)),
        ("SimpleRNN", {"units": 8, "return_sequences": True}, 8 * (6 + 8) + 8, (128, 8)),
        ("Conv1D", {"filters": 5, "kernel_size": [3], "padding": "causal"}, 3 * 6 * 5 + 5, (128, 5)),
        ("Dense", {"units": 5}, 6 * 5 + 5, (128, 5)),
    ],
)
def test_layers_over_steps(kind: str, config: dict[str, Any], params: int, shape: tuple[int, ...]) -> None:
    found = graph(sequential(layer(kind, **config), shape=(None, 128, 6)))
    assert sum(node.cost.params for node in found.layers) == params
    assert sorted(found.output) == sorted(shape)


def test_a_layer_at_each_step_has_one_set_of_weights() -> None:
    inner = {"module": "keras.layers", "class_name": "Conv2D", "config": {**CONV["config"], "activation": "linear"}}
    model = sequential(layer("TimeDistributed", layer=inner), shape=(None, 10, 32, 32, 3))
    found = graph(model)
    assert sum(node.cost.params for node in found.layers) == 3 * 8 * 9 + 8
    assert sum(node.cost.macs for node in found.layers) == 10 * 30 * 30 * 3 * 8 * 9


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (layer("Lambda", function=["4wAAAA==", None, None]), "is a Lambda: what it computes is byte code"),
        ({**layer("Mine"), "registered_name": "mine>Mine"}, "is a Mine: a class of somebody's own"),
        ({**layer("Conv2D"), "module": "mine.layers"}, "is a Conv2D: a class of somebody's own"),
        (layer("Foo"), "is a Foo: no layer that is known here"),
    ],
)
def test_layers_of_somebodys_own_are_refused_by_name(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError) as refused:
        graph(sequential(entry, CONV))
    assert words in refused.value.message
    kind = entry["class_name"]
    assert f"--assume {kind}=identity" in refused.value.hint
    found = graph(sequential(entry, layer("ReLU")), assume=(kind,))
    assert [node.kind for node in found.layers] == ["relu"]
    assert found.notes == (f"assumed to keep their input's shape and to cost nothing: 1 {kind}",)


def test_an_assumed_layer_can_stand_for_a_spec(tmp_path: Path) -> None:
    (tmp_path / "double.yaml").write_text("cnncost: 1\ninput: [3, 8, 8]\nlayers:\n- upsample: 2\n")
    entry = layer("Lambda")
    found = graph(sequential(entry, CONV), assume=(f"Lambda={tmp_path}/double.yaml",))
    assert found.output == (8, 62, 62)


def test_the_byte_code_of_a_lambda_is_never_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    import marshal

    monkeypatch.setattr(marshal, "loads", lambda *_: pytest.fail("byte code was read"))
    with pytest.raises(ModelError, match="Lambda"):
        keras.read((DATA / "lambda_layer.json").read_bytes(), "a.json").trace()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"class_name": "Mine", "config": {"name": "m"}}', "the file names the class 'Mine', not its layers"),
        (b'{"modelTopology": {"node": []}, "format": "graph-model"}', "is a graph-model of TensorFlow.js"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 500, "weights only, it seems"),
        (b'{"class_name": ', "is no JSON"),
        (b'{"class_name": "Sequential", "config": ' + b"[" * 100_000, "is no JSON: it is nested too deeply"),
        (b"PK\x03\x04 and nothing more", "cannot read config.json"),
    ],
)
def test_what_is_no_architecture(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        keras.read(data, "a.keras")
    assert message in refused.value.message
    assert refused.value.hint


def test_a_member_that_is_larger_than_any_network_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", b" " * 1_000_000)
    monkeypatch.setattr(keras_file, "LARGEST_JSON", 100_000)
    with pytest.raises(UsageError, match=r"config\.json of 1,000,000 bytes"):
        keras.read(archive.getvalue(), "a.keras")


def test_a_mean_with_same_padding_is_over_real_inputs() -> None:  # tf.nn.avg_pool: padding is left out of the mean
    pool = layer("AveragePooling2D", pool_size=[3, 3], strides=[1, 1], padding="same")
    assert graph(sequential(pool, shape=(None, 4, 4, 1))).layers[0].cost.taps == (2 + 3 + 3 + 2) ** 2


def test_shapes_that_the_file_records_must_come_out() -> None:
    data = (DATA / "dict_outputs.json").read_bytes()
    keras.read(data, "a.json").trace()
    with pytest.raises(ModelError) as refused:
        keras.read(data.replace(b'"strides": [2, 2]', b'"strides": [3, 3]'), "a.json").trace()
    assert "layer 'conv2d' (Conv2D): the file says that it makes 15×15×8, by the rules it is 10×10×8" in refused.value.message
    other = keras.read(data, "a.json").trace((3, 64, 64))  # at another input they are no check
    assert other.nodes[1].cost.shape == (8, 31, 31)


def test_a_manifest_of_weights_is_held_against_what_is_counted() -> None:
    model = {"format": "layers-model", "modelTopology": {"model_config": sequential(CONV)}}
    manifest = [{"weights": [{"name": "k", "shape": [3, 3, 3, 8]}, {"name": "b", "shape": [8]}]}]
    assert graph({**model, "weightsManifest": manifest}).notes == ()
    manifest[0]["weights"].append({"name": "more", "shape": [5]})
    assert graph({**model, "weightsManifest": manifest}).notes == ("the file lists 229 numbers of weights, 224 are counted",)


def test_files_of_keras_1_are_told_apart() -> None:
    with pytest.raises(ModelError) as refused:
        graph(sequential(layer("Convolution2D", nb_filter=8, nb_row=3, nb_col=3, border_mode="same")))
    assert "Keras 1" in refused.value.message
    assert "Keras 2" in refused.value.hint


def test_models_that_call_each_other_twice_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "MOST_CALLS", 2_000)
    model: dict[str, Any] = {"class_name": "Functional", "name": "m0", "config": nested(None, 0)}
    for depth in range(1, 25):
        model = {"class_name": "Functional", "name": f"m{depth}", "config": nested(model, depth)}
    with pytest.raises(ModelError, match="layers are called more than"):
        graph(model)


def nested(inner: dict[str, Any] | None, depth: int) -> dict[str, Any]:
    source = {"name": "i", **layer("InputLayer", batch_shape=[None, 8])}
    if inner is None:
        middle: dict[str, Any] = {"name": "m", **layer("Identity"), "inbound_nodes": [[["i", 0, 0, {}]]]}
    else:
        middle = {**inner, "name": "m", "inbound_nodes": [[["i", 0, 0, {}]], [["m", 0, 0, {}]]]}
    return {"layers": [source, middle], "input_layers": [["i", 0, 0]], "output_layers": [["m", 0 if inner is None else 1, 0]]}
