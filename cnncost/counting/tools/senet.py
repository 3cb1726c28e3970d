"""The count behind the table of the paper on squeeze-and-excitation, as far as its figures tell; it does not say its rule."""

from cnncost.counting.convention import CONVS, MAXIMA, MEANS, NORMS, Convention, each, macs, reads, taps, writes

CONVENTIONS = (
    Convention(
        "senet",
        "1 multiply-add = 1; norms 1 per element, max pooling 1 per output, mean pooling its inputs, sigmoid 4",
        "fitted to arXiv:1709.01507, table 2 (GFLOPs), whose figures are cut off; the paper does not state its rule",
        ran="not run, as there is no program: held to 13 figures of that table",
        flops={
            **each(CONVS, macs),
            **each(NORMS, reads),
            "max_pool": writes,
            "avg_pool": taps,
            **each((*MEANS, *MAXIMA), reads),
            "sigmoid": 4 * writes,
        },
    ),
)
