"""What records of any format become: layers on the axes of the file, the batch among them, worked out at the size of this run.

A layer's tensor has the axes of one example: those of the file but the batch, wherever that stands. Every join checks that
its axes are equal in the file and now; where they are not, the record is pinned to the size of the export.
"""

from cnncost.models.importers.layers.common import claim, moved
from cnncost.models.importers.layers.elements import elementwise, joined, layer_norm, norm, pointwise, prelu, softmax, unchanged
from cnncost.models.importers.layers.pieces import concat, slice_, split, stack
from cnncost.models.importers.layers.products import (
    attention,
    conv,
    dearer,
    deform_conv,
    einsum,
    embedding,
    linear,
    product,
    recurrent,
)
from cnncost.models.importers.layers.shapes import (
    expand,
    expand_like,
    index,
    pad,
    permute,
    rearranged,
    reduce,
    reshape,
    reshape_like,
    select,
    stated,
    taken,
    tile,
)
from cnncost.models.importers.layers.windows import (
    adaptive,
    blocks,
    columns,
    resized,
    sampled,
    upsample,
    windowed,
    windows_along,
)

__all__ = [
    "adaptive",
    "attention",
    "blocks",
    "claim",
    "columns",
    "concat",
    "conv",
    "dearer",
    "deform_conv",
    "einsum",
    "elementwise",
    "embedding",
    "expand",
    "expand_like",
    "index",
    "joined",
    "layer_norm",
    "linear",
    "moved",
    "norm",
    "pad",
    "permute",
    "pointwise",
    "prelu",
    "product",
    "rearranged",
    "recurrent",
    "reduce",
    "reshape",
    "reshape_like",
    "resized",
    "sampled",
    "select",
    "slice_",
    "softmax",
    "split",
    "stack",
    "stated",
    "taken",
    "tile",
    "unchanged",
    "upsample",
    "windowed",
    "windows_along",
]
