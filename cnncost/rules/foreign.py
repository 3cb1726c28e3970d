"""What other frameworks call layers and their arguments, for "did you mean".

Source: the documentation of PyTorch 2.13 (torch.nn), Keras 3 (keras.layers), Caffe (caffe.proto) and Darknet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnncost.base.errors import did_you_mean, nearest

LAYERS = {  # by a name without case and underscores
    "adaptiveavgpool": "adaptive_avg_pool",
    "adaptiveavgpool1d": "adaptive_avg_pool",
    "adaptiveavgpool2d": "adaptive_avg_pool",
    "adaptiveavgpool3d": "adaptive_avg_pool",
    "adaptivemaxpool": "adaptive_max_pool",
    "adaptivemaxpool1d": "adaptive_max_pool",
    "adaptivemaxpool2d": "adaptive_max_pool",
    "adaptivemaxpool3d": "adaptive_max_pool",
    "affine": "linear",
    "alphadropout": "dropout",
    "amax": "reduce",
    "ap": "avg_pool",
    "atrousconv": "conv",
    "atrousconv2d": "conv",
    "average": "avg_pool",
    "averagepool": "avg_pool",
    "averagepooling1d": "avg_pool",
    "averagepooling2d": "avg_pool",
    "averagepooling3d": "avg_pool",
    "avg": "avg_pool",
    "avgpool1d": "avg_pool",
    "avgpool2d": "avg_pool",
    "avgpool3d": "avg_pool",
    "batchmatmul": "matmul",
    "batchnorm": "batch_norm",
    "batchnorm1d": "batch_norm",
    "batchnorm2d": "batch_norm",
    "batchnorm3d": "batch_norm",
    "batchnormalization": "batch_norm",
    "bigru": "gru",
    "bilstm": "lstm",
    "bmm": "matmul",
    "bn": "batch_norm",
    "cat": "concat",
    "centercrop": "slice",
    "chunk": "split",
    "classtokens": "class_token",
    "clstoken": "class_token",
    "concatenate": "concat",
    "connected": "linear",
    "constantpad2d": "pad",
    "conv1d": "conv",
    "conv1dtranspose": "conv_transpose",
    "conv2d": "conv",
    "conv2dtranspose": "conv_transpose",
    "conv3d": "conv",
    "conv3dtranspose": "conv_transpose",
    "convdw": "conv",
    "convolution": "conv",
    "convolutional": "conv",
    "convtranspose": "conv_transpose",
    "convtranspose1d": "conv_transpose",
    "convtranspose2d": "conv_transpose",
    "convtranspose3d": "conv_transpose",
    "crop": "slice",
    "cropping2d": "slice",
    "dcn": "deform_conv",
    "deconv": "conv_transpose",
    "deconvolution": "conv_transpose",
    "deformableconv": "deform_conv",
    "deformconv2d": "deform_conv",
    "dense": "linear",
    "depthwise": "conv",
    "depthwiseconv": "conv",
    "depthwiseconv2d": "conv",
    "dilatedconv": "conv",
    "divide": "div",
    "dropout1d": "dropout",
    "dropout2d": "dropout",
    "dropout3d": "dropout",
    "droppath": "stochastic_depth",
    "dwconv": "conv",
    "eltwise": "add",
    "fc": "linear",
    "frozenbatchnorm2d": "batch_norm",
    "fullyconnected": "linear",
    "gap": "global_avg_pool",
    "gconv": "conv",
    "globalaveragepool": "global_avg_pool",
    "globalaveragepooling1d": "global_avg_pool",
    "globalaveragepooling2d": "global_avg_pool",
    "globalaveragepooling3d": "global_avg_pool",
    "globalavgpool": "global_avg_pool",
    "globalmaxpool": "global_max_pool",
    "globalmaxpooling1d": "global_max_pool",
    "globalmaxpooling2d": "global_max_pool",
    "globalmaxpooling3d": "global_max_pool",
    "globalpool": "global_avg_pool",
    "globalpooling": "global_avg_pool",
    "gmp": "global_max_pool",
    "gn": "group_norm",
    "groupconv": "conv",
    "groupedconv": "conv",
    "groupnorm": "group_norm",
    "hsigmoid": "hardsigmoid",
    "hswish": "hardswish",
    "im2col": "unfold",
    "innerproduct": "linear",
    "inorm": "instance_norm",
    "instancenorm": "instance_norm",
    "instancenorm1d": "instance_norm",
    "instancenorm2d": "instance_norm",
    "instancenorm3d": "instance_norm",
    "interpolate": "upsample",
    "layernorm": "layer_norm",
    "layernormalization": "layer_norm",
    "layerscale": "scale",
    "leakyrelu": "leaky_relu",
    "ln": "layer_norm",
    "local": "locally_connected",
    "locallyconnected1d": "locally_connected",
    "locallyconnected2d": "locally_connected",
    "localresponsenorm": "lrn",
    "localresponsenormalization": "lrn",
    "lrelu": "leaky_relu",
    "max": "reduce",
    "maxout": "maximum",
    "maxpool1d": "max_pool",
    "maxpool2d": "max_pool",
    "maxpool3d": "max_pool",
    "maxpooling1d": "max_pool",
    "maxpooling2d": "max_pool",
    "maxpooling3d": "max_pool",
    "mean": "reduce",
    "merge": "concat",
    "mha": "attention",
    "min": "reduce",
    "minus": "sub",
    "modulateddeformconv": "deform_conv",
    "mp": "max_pool",
    "multiheadattention": "attention",
    "multiply": "mul",
    "norm": "reduce",
    "padding": "pad",
    "parametricrelu": "prelu",
    "pixelshuffle": "depth_to_space",
    "pixelunshuffle": "space_to_depth",
    "pointwise": "conv",
    "pointwiseconv": "conv",
    "pooling": "max_pool",
    "posembed": "position_embedding",
    "positionalembedding": "position_embedding",
    "positionalencoding": "position_embedding",
    "pwconv": "conv",
    "reducemean": "reduce",
    "reflectionpad": "pad",
    "reflectionpad2d": "pad",
    "reorg": "space_to_depth",
    "replicationpad2d": "pad",
    "residual": "add",
    "resize": "upsample",
    "route": "concat",
    "scaleddotproductattention": "attention",
    "selfattention": "attention",
    "separableconv": "conv",
    "separableconv2d": "conv",
    "sepconv": "conv",
    "shortcut": "add",
    "simplernn": "rnn",
    "skip": "add",
    "spatialdropout1d": "dropout",
    "spatialdropout2d": "dropout",
    "subpixel": "depth_to_space",
    "subpixelconv": "depth_to_space",
    "subtract": "sub",
    "sum": "reduce",
    "swapaxes": "permute",
    "swish": "silu",
    "syncbatchnorm": "batch_norm",
    "syncbn": "batch_norm",
    "transpose": "permute",
    "transposeconv": "conv_transpose",
    "transposedconv": "conv_transpose",
    "unpool": "upsample",
    "upconv": "conv_transpose",
    "upsampling1d": "upsample",
    "upsampling2d": "upsample",
    "upsampling3d": "upsample",
    "upsamplingbilinear2d": "upsample",
    "upsamplingnearest2d": "upsample",
    "upscale": "upsample",
    "view": "reshape",
    "zeropad": "pad",
    "zeropad2d": "pad",
    "zeropadding1d": "pad",
    "zeropadding2d": "pad",
    "zeropadding3d": "pad",
}
_DEPTHWISE = "a depthwise convolution is conv with groups equal to its input channels"
_SEPARABLE = "a separable convolution is two: conv with groups equal to its input channels, then a 1×1 conv"
_POINTWISE = "a pointwise convolution is conv with kernel 1"
_DILATED = "a dilated convolution is conv with dilation"
_GROUPED = "a grouped convolution is conv with groups"
_SQUEEZE = "squeeze-and-excitation is a block of several layers: cnncost show squeeze_excite"
_ACTIVATION = "name the function itself: relu, silu, sigmoid, …"
_TOGETHER = "conv takes norm and act in a spec: conv: {out: 64, kernel: 3, norm: batch_norm, act: relu}"
HINTS = {  # where a name alone would not tell
    **dict.fromkeys(("depthwiseconv", "depthwiseconv2d", "depthwise", "dwconv", "convdw"), _DEPTHWISE),
    **dict.fromkeys(("separableconv", "separableconv2d", "sepconv"), _SEPARABLE),
    **dict.fromkeys(("pointwise", "pointwiseconv", "pwconv", "conv1x1"), _POINTWISE),
    **dict.fromkeys(("atrousconv", "atrousconv2d", "dilatedconv"), _DILATED),
    **dict.fromkeys(("gconv", "groupconv", "groupedconv"), _GROUPED),
    **dict.fromkeys(("se", "selayer", "seblock", "squeezeexcitation", "squeezeexcite", "squeezeandexcitation"), _SQUEEZE),
    **dict.fromkeys(("activation", "act", "nonlinearity"), _ACTIVATION),
    **dict.fromkeys(("convbn", "convbnrelu", "convbnact", "convnormact", "basicconv2d", "conv2dnormactivation"), _TOGETHER),
    **dict.fromkeys(("bilstm", "bigru"), "lstm and gru take bidirectional: true"),
}
VALUES = {"valid": "0", "none": "0", "half": "same", "same_upper": "same"}  # what stands for a padding of other frameworks
ARGUMENTS = {  # by a name in lower case; the first that a layer has is meant
    "activation": ("act",),
    "axes": ("axis", "over"),
    "bias_attr": ("bias",),
    "bias_term": ("bias",),
    "block_size": ("size",),
    "ceil": ("ceil_mode",),
    "center": ("offset", "affine"),
    "ch": ("out",),
    "channels": ("out",),
    "count_include_pad": ("count_pad",),
    "d": ("dilation",),
    "deform_groups": ("offset_groups",),
    "deformable_groups": ("offset_groups",),
    "depth": ("out",),
    "dilation_rate": ("dilation",),
    "dilations": ("dilation",),
    "dim": ("axis", "axes", "over"),
    "dim_out": ("out",),
    "dims": ("order", "axes"),
    "downscale_factor": ("size",),
    "drop_prob": ("p",),
    "drop_rate": ("p",),
    "dropout": ("p",),
    "elementwise_affine": ("affine",),
    "embed_dim": ("out",),
    "embedding_dim": ("out",),
    "factor": ("scale",),
    "features": ("out",),
    "filters": ("out",),
    "g": ("groups",),
    "group": ("groups",),
    "has_bias": ("bias",),
    "hidden_size": ("out",),
    "include_pad": ("count_pad",),
    "input_dim": ("tokens",),
    "interpolation": ("mode",),
    "k": ("kernel",),
    "keepdim": ("keep",),
    "keepdims": ("keep",),
    "kernel_shape": ("kernel",),
    "kernel_size": ("kernel",),
    "kernels": ("kernel",),
    "ks": ("kernel",),
    "ksize": ("kernel",),
    "multiplier": ("scale",),
    "n_filters": ("out",),
    "n_groups": ("groups",),
    "n_heads": ("heads",),
    "nf": ("out",),
    "nheads": ("heads",),
    "normalization": ("norm",),
    "normalized_shape": ("over",),
    "num_channels": ("out",),
    "num_classes": ("out",),
    "num_embeddings": ("tokens",),
    "num_filters": ("out",),
    "num_groups": ("groups",),
    "num_heads": ("heads",),
    "num_layers": ("layers",),
    "num_output": ("out",),
    "num_units": ("out",),
    "out_ch": ("out",),
    "out_channels": ("out",),
    "out_dim": ("out",),
    "out_features": ("out",),
    "out_filters": ("out",),
    "out_planes": ("out",),
    "output_channels": ("out",),
    "output_dim": ("out",),
    "output_padding": ("output_pad",),
    "output_size": ("out", "size"),
    "outputs": ("out",),
    "p": ("pad",),
    "pad_size": ("pad",),
    "padding": ("pad",),
    "padding_size": ("pad",),
    "pads": ("pad",),
    "pool_size": ("kernel",),
    "pool_stride": ("stride",),
    "prob": ("p",),
    "probability": ("p",),
    "rate": ("p", "dilation"),
    "ratio": ("p",),
    "repeats": ("times",),
    "return_sequences": ("last",),
    "s": ("stride",),
    "scale_factor": ("scale",),
    "shape": ("to",),
    "size": ("kernel", "scale"),
    "stride_size": ("stride",),
    "strides": ("stride",),
    "subsample": ("stride",),
    "target_shape": ("to",),
    "units": ("out",),
    "upscale_factor": ("size",),
    "use_bias": ("bias",),
    "width": ("out",),
    "window": ("kernel",),
    "window_shape": ("kernel",),
    "with_bias": ("bias",),
}
LEFT_OUT = {  # what is known without saying, or changes no cost
    *("in", "in_channels", "in_features", "in_ch", "in_dim", "in_planes", "input_channels", "input_shape", "num_features"),
    "num_parameters",
    *("batch_size", "data_format", "device", "dtype", "eps", "epsilon", "gamma_initializer", "inplace", "kernel_initializer"),
    *(
        "bias_initializer",
        "kernel_regularizer",
        "momentum",
        "padding_mode",
        "return_indices",
        "track_running_stats",
        "training",
    ),
    *("weight_attr", "weight_filler", "bias_filler", "align_corners", "trainable"),
}


def layer_meant(word: str, known: Iterable[str]) -> str:
    """Return "did you mean batch_norm?" for a layer's name in another framework, or for a near miss; "" where none is.

    >>> layer_meant("BatchNorm2d", ["batch_norm", "conv"])
    "did you mean 'batch_norm'?"
    """
    known = list(known)
    plain, meant = _plain(word), kind_meant(word)
    if plain in HINTS:
        return HINTS[plain]
    if meant in known and meant != word:
        return f"did you mean '{meant}'?"
    return did_you_mean(word, known)


def kind_meant(word: str) -> str:
    """Return the layer type that a word stands for in another framework; empty for none."""
    return LAYERS.get(_plain(word), "")


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").removesuffix("layer")


def arguments_meant(words: Iterable[str], known: Iterable[str]) -> str:
    """Return "pad, not padding" for arguments that a layer does not take, all of them in one line; "" for one that is misspelt.

    >>> arguments_meant(["padding", "kernel_size", "strid", "in_channels"], ["out", "kernel", "stride", "pad"])
    'write pad, not padding; kernel, not kernel_size; stride, not strid; leave out in_channels'
    """
    known, words = list(known), list(words)
    if len(words) == 1 and words[0].lower() not in ARGUMENTS and words[0].lower() not in LEFT_OUT:
        return ""  # no name of another framework: misspelt
    meant = {word: _meant(word, known) for word in words}
    parts = [f"{name}, not {word}" for word, name in meant.items() if name]
    idle = [word for word in words if not meant[word] and word.lower() in LEFT_OUT]
    written = [f"write {'; '.join(parts)}"] if parts else []
    return "; ".join([*written, *([f"leave out {', '.join(idle)}"] if idle else [])])


def _meant(word: str, known: Sequence[str]) -> str:
    """Return the argument that a word stands for in another framework, or that it comes near to; empty for none."""
    small = word.lower()
    foreign = next((name for name in ARGUMENTS.get(small, ()) if name in known), "")
    if foreign or small in LEFT_OUT:
        return foreign
    return next(iter(nearest(word, known)), "")


def value_meant(word: str) -> str:
    """Return what to write for a value as other frameworks call it: 0 for a padding that is "valid"; "" where none is known.

    >>> value_meant("VALID")
    'write 0, which other frameworks call valid'
    """
    meant = VALUES.get(word.lower())
    return f"write {meant}, which other frameworks call {word.lower()}" if meant else ""
