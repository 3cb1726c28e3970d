"""Keras itself builds models, writes them down, and says what they hold: layers, operators and its own applications.

Run where Keras is installed, with any of its backends.
"""

import json
from collections.abc import Callable
from math import prod
from typing import Any

import pytest

from cnncost.base.errors import CnncostError
from cnncost.models.importers import keras as reader

keras = pytest.importorskip("keras")
L = keras.layers
ops = keras.ops


def compare(model: Any) -> None:
    """Hold parameters, buffers and output shapes against those of a model of Keras."""
    graph = reader.read(model.to_json().encode(), "model.json").trace()
    weights = [w for w in model.non_trainable_weights if "seed" not in w.path]
    assert sum(node.cost.params for node in graph.layers) == sum(prod(w.shape) for w in model.trainable_weights)
    assert sum(node.cost.buffers for node in graph.layers) == sum(prod(w.shape) for w in weights)
    for index, output in zip(graph.outputs, model.outputs, strict=True):
        shape = output.shape[1:]  # maps are C×H×W here, so that sizes are compared in any order
        assert None in shape or sorted(graph.nodes[index].cost.shape) == sorted(shape)


STEPS: list[Callable[[], Any]] = [  # layers on (8, 6): steps of features
    lambda: L.Conv1D(5, 3, padding="causal", dilation_rate=2),
    lambda: L.Conv1D(6, 3, groups=2, strides=2, padding="same"),
    lambda: L.SeparableConv1D(5, 3),
    lambda: L.DepthwiseConv1D(3, depth_multiplier=2),
    lambda: L.Conv1DTranspose(4, 3, strides=2, padding="same"),
    lambda: L.Conv1DTranspose(4, 3, strides=2),
    lambda: L.MaxPooling1D(3, 2, padding="same"),
    lambda: L.AveragePooling1D(2),
    lambda: L.GlobalAveragePooling1D(),
    lambda: L.GlobalMaxPooling1D(keepdims=True),
    lambda: L.BatchNormalization(axis=1),
    lambda: L.LayerNormalization(axis=[1, 2]),
    lambda: L.LayerNormalization(scale=False),
    lambda: L.GroupNormalization(2),
    lambda: L.PReLU(),
    lambda: L.PReLU(shared_axes=[1]),
    lambda: L.LSTM(7),
    lambda: L.LSTM(7, return_sequences=True),
    lambda: L.GRU(7),
    lambda: L.GRU(7, reset_after=False),
    lambda: L.SimpleRNN(7, use_bias=False),
    lambda: L.Bidirectional(L.LSTM(7)),
    lambda: L.Bidirectional(L.GRU(7, return_sequences=True), merge_mode="sum"),
    lambda: L.TimeDistributed(L.Dense(3)),
    lambda: L.Dense(3),
    lambda: L.Reshape((4, 6, 2)),
    lambda: L.Reshape((-1, 3)),
    lambda: L.Permute((2, 1)),
    lambda: L.ZeroPadding1D(2),
    lambda: L.Cropping1D((1, 2)),
    lambda: L.UpSampling1D(3),
    lambda: L.EinsumDense("abc,cd->abd", output_shape=(8, 5), bias_axes="d"),
    lambda: L.Embedding(10, 4),
]
MAPS: list[Callable[[], Any]] = [  # layers on (9, 9, 6)
    lambda: L.Conv2D(8, (3, 2), strides=2, padding="same", activation="swish"),
    lambda: L.Conv2D(8, 3, dilation_rate=2, activation="selu"),
    lambda: L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu6"),
    lambda: L.SeparableConv2D(5, 3, depth_multiplier=2),
    lambda: L.Conv2DTranspose(5, 4, strides=3, padding="same"),
    lambda: L.Conv2DTranspose(5, 2, strides=3),
    lambda: L.Conv2DTranspose(5, 3, strides=2, padding="same", output_padding=1),
    lambda: L.Conv2DTranspose(5, 5, strides=2, output_padding=1),
    lambda: L.Conv2DTranspose(5, 3, padding="same", dilation_rate=2),
    lambda: L.MaxPooling2D(3, 2, padding="same"),
    lambda: L.AveragePooling2D((2, 3)),
    lambda: L.GlobalAveragePooling2D(keepdims=True),
    lambda: L.BatchNormalization(axis=1),
    lambda: L.BatchNormalization(center=False),
    lambda: L.LayerNormalization(axis=1),
    lambda: L.LayerNormalization(axis=[2, 3], center=False),
    lambda: L.GroupNormalization(-1),
    lambda: L.GroupNormalization(3, axis=1),
    lambda: L.PReLU(shared_axes=[1, 2]),
    lambda: L.PReLU(shared_axes=[1]),
    lambda: L.Dense(7, activation="tanh"),
    lambda: L.Reshape((-1,)),
    lambda: L.Reshape((81, 6)),
    lambda: L.Reshape((54, 9)),
    lambda: L.Permute((3, 1, 2)),
    lambda: L.Permute((2, 1, 3)),
    lambda: L.ZeroPadding2D(((1, 0), (2, 3))),
    lambda: L.Cropping2D(((1, 2), (0, 3))),
    lambda: L.UpSampling2D((2, 3), interpolation="bilinear"),
    lambda: L.Resizing(20, 30),
    lambda: L.CenterCrop(4, 5),
    lambda: L.RandomCrop(4, 5),
    lambda: L.Softmax(axis=1),
    lambda: L.Activation("log_softmax"),
]
VIDEOS: list[Callable[[], Any]] = [  # layers on (6, 8, 8, 3)
    lambda: L.Conv3D(4, 3, padding="same", strides=2),
    lambda: L.Conv3DTranspose(4, 3, strides=2),
    lambda: L.AveragePooling3D(2, padding="same"),
    lambda: L.GlobalAveragePooling3D(),
    lambda: L.ZeroPadding3D((1, 2, 0)),
    lambda: L.Cropping3D(1),
    lambda: L.UpSampling3D(2),
    lambda: L.TimeDistributed(L.Conv2D(5, 3, activation="relu")),
    lambda: L.TimeDistributed(L.MaxPooling2D(2)),
    lambda: L.TimeDistributed(L.Flatten()),
    lambda: L.TimeDistributed(L.GlobalAveragePooling2D()),
    lambda: L.TimeDistributed(L.SeparableConv2D(4, 3)),
    lambda: L.TimeDistributed(
        keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(4, 3), L.BatchNormalization(axis=3), L.Flatten(), L.Dense(5)])
    ),
]
LAYERS = [(shape, make) for shape, makes in (((8, 6), STEPS), ((9, 9, 6), MAPS), ((6, 8, 8, 3), VIDEOS)) for make in makes]


@pytest.mark.parametrize(("shape", "make"), LAYERS, ids=[f"{'x'.join(map(str, s))}-{n}" for n, (s, _) in enumerate(LAYERS)])
def test_a_layer(shape: tuple[int, ...], make: Callable[[], Any]) -> None:
    compare(keras.Sequential([keras.Input(shape), make()]))


OPERATORS: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: (x + 1) * 2 / 3 - x**2,
    "mean": lambda x: ops.mean(x, axis=-1, keepdims=True),
    "max": lambda x: ops.max(x, axis=[1, 2]),
    "concatenate": lambda x: ops.concatenate([x, x], axis=1),
    "transpose": lambda x: ops.transpose(x, (0, 3, 1, 2)),
    "reshape": lambda x: ops.reshape(x, (-1, 36, 4)),
    "split": lambda x: ops.split(x, 2, axis=-1),
    "slices": lambda x: x[:, 1:-1, ::2, :2],
    "a row": lambda x: x[:, 0],
    "a new axis": lambda x: x[:, None],
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "einsum": lambda x: ops.einsum("bhwc,bhwd->bcd", x, x),
    "pad": lambda x: ops.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]]),
    "resize": lambda x: ops.image.resize(x, (10, 12)),
    "stack": lambda x: ops.stack([x, x], axis=1),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "swapaxes": lambda x: ops.swapaxes(x, 1, 2),
    "repeat": lambda x: ops.repeat(x, 2, axis=1),
    "tile": lambda x: ops.tile(x, (1, 2, 1, 1)),
    "pooling": lambda x: ops.average_pool(x, 2),
    "depth to space": lambda x: ops.reshape(
        ops.transpose(ops.reshape(x, (-1, 6, 6, 2, 2, 1)), (0, 1, 3, 2, 4, 5)), (-1, 12, 12, 1)
    ),
}


@pytest.mark.parametrize("apply", OPERATORS.values(), ids=list(OPERATORS))
def test_an_operator(apply: Callable[[Any], Any]) -> None:
    image = keras.Input((8, 8, 3))
    compare(keras.Model(image, apply(L.Conv2D(4, 3)(image))))


def test_attention_of_several_kinds() -> None:
    left, right = keras.Input((16, 8)), keras.Input((9, 4))
    compare(keras.Model(left, L.MultiHeadAttention(2, 5, value_dim=3, output_shape=7)(left, left)))
    compare(keras.Model([left, right], L.MultiHeadAttention(2, 5)(left, right)))
    compare(keras.Model(left, L.GroupQueryAttention(4, 4, 2)(left, left)))
    compare(keras.Model([left, right], L.Dot(axes=2)([L.Dense(4)(left), right])))


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50V2", "DenseNet121", "EfficientNetV2B0", "Xception", "ConvNeXtTiny"])
def test_an_application(name: str) -> None:
    compare(getattr(keras.applications, name)(weights=None))


def test_a_subclassed_model_is_refused_by_name() -> None:
    class Mine(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    text = json.dumps({"class_name": "Mine", "config": {}, "registered_name": "Mine"})
    with pytest.raises(CnncostError, match="Mine"):
        reader.read(text.encode(), "model.json")
