"""What can be wrong with a spec: stable codes. `CODES` is what `cnncost errors` prints.

A code is a contract: it keeps its meaning, and is not used again once it is gone.
"""

from __future__ import annotations

from cnncost.base.problems import Mark, Problem, Problems, Source, SpecError
from cnncost.base.record import dataclass

__all__ = ["CODES", "Code", "Mark", "Problem", "Problems", "Source", "SpecError"]


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem: what it is, what leads to it, and what to write instead."""

    code: str
    title: str
    words: str
    wrong: str = ""
    right: str = ""


CODES: dict[str, Code] = {
    code.code: code
    for code in (
        Code("E001", "a file that cannot be read", "A spec is a text file in UTF-8 of at most 2 MB."),
        Code(
            "E002",
            "not valid YAML",
            "The text breaks YAML's own syntax: a bracket that is not closed, a tab in the indentation, a colon too many.",
            "- conv: {out: 64",
            "- conv: {out: 64}",
        ),
        Code(
            "E003",
            "YAML that specs do without",
            "Anchors, aliases, tags, merge keys and second documents are refused: they make small files huge and hide what "
            "is meant. What is said twice goes into `blocks`, with parameters.",
            "- &c {conv: 64}\n- *c",
            "- conv: 64\n  repeat: 2",
        ),
        Code(
            "E004",
            "too large",
            "A spec has at most 2 MB, 200,000 values, 64 levels of nesting, 10,000 characters in a value, and unrolls to "
            "at most 10,000 repeated copies.",
            "repeat: 1000000000",
            "repeat: 1000",
        ),
        Code(
            "E005",
            "a key that is there twice",
            "Of two values for one key a reader would see only one.",
            "{out: 64, out: 32}",
            "{out: 64}",
        ),
        Code(
            "E006",
            "no version",
            "The first key of a spec is `cnncost: 1`: the version of the spec format, so that a spec keeps its meaning.",
            "name: mynet",
            "cnncost: 1\nname: mynet",
        ),
        Code(
            "E101",
            "an unknown key",
            "The keys at the top of a spec are: cnncost, name, about, input, params, let, defaults, blocks, layers (or model), "
            "require, expect, budget.",
            "layer: [...]",
            "layers: [...]",
        ),
        Code(
            "E102",
            "an unknown layer type or block",
            "A layer is one of `cnncost ops`, or a block that the spec defines under `blocks`.",
            "- maxpool: 3",
            "- max_pool: 3",
        ),
        Code(
            "E103",
            "an unknown argument",
            "The arguments of a layer type are those of `cnncost ops TYPE`; those of a block its `params`.",
            "conv: {out: 64, kernal: 3}",
            "conv: {out: 64, kernel: 3}",
        ),
        Code(
            "E104",
            "something is missing",
            "An argument without a default has to be given, in the layer or under `defaults`; a spec needs input and layers.",
            "conv: {out: 64}",
            "conv: {out: 64, kernel: 3}",
        ),
        Code(
            "E105",
            "an item must have exactly one layer",
            "An item of a list of layers has exactly one layer type or block, and next to it the modifiers id, from, repeat, "
            "first, runs, shares and note.",
            "- conv: 64\n  relu:",
            "- conv: 64\n- relu",
        ),
        Code(
            "E106",
            "an unknown id",
            "`from`, `shares` and the branches of add, mul and concat name the id of an earlier layer of the same list, or of "
            "a list around it.",
            "- concat: [identity, enc2]",
            "- conv: 64\n  id: enc2\n- concat: [identity, enc2]",
        ),
        Code(
            "E107",
            "a value of the wrong form",
            "A list, a mapping or a single value is written where another of them is needed.",
            "cnncost: 1\ninput: 3\nlayers: [relu]",
            "cnncost: 1\ninput: [3, 32, 32]\nlayers: [relu]",
        ),
        Code(
            "E108",
            "a block that contains itself",
            "Blocks may call other blocks, never themselves: every spec has an end.",
            "cnncost: 1\ninput: [3, 32, 32]\nblocks: {a: {layers: [a]}}\nlayers: [a]",
            "cnncost: 1\ninput: [3, 32, 32]\nblocks: {a: {layers: [relu]}}\nlayers: [a]",
        ),
        Code(
            "E109",
            "a name that cannot be used",
            "Names of blocks, params and ids are letters, digits and _; a block has no layer type's name and an id none of a "
            "layer type or block; in, i, identity, project and input mean something already, and name, batch and dtype are "
            "options beside a model's settings.",
            "- conv: 64\n  id: conv",
            "- conv: 64\n  id: first",
        ),
        Code(
            "E110",
            "an expression that cannot be read",
            "Where a number is expected, text is an expression: integers, decimals, names, + - * / // % **, comparisons, "
            "parentheses, and min, max, round, ceil, floor, divisible. In {…} put an expression with a comma in quotes.",
            "out: 2 x width",
            "out: 2 * width",
        ),
        Code(
            "E111",
            "an unknown name in an expression",
            "Names are those of params and let, of the block's params and let, `in` (the channels that arrive) and, in a "
            "repeated item, `i` (the copy, from 0).",
            "2 * group * base",
            "2 * groups * base",
        ),
        Code(
            "E112",
            "not a whole number",
            "Sizes and counts are whole. Say how to round: round(x), ceil(x), floor(x), or divisible(x, 8) for the nearest "
            "multiple of 8.",
            "out: width / 3",
            "out: divisible(width / 3, 8)",
        ),
        Code(
            "E113",
            "an expression without a value",
            "A division by zero, or a result past 10^30: an expression has at most 200 characters, 32 levels and exponents "
            "up to 64.",
            "out: width // 0",
            "out: width // 2",
        ),
        Code(
            "E114",
            "a number that YAML readers disagree about",
            "Numbers are written as in JSON, with _ between digits if you like: no leading zeros, no octal or sexagesimal "
            "numbers. Booleans are true and false.",
            "stride: 02",
            "stride: 2",
        ),
        Code(
            "E201",
            "a layer that does not fit its input",
            "The rule of the layer type refuses the shape or the arguments; `cnncost ops TYPE` shows the rule.",
            "- max_pool: {kernel: 2, pad: 2}",
            "- max_pool: {kernel: 3, pad: 1}",
        ),
        Code(
            "E202",
            "a linear layer on a map",
            "A linear layer reads features; a C×H×W map becomes features by flatten or global_avg_pool.",
            "- linear: 1000",
            "- global_avg_pool\n- linear: 1000",
        ),
        Code(
            "E203",
            "branches of different shapes",
            "add wants equal shapes, mul equal shapes or a gate of one number per channel, concat equal heights and widths. "
            "`project` brings a shortcut to the shape of the first branch.",
            "- add:\n    - [conv: 128]\n    - identity",
            "- add:\n    - [conv: 128]\n    - project",
        ),
        Code(
            "E204",
            "a window that does not fit",
            "The map is smaller than the window: too many strides before it, or a pad that is missing.",
            "- max_pool: 40  # the map has 32×32",
            "- max_pool: 4",
        ),
        Code(
            "E212",
            "groups that do not divide the channels",
            "A convolution of `groups` groups needs input and output channels that are multiples of it.",
            "conv: {out: 100, kernel: 3, groups: 48}",
            "conv: {out: 96, kernel: 3, groups: 48}",
        ),
        Code(
            "E301",
            "expect is not met",
            "A figure under `expect` differs from the sum of the layers.",
        ),
        Code(
            "E302",
            "require is not met",
            "A condition under `require` does not hold for these params.",
            "cnncost: 1\ninput: [64]\nparams: {width: 4}\nrequire: [width >= 8]\nlayers: [linear: width]",
            "cnncost: 1\ninput: [64]\nparams: {width: 8}\nrequire: [width >= 8]\nlayers: [linear: width]",
        ),
        Code(
            "E303",
            "a param out of its range",
            "A param declared with `range` or `choices` has another value.",
            "cnncost: 1\ninput: [64]\nparams: {width: {default: 4, range: [8, 128, 8]}}\nlayers: [linear: width]",
            "cnncost: 1\ninput: [64]\nparams: {width: {default: 16, range: [8, 128, 8]}}\nlayers: [linear: width]",
        ),
        Code(
            "E304",
            "an unknown model",
            "`model:` names a model of the zoo, as `cnncost list` shows it, or a sum of such.",
            "cnncost: 1\nmodel: resnet_fifty",
            "cnncost: 1\nmodel: resnet50",
        ),
        Code(
            "E401",
            "not a figure or an amount",
            "A figure is digits with a suffix if you like: 26M, 4.5G for counts, 40 MiB for bytes.",
            "cnncost: 1\nmodel: resnet50\nbudget: {parms: 26M}",
            "cnncost: 1\nmodel: resnet50\nbudget: {params: 26M}",
        ),
    )
}
