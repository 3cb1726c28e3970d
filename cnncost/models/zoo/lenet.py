"""LeNet-5: the network of 1998, and the version that lectures show."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.graph import Tensor, block
from cnncost.models.model import family, variant
from cnncost.models.zoo.blocks import exactly

PAPER = "Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE 86(11), 1998"

# Which of the six maps of S2 each map of C3 reads: the columns of the paper's table I, sorted by how many they read.
C3_READS = {
    "three": ("012", "123", "234", "345", "045", "015"),
    "four": ("0123", "1234", "2345", "0345", "0145", "0125", "0134", "1245", "0235"),
    "six": ("012345",),
}


@family("LeNet", source=f"{PAPER}, section II-B", input=(1, 32, 32), lenet5=variant())
def lenet5(x: Tensor, *, hidden: Num = 84, classes: Num = 10) -> Tensor:
    """Convolutions with trainable subsampling, of which the second reads only some maps: 60,000 parameters in all.

    The outputs compare the 84 features with fixed drawings of the digits (RBF units): numbers that are not learned.

    hidden: features of the hidden layer
    """
    y = squashed_conv(x, 6, name="C1")
    y = subsampling(y, name="S2")
    y = sparse_conv(y, name="C3")
    y = subsampling(y, name="S4")
    y = squashed_conv(y, 120, name="C5").flatten(name="C5.flatten")
    y = y.linear(hidden, name="F6.linear").tanh(name="F6.tanh")
    return y.linear(classes, bias=False, learned=False, name="OUTPUT")


@family(
    "LeNet",
    source="CS231n 2017 and EECS 498-007, lectures on CNN architectures: 20 and 50 filters, padded",
    input=(1, 28, 28),
    lenet5_lecture=variant(),
)
def lenet5_lecture(x: Tensor, *, widths: tuple[Num, ...] = (20, 50), hidden: Num = 500, classes: Num = 10) -> Tensor:
    """Two padded 5×5 convolutions with max pooling, and two full layers.

    widths: channels of each convolution
    hidden: features of the hidden linear layer
    """
    first, second = exactly(2, widths, "widths")
    y = x.conv(first, 5, pad=2, name="conv1").relu(name="relu1").max_pool(2, name="pool1")
    y = y.conv(second, 5, pad=2, name="conv2").relu(name="relu2").max_pool(2, name="pool2")
    y = y.flatten(name="flatten").linear(hidden, name="fc1").relu(name="relu3")
    return y.linear(classes, name="fc2")


@block
def squashed_conv(x: Tensor, out: Num) -> Tensor:
    """A 5×5 convolution and the scaled hyperbolic tangent."""
    return x.conv(out, 5, name="conv").tanh(name="tanh")


@block
def subsampling(x: Tensor) -> Tensor:
    """The mean of 2×2 inputs, times one learned coefficient per map, plus one learned bias, squashed."""
    return x.avg_pool(2, name="pool").scale(bias=True, name="scale").tanh(name="tanh")


@block
def sparse_conv(x: Tensor) -> Tensor:
    """16 filters of 5×5, each of which reads three, four or all six of the maps.

    Filters that read as many are one grouped convolution of the maps gathered for them.
    """
    maps = [x.split(6, index, name=f"map{index}") for index in range(6)]
    outputs = []
    for count, reads in C3_READS.items():
        first, *others = (maps[int(digit)] for digit in "".join(reads))
        gathered = first.concat(*others, name=f"gather_{count}")
        outputs.append(gathered.conv(len(reads), 5, groups=len(reads), name=f"conv_{count}"))
    return outputs[0].concat(*outputs[1:], name="concat").tanh(name="tanh")
