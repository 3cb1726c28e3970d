"""What other frameworks call layers and their arguments, for "did you mean".

Source: the documentation of PyTorch 2.13 (torch.nn), Keras 3 (keras.layers), Caffe (caffe.proto) and Darknet.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.base.errors import did_you_mean

LAYERS = {  # by a name without case and underscores
    "adaptiveavgpool1d": "adaptive_avg_pool",
    "adaptiveavgpool2d": "adaptive_avg_pool",
    "adaptiveavgpool3d": "adaptive_avg_pool",
    "adaptivemaxpool1d": "adaptive_max_pool",
    "adaptivemaxpool2d": "adaptive_max_pool",
    "adaptivemaxpool3d": "adaptive_max_pool",
    "amax": "reduce",
    "averagepooling1d": "avg_pool",
    "averagepooling2d": "avg_pool",
    "averagepooling3d": "avg_pool",
    "avgpool1d": "avg_pool",
    "avgpool2d": "avg_pool",
    "avgpool3d": "avg_pool",
    "batchnorm": "batch_norm",
    "batchnorm1d": "batch_norm",
    "batchnorm2d": "batch_norm",
    "batchnorm3d": "batch_norm",
    "batchnormalization": "batch_norm",
    "bmm": "matmul",
    "bn": "batch_norm",
    "cat": "concat",
    "chunk": "split",
    "concatenate": "concat",
    "connected": "linear",
    "conv1d": "conv",
    "conv1dtranspose": "conv_transpose",
    "conv2d": "conv",
    "conv2dtranspose": "conv_transpose",
    "conv3d": "conv",
    "conv3dtranspose": "conv_transpose",
    "convolution": "conv",
    "convolutional": "conv",
    "convtranspose1d": "conv_transpose",
    "convtranspose2d": "conv_transpose",
    "convtranspose3d": "conv_transpose",
    "dcn": "deform_conv",
    "deconv": "conv_transpose",
    "deconvolution": "conv_transpose",
    "deformableconv": "deform_conv",
    "deformconv2d": "deform_conv",
    "dense": "linear",
    "depthwiseconv": "conv",
    "depthwiseconv2d": "conv",
    "divide": "div",
    "eltwise": "add",
    "fc": "linear",
    "fullyconnected": "linear",
    "gap": "global_avg_pool",
    "globalaveragepooling1d": "global_avg_pool",
    "globalaveragepooling2d": "global_avg_pool",
    "globalaveragepooling3d": "global_avg_pool",
    "globalavgpool": "global_avg_pool",
    "globalmaxpooling1d": "global_max_pool",
    "globalmaxpooling2d": "global_max_pool",
    "globalmaxpooling3d": "global_max_pool",
    "groupnorm": "group_norm",
    "hswish": "hardswish",
    "im2col": "unfold",
    "innerproduct": "linear",
    "instancenorm": "instance_norm",
    "instancenorm1d": "instance_norm",
    "instancenorm2d": "instance_norm",
    "instancenorm3d": "instance_norm",
    "interpolate": "upsample",
    "layernorm": "layer_norm",
    "layernormalization": "layer_norm",
    "layerscale": "scale",
    "leakyrelu": "leaky_relu",
    "local": "locally_connected",
    "locallyconnected1d": "locally_connected",
    "locallyconnected2d": "locally_connected",
    "localresponsenorm": "lrn",
    "max": "reduce",
    "maxout": "maximum",
    "maxpool1d": "max_pool",
    "maxpool2d": "max_pool",
    "maxpool3d": "max_pool",
    "maxpooling1d": "max_pool",
    "maxpooling2d": "max_pool",
    "maxpooling3d": "max_pool",
    "mean": "reduce",
    "min": "reduce",
    "minus": "sub",
    "modulateddeformconv": "deform_conv",
    "multiheadattention": "attention",
    "multiply": "mul",
    "norm": "reduce",
    "pixelshuffle": "depth_to_space",
    "pixelunshuffle": "space_to_depth",
    "pooling": "max_pool",
    "reducemean": "reduce",
    "reorg": "space_to_depth",
    "resize": "upsample",
    "route": "concat",
    "separableconv": "conv",
    "separableconv2d": "conv",
    "shortcut": "add",
    "simplernn": "rnn",
    "subpixel": "depth_to_space",
    "subtract": "sub",
    "sum": "reduce",
    "swapaxes": "permute",
    "swish": "silu",
    "transpose": "permute",
    "upsampling1d": "upsample",
    "upsampling2d": "upsample",
    "upsampling3d": "upsample",
    "upsamplingbilinear2d": "upsample",
    "upsamplingnearest2d": "upsample",
    "view": "reshape",
    "zeropad": "pad",
    "zeropad2d": "pad",
    "zeropadding1d": "pad",
    "zeropadding2d": "pad",
    "zeropadding3d": "pad",
}
HINTS = {  # where a name alone would not tell
    "depthwiseconv": "a depthwise convolution is conv with groups equal to its input channels",
    "depthwiseconv2d": "a depthwise convolution is conv with groups equal to its input channels",
    "separableconv": "a separable convolution is two: conv with groups equal to its input channels, then a 1×1 conv",
    "separableconv2d": "a separable convolution is two: conv with groups equal to its input channels, then a 1×1 conv",
}
ARGUMENTS = {  # by a name in lower case; the first that a layer has is meant
    "axes": ("axis", "over"),
    "bias_term": ("bias",),
    "block_size": ("size",),
    "ceil": ("ceil_mode",),
    "center": ("offset", "affine"),
    "count_include_pad": ("count_pad",),
    "deform_groups": ("offset_groups",),
    "deformable_groups": ("offset_groups",),
    "dilation_rate": ("dilation",),
    "dilations": ("dilation",),
    "dim": ("axis", "axes", "over"),
    "dims": ("order", "axes"),
    "downscale_factor": ("size",),
    "elementwise_affine": ("affine",),
    "embedding_dim": ("out",),
    "features": ("out",),
    "filters": ("out",),
    "group": ("groups",),
    "has_bias": ("bias",),
    "hidden_size": ("out",),
    "input_dim": ("tokens",),
    "interpolation": ("mode",),
    "keepdim": ("keep",),
    "keepdims": ("keep",),
    "kernel_shape": ("kernel",),
    "kernel_size": ("kernel",),
    "ksize": ("kernel",),
    "normalized_shape": ("over",),
    "num_embeddings": ("tokens",),
    "num_filters": ("out",),
    "num_groups": ("groups",),
    "num_heads": ("heads",),
    "num_layers": ("layers",),
    "num_output": ("out",),
    "out_channels": ("out",),
    "out_features": ("out",),
    "output_dim": ("out",),
    "output_padding": ("output_pad",),
    "output_size": ("out", "size"),
    "padding": ("pad",),
    "pads": ("pad",),
    "pool_size": ("kernel",),
    "rate": ("p", "dilation"),
    "repeats": ("times",),
    "scale_factor": ("scale",),
    "shape": ("to",),
    "size": ("kernel", "scale"),
    "strides": ("stride",),
    "units": ("out",),
    "upscale_factor": ("size",),
    "use_bias": ("bias",),
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
