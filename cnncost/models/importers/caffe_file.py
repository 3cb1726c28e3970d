"""What stands in a file of Caffe: its layers, with their types in today's spelling.

Source: BVLC/caffe at 9b89154, src/caffe/proto/caffe.proto; forks as far as their layers are named.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnncost.base.errors import UsageError
from cnncost.base.record import dataclass
from cnncost.models.importers.prototxt import Message

DATA = (
    *("Input", "Data", "ImageData", "HDF5Data", "MemoryData", "WindowData", "DummyData", "AnnotatedData", "VideoData"),
    *("DenseImageData", "BoxData", "ImageSegData", "Python"),
)
ENDS = ("Accuracy", "ArgMax", "Silence", "HDF5Output", "DetectionEvaluate", "SoftmaxWithLoss")
# Layers that work on regions: what hangs behind them runs once for each region, of which the file does not say how many.
REGIONS = ("ROIPooling", "PSROIPooling", "ROIAlign", "PSROIAlign", "Proposal", "ROIWarping", "PyramidRoiAlign")
WEIGHTED = (
    *("Convolution", "DepthwiseConvolution", "ConvolutionDepthwise", "Deconvolution", "InnerProduct"),
    *("Scale", "Bias", "PReLU", "BN", "Normalize", "LSTM", "RNN", "Embed"),
)
# The fields of messages, as caffe.proto and the forks have them: others are told, for they may change a cost.
FIELDS: Mapping[str, frozenset[str]] = {
    f"{name}_param": frozenset(fields.split())
    for name, fields in {
        "convolution": "num_output bias_term pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w dilation "
        "group weight_filler bias_filler engine axis force_nd_im2col",
        "inner_product": "num_output bias_term weight_filler bias_filler axis transpose",
        "pooling": "pool pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w engine global_pooling "
        "round_mode ceil_mode",
        "batch_norm": "use_global_stats moving_average_fraction eps",
        "scale": "axis num_axes filler bias_term bias_filler",
        "bias": "axis num_axes filler",
        "prelu": "filler channel_shared",
        "norm": "across_spatial scale_filler channel_shared eps",
        "lrn": "local_size alpha beta norm_region k engine",
        "interp": "height width zoom_factor shrink_factor pad_beg pad_end",
        "upsample": "scale upsample_h upsample_w pad_out_h pad_out_w scale_h scale_w",
        "eltwise": "operation coeff stable_prod_grad",
        "concat": "axis concat_dim",
        "slice": "axis slice_point slice_dim",
        "crop": "axis offset",
        "flatten": "axis end_axis",
        "reshape": "shape axis num_axes",
        "permute": "order",
        "tile": "axis tiles",
        "reduction": "operation axis coeff",
        "softmax": "axis engine",
        "shuffle_channel": "group",
    }.items()
}

# The first version of the format writes types in capitals, or as numbers; in the numbers' order from 0.
_NUMBERS = (
    "NONE ACCURACY BNLL CONCAT CONVOLUTION DATA DROPOUT EUCLIDEAN_LOSS FLATTEN HDF5_DATA HDF5_OUTPUT IM2COL IMAGE_DATA "
    "INFOGAIN_LOSS INNER_PRODUCT LRN MULTINOMIAL_LOGISTIC_LOSS POOLING RELU SIGMOID SOFTMAX SOFTMAX_LOSS SPLIT TANH "
    "WINDOW_DATA ELTWISE POWER SIGMOID_CROSS_ENTROPY_LOSS HINGE_LOSS MEMORY_DATA ARGMAX THRESHOLD DUMMY_DATA SLICE MVN "
    "ABSVAL SILENCE CONTRASTIVE_LOSS EXP DECONVOLUTION"
)
FIRST_VERSION = tuple(_NUMBERS.split())
SPELLED = {  # those that are not their words with capitals
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
    "PRELU": "PReLU",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a file: names, blobs and fields as written there, the type in today's spelling."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    fields: Message
    line: int

    @property
    def place(self) -> str:
        """Where the layer is, for messages."""
        return f"line {self.line}: {self.type} '{self.name}'"

    @property
    def path(self) -> str:
        """The layer's name in a graph: slashes open scopes, as in inception_3a/1x1."""
        return ".".join(part for part in self.name.replace(".", "_").split("/") if part) or self.type

    @property
    def loads(self) -> bool:
        """Whether the layer only brings data in."""
        return self.type in DATA and not self.bottoms

    @property
    def is_end(self) -> bool:
        """Whether the layer ends a branch: a loss, a measure, a way out."""
        return self.type in ENDS or self.type.endswith("Loss") or (self.type == "Python" and "loss_weight" in self.fields)

    @property
    def is_regional(self) -> bool:
        """Whether the layer works on regions of the image, or proposes them."""
        return self.type in REGIONS or (
            self.type == "Python" and "proposal" in self.options("python_param").text("layer").lower()
        )

    @property
    def learns(self) -> bool:
        """Whether the layer has weights: by its type, or by what its fields speak of."""
        if self.type in WEIGHTED or "param" in self.fields or "blobs_lr" in self.fields:
            return True
        return any("num_output" in part for parts in self.fields.values() for part in parts if isinstance(part, Message))

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the layer's weights, by which layers share them; none where they have none."""
        names = [value if isinstance(value, str) else value.text("name") for value in self.fields.get("param", ())]
        return tuple(names) if any(names) else ()

    def options(self, name: str) -> Message:
        """Return one message of parameters, such as convolution_param."""
        return self.fields.message(name)


def layers_of(net: Message, text: str, name: str) -> list[Layer]:
    """Return all layers of a file, whatever their phase, in the file's order."""
    found = sorted([*net.messages("layer"), *net.messages("layers")], key=lambda message: message.at)
    if not found:
        solver = next((net.text(key) for key in ("net", "train_net", "test_net") if key in net), "")
        if solver or "base_lr" in net:
            raise UsageError(
                f"'{name}' is a solver: it says how to train, not which layers there are",
                f"give the network that it names: {solver[:200]}" if solver else "give the .prototxt with the layers",
            )
        raise UsageError(f"'{name}' has no layers", "a network of Caffe has layer { … } or layers { … }")
    layers = []
    line, at = 1, 0
    for message in found:
        line, at = line + text.count("\n", at, message.at), message.at
        if "layer" in message:
            raise UsageError(
                f"{name}:{line}: layers {{ layer {{ … }} }} is the oldest form of the format, which Caffe itself converts",
                "run its upgrade_net_proto_text on the file first",
            )
        written = message.text("type")
        layers.append(
            Layer(
                name=message.text("name", written),
                type=type_of(written),
                bottoms=tuple(message.texts("bottom")),
                tops=tuple(message.texts("top")),
                fields=message,
                line=line,
            )
        )
    return layers


def type_of(written: str) -> str:
    """Return a type in today's spelling.

    >>> type_of("INNER_PRODUCT"), type_of("4"), type_of("ConvolutionDepthwise")
    ('InnerProduct', 'Convolution', 'ConvolutionDepthwise')
    """
    if written.isdecimal() and int(written[:9]) < len(FIRST_VERSION):
        written = FIRST_VERSION[int(written)]
    if written in SPELLED:
        return SPELLED[written]
    return "".join(word.capitalize() for word in written.split("_")) if written.isupper() and len(written) > 2 else written
