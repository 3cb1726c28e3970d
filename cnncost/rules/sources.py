"""Numbers that do not come from the input: embeddings, parameters and constants; and what has no rule."""

from __future__ import annotations

from cnncost.base.errors import CostError, Refusal
from cnncost.base.poly import Num
from cnncost.rules.convolution import owned
from cnncost.rules.rearrange import Target
from cnncost.rules.rule import Cost, Shape, at_least, divide, elements, require, rule, show
from cnncost.rules.shapes import target


@rule("embeddings")
def parameter(shape: Target, *, learned: bool = True, counted: bool = True) -> Cost:
    """Numbers that are the same for every input and read none: `learned`, or fixed (then they are buffers).

    Numbers that are not `counted`, such as a range or a mask that the program makes, are neither.

    Source: PyTorch's nn.Parameter and register_buffer.
    """
    sizes = target(shape, "shape") if shape != () else ()
    for size in sizes:
        at_least(1, size, "a size")
    params, buffers = owned(elements(sizes), learned) if counted else (0, 0)
    return Cost(sizes, params, buffers=buffers)


@rule("embeddings")
def constant(x: Shape, tokens: Num, features: Num, *, learned: bool = False) -> Cost:
    """Tokens that are the same for every input: fixed numbers, such as coordinates, or `learned` ones.

    Source: the table of relative position biases in Swin, arXiv:2103.14030, section 3.2, which is learned.
    """
    at_least(1, tokens, "tokens")
    at_least(1, features, "features")
    return Cost((tokens, features), params=tokens * features * learned)


@rule("embeddings")
def embedding(x: Shape, tokens: Num, out: Num, *, learned: bool = True) -> Cost:
    """A learned vector of `out` features for each index of the input, from a table of `tokens` of them: T becomes T×out.

    Which vector it is is looked up, at no multiply-add.

    Source: PyTorch's nn.Embedding; Keras's Embedding.
    """
    at_least(1, tokens, "tokens")
    at_least(1, out, "out")
    params, buffers = owned(tokens * out, learned)
    return Cost((*x, out), params, buffers=buffers)


@rule("embeddings")
def position_embedding(x: Shape) -> Cost:
    """Add a learned number to each element of an example: T·D for tokens.

    Source: ViT, arXiv:2010.11929, equation 1.
    """
    return Cost(x, params=elements(x), bias=elements(x))


@rule("embeddings")
def class_token(x: Shape) -> Cost:
    """Put one learned token before the tokens: (T, D) becomes (T + 1, D). Source: ViT, arXiv:2010.11929, equation 1."""
    require(len(x) == 2, f"needs tokens, got {show(x)}", kind=Refusal.AXES)
    return Cost((x[0] + 1, x[1]), params=x[1])


@rule("embeddings")
def attention_bias(query: Shape, bias: Shape) -> Cost:
    """Queries whose attention scores get a term for each relative position and head (P×heads of `bias`).

    Which position is which is looked up, at no multiply-add.

    Source: Swin, arXiv:2103.14030, equation 4; Swin V2, arXiv:2111.09883, equation 2.
    """
    require(len(query) == len(bias) == 2, f"needs tokens, got {show(query)} and {show(bias)}", kind=Refusal.AXES)
    divide(query[1], bias[1], "query features", "heads")
    return Cost(query)


@rule("unknown")
def opaque(*xs: Shape, op: str, to: Target, params: Num = 0) -> Cost:
    """An operation that has no rule, by its name: it makes the shape stated (`to`), and what it costs is not counted.

    It may have parameters. It stands for what files of networks hold and nobody here can count; a new size of the input does
    not reach it.
    """
    if not isinstance(op, str) or not op:
        raise CostError(f"op is {op!r}, which names no operation", "write the operation's name")
    sizes = target(to, "to") if to != () else ()
    for size in sizes:
        at_least(1, size, "a size")
    at_least(0, params, "params")
    return Cost(sizes, params)
