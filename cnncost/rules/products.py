"""Linear layers, and products of tensors with each other."""

from __future__ import annotations

from cnncost.base.errors import CostError, Refusal
from cnncost.base.ints import Ints
from cnncost.base.poly import Num
from cnncost.rules.convolution import owned
from cnncost.rules.rule import Cost, Shape, at_least, divide, elements, refuse, require, require_equal, rule, show
from cnncost.rules.shapes import ChannelsLast, Signal, axis_of, broadcast, fitted


@rule("weights")
def linear(
    x: Shape,
    out: Num,
    *,
    bias: bool = True,
    learned: bool = True,
    axis: int | None = None,
    weight: Shape | None = None,
) -> Cost:
    """Fully connected layer on features (F,), or on the last axis of tokens (…, D).

    A map is refused, for what is forgotten before it is mostly `flatten`; with `axis` the layer works along that axis of any
    shape, at each position of the others. Weights that are fixed rather than `learned`, such as the codes of LeNet-5's
    output, are buffers; those computed by the network are a tensor, `weight`.

    Source: EECS 498-007 lecture 8; rules R13 and R14 of the counting rules.
    """
    if axis is None:
        if isinstance(x, Signal) or (len(x) > 2 and not isinstance(x, ChannelsLast)):
            remedy = "add flatten or global_avg_pool before it, tokens to apply it at every position, or name an axis: axis=-1"
            refuse(f"needs features, got a {show(x)} map", remedy, Refusal.FEATURES)
        axis = -1
    along = axis_of(x, axis)
    at_least(1, out, "out")
    features = x[along]
    rows = elements((*x[:along], *x[along + 1 :]))
    weights = features * out
    numbers = weights
    if weight is not None:
        require_equal(elements(weight), weights, f"a weight of {show(weight)} does not hold {out} times {features} numbers")
        numbers = 0
    params, buffers = owned(numbers + out if bias else numbers, learned)
    shape = type(x)((*x[:along], out, *x[along + 1 :]))
    return Cost(shape, params, weights * rows, rows * out if bias else 0, buffers=buffers)


@rule("weights")
def matmul(a: Shape, b: Shape) -> Cost:
    """Product of matrices, (…, N, K) and (…, K, M): N·K·M multiply-adds for each, no parameters.

    Leading axes broadcast; a vector (K,) is a row on the left, a column on the right, and its axis goes.

    Source: numpy.matmul and torch.matmul.
    """
    fact = f"cannot multiply {show(a)} by {show(b)}: the inner sizes differ"
    require(bool(a and b), "needs two matrices, got a number", kind=Refusal.AXES)
    left = a if len(a) > 1 else (1, *a)
    right = b if len(b) > 1 else (*b, 1)
    require_equal(left[-1], right[-2], fact)
    leading = _leading((left[:-2], right[:-2]), f"cannot multiply {show(a)} by {show(b)}: the leading axes do not broadcast")
    rows, columns = left[-2:-1] if len(a) > 1 else (), right[-1:] if len(b) > 1 else ()
    shape = (*leading, *rows, *columns)
    return Cost(shape, macs=elements(shape) * left[-1])


def _leading(shapes: tuple[Shape, ...], fact: str) -> Shape:
    rank = max(map(len, shapes))
    return broadcast(tuple([(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]), fact)


@rule("weights")
def attention(
    query: Shape, key: Shape, value: Shape, heads: Num = 1, *, window: Num | None = None, mask: Shape | None = None
) -> Cost:
    """Scaled dot-product attention of tokens: query·keyᵀ and weights·value. Projections are `linear` layers.

    T×D queries meet T'×D keys and T'×E values: T·T'·(D + E) multiply-adds, whatever the number of heads. With `window` the
    tokens attend within groups of `window` tokens: T·window·(D + E). Leading axes broadcast, and each is an attention of its
    own: heads×T×D. A `mask` is added to the scores, of which there are T×T'.

    Source: Attention Is All You Need, arXiv:1706.03762, section 3.2; Swin, arXiv:2103.14030, equation 2.
    """
    shapes = f"{show(query)}, {show(key)} and {show(value)}"
    require(min(len(query), len(key), len(value)) > 1, f"needs tokens, got {shapes}", kind=Refusal.AXES)
    require_equal(query[-1], key[-1], f"queries have {query[-1]} features and keys {key[-1]}")
    require_equal(key[-2], value[-2], f"there are {key[-2]} keys and {value[-2]} values")
    divide(query[-1], heads, "query features", "heads")
    divide(value[-1], heads, "value features", "heads")
    seen = key[-2]
    if window is not None:
        divide(key[-2], window, "tokens", "window")
        require_equal(query[-2], key[-2], f"window needs as many queries as keys, got {query[-2]} and {key[-2]}")
        seen = window
    scored: Shape = ()  # the leading axes of the scores, and those of what they weigh
    leading: Shape = ()
    if len(query) > 2 or len(key) > 2 or len(value) > 2:
        fact = f"the leading axes of {shapes} do not broadcast"
        scored = _leading((query[:-2], key[:-2]), fact)
        leading = _leading((scored, value[:-2]), fact)
    if mask is not None:
        scores = (*scored, query[-2], key[-2])
        fact = f"a mask of {show(mask)} does not fit the {show(scores)} scores"
        require(len(mask) <= len(scores), fact, kind=Refusal.INPUTS)
        for size, given in zip(scores[::-1], mask[::-1], strict=False):
            if not (isinstance(given, int) and given == 1):
                require_equal(size, given, fact)
    shape = (*leading, query[-2], value[-1])
    if not leading:
        return Cost(shape, macs=query[-2] * seen * (query[-1] + value[-1]))
    products = elements((*scored, query[-2])) * query[-1] + elements((*leading, query[-2])) * value[-1]
    return Cost(shape, macs=seen * products)


@rule("weights")
def einsum(a: Shape, b: Shape, equation: str) -> Cost:
    """Sum of products of two tensors, in Einstein's notation: "ij,jk->ik" is a product of matrices.

    Each letter is an axis of one example; there are as many multiply-adds as positions of all letters together. Without
    "->" the output has the letters that occur once, in alphabetical order.

    Source: numpy.einsum and torch.einsum.
    """
    remedy = "write the axes of both tensors and of the output, one character each: 'tk,kd->td'"
    if not isinstance(equation, str):
        raise CostError(f"equation is {equation!r}, which is no text", remedy)
    operands, arrow, result = equation.replace(" ", "").partition("->")
    terms = operands.split(",")
    fact = f"cannot read the equation '{equation}'"
    require(len(terms) == 2 and all(letter.isalpha() for letter in "".join(terms) + result), fact, remedy)
    sizes: dict[str, Num] = {}
    for term, shape in zip(terms, (a, b), strict=True):
        require(
            len(term) == len(shape),
            f"'{term}' of '{equation}' has {len(term)} letters for {show(shape)}",
            remedy,
            Refusal.INPUTS,
        )
        for letter, size in zip(term, shape, strict=True):
            known = sizes.get(letter, 1)
            differ = f"'{letter}' of '{equation}' is {known} and {size}"
            if isinstance(known, int) and known == 1:  # a size of 1 fits any
                sizes[letter] = size
            elif isinstance(known, Ints) or isinstance(size, Ints):
                sizes[letter] = fitted(known, size, differ)
            elif not (isinstance(size, int) and size == 1):
                require_equal(known, size, differ)
    if not arrow:
        result = "".join(sorted(letter for letter in sizes if operands.count(letter) == 1))
    written = all(letter in sizes for letter in result) and len(set(result)) == len(result)
    require(written, f"the output '{result}' of '{equation}' names an axis twice, or one that no tensor has", remedy)
    return Cost(tuple(sizes[letter] for letter in result), macs=elements(tuple(sizes.values())))
