"""What other frameworks call layers and their arguments, for "did you mean".

Source: the documentation of PyTorch 2.13 (torch.nn), Keras 3 (keras.layers), Caffe (caffe.proto) and Darknet.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.base.errors import did_you_mean

LAYERS = {  # by a name without case and underscores
    "avgpool1d": "avg_pool",
    "avgpool2d": "avg_pool",
    "avgpool3d": "avg_pool",
    "batchnorm1d": "batch_norm",
    "batchnorm3d": "batch_norm",
    "bmm": "matmul",
    "conv1d": "conv",
    "conv3d": "conv",
    "maxpool1d": "max_pool",
    "maxpool3d": "max_pool",
    "mean": "reduce",
    "multiheadattention": "attention",
    "transpose": "permute",
    "view": "reshape",
    "adaptiveavgpool2d": "adaptive_avg_pool",
    "adaptivemaxpool2d": "adaptive_max_pool",
    "averagepooling2d": "avg_pool",
    "batchnorm": "batch_norm",
    "batchnorm2d": "batch_norm",
    "batchnormalization": "batch_norm",
    "bn": "batch_norm",
    "cat": "concat",
    "concatenate": "concat",
    "conv2d": "conv",
    "conv2dtranspose": "conv_transpose",
    "convolution": "conv",
    "convolutional": "conv",
    "convtranspose2d": "conv_transpose",
    "connected": "linear",
    "deconv": "conv_transpose",
    "deconvolution": "conv_transpose",
    "dense": "linear",
    "depthwiseconv": "conv",
    "depthwiseconv2d": "conv",
    "eltwise": "add",
    "fc": "linear",
    "fullyconnected": "linear",
    "gap": "global_avg_pool",
    "globalaveragepooling2d": "global_avg_pool",
    "globalavgpool": "global_avg_pool",
    "globalmaxpooling2d": "global_max_pool",
    "groupnorm": "group_norm",
    "innerproduct": "linear",
    "instancenorm2d": "instance_norm",
    "layernorm": "layer_norm",
    "layernormalization": "layer_norm",
    "maxpool2d": "max_pool",
    "maxpooling2d": "max_pool",
    "multiply": "mul",
    "pixelshuffle": "depth_to_space",
    "pixelunshuffle": "space_to_depth",
    "pooling": "max_pool",
    "separableconv": "conv",
    "separableconv2d": "conv",
    "shortcut": "add",
    "swish": "silu",
    "upsampling2d": "upsample",
    "zeropad": "pad",
    "zeropad2d": "pad",
    "zeropadding2d": "pad",
}
HINTS = {  # where a name alone would not tell
    "depthwiseconv": "a depthwise convolution is conv with groups equal to its input channels",
    "depthwiseconv2d": "a depthwise convolution is conv with groups equal to its input channels",
    "separableconv": "a separable convolution is two: conv with groups equal to its input channels, then a 1×1 conv",
    "separableconv2d": "a separable convolution is two: conv with groups equal to its input channels, then a 1×1 conv",
}
ARGUMENTS = {  # by a name in lower case; the first that a layer has is meant
    "ceil": ("ceil_mode",),
    "count_include_pad": ("count_pad",),
    "dilation_rate": ("dilation",),
    "dilations": ("dilation",),
    "features": ("out",),
    "filters": ("out",),
    "group": ("groups",),
    "has_bias": ("bias",),
    "kernel_shape": ("kernel",),
    "kernel_size": ("kernel",),
    "ksize": ("kernel",),
    "num_filters": ("out",),
    "num_groups": ("groups",),
    "num_heads": ("heads",),
    "num_output": ("out",),
    "out_channels": ("out",),
    "out_features": ("out",),
    "output_padding": ("output_pad",),
    "output_size": ("out", "size"),
    "padding": ("pad",),
    "pads": ("pad",),
    "pool_size": ("kernel",),
    "rate": ("p", "dilation"),
    "scale_factor": ("scale",),
    "size": ("kernel", "scale"),
    "strides": ("stride",),
    "units": ("out",),
    "use_bias": ("bias",),
    "bias_term": ("bias",),
    "elementwise_affine": ("affine",),
    "center": ("affine",),
}


def layer_meant(word: str, known: Iterable[str]) -> str:
    """Return "did you mean batch_norm?" for a layer's name in another framework, or for a near miss; "" where none is.

    >>> layer_meant("BatchNorm2d", ["batch_norm", "conv"])
    "did you mean 'batch_norm'?"
    """
    known = list(known)
    plain = word.lower().replace("_", "")
    meant = LAYERS.get(plain)
    if plain in HINTS:
        return HINTS[plain]
    if meant in known and meant != word:
        return f"did you mean '{meant}'?"
    return did_you_mean(word, known)


def arguments_meant(words: Iterable[str], known: Iterable[str]) -> str:
    """Return "pad, not padding" for arguments as other frameworks call them, all of them in one line; "" where none is.

    >>> arguments_meant(["padding", "kernel_size"], ["out", "kernel", "stride", "pad"])
    'write pad, not padding; kernel, not kernel_size'
    """
    known = list(known)
    found = []
    for word in words:
        meant = next((name for name in ARGUMENTS.get(word.lower(), ()) if name in known), None)
        if meant is not None:
            found.append(f"{meant}, not {word}")
    return "write " + "; ".join(found) if found else ""
