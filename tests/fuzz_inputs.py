# ruff: noqa: E501  # rows of a grammar
"""Inputs that nobody meant: a grammar of specs, conventions, configurations, snapshots, options, references and expressions.

`case(random)` gives the words of a command line and the files beside it. Half of the files are whole and odd, half are broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

Files = dict[str, str]

ODD = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "7",
        "64",
        "1000000000000000000000",
        "9" * 400,
        "0.35",
        "1e9",
        "1e999",
        ".5",
        "nan",
        "inf",
        "-0",
        "0x10",
    ),
    *(
        "",
        " ",
        "null",
        "~",
        "true",
        "no",
        "[]",
        "{}",
        "[3, 4]",
        "[1, 2, 3, 4, 5]",
        "{a: 1}",
        "'",
        '"',
        "a b",
        "ünï",
        "\x1b[2J",
        "a\nb",
    ),
    *(
        "*",
        "?",
        "[",
        "**/*.yaml",
        "%",
        "1%",
        "26M",
        "1 GiB",
        "--",
        "-",
        "--help",
        "+",
        ":",
        "a:b",
        "HEAD:x.yaml",
        "../x",
        "/dev/null",
    ),
    *(
        "class",
        "lambda",
        "self",
        "x",
        "in",
        "i",
        "input",
        "identity",
        "H",
        "W",
        "C",
        "batch",
        "size",
        "2001-99-99",
        "&a",
        "*a",
        "!!int 3",
    ),
    *(
        "\udcff",
        "\0",
        "�",
        "{}{}",
        "$x$",
        "::error::x",
        "w",
        "w/2",
        "w//0",
        "2**2**9",
        "(w+1)**9",
        "depths.3",
        "depths.9",
        "width",
    ),
)
SANE = 0.95
MODELS = ("lenet5", "resnet18", "bottleneck", "resnext_block", "net.yaml", "net.yaml", "nope", "nets:net", "-")
CONVENTIONS = ("lecture", "macs", "thop", "fvcore", "own.yaml", "own.yaml")
DTYPES = ("float32", "float16", "int8")
FORMATS = (
    "plain",
    "terminal",
    "json",
    "csv",
    "tsv",
    "markdown",
    "latex",
    "html",
    "x",
)
FIGURES = ("params", "flops", "macs", "memory", "peak", "kept", "layers", "training", "rf", "intensity", "x", "name", "outputs")
KINDS = (
    "conv",
    "linear",
    "max_pool",
    "avg_pool",
    "batch_norm",
    "relu",
    "flatten",
    "add",
    "concat",
    "reshape",
    "permute",
    "softmax",
)
PLAIN = (
    "relu",
    "batch_norm",
    "flatten",
    "{max_pool: 2}",
    "{conv: {out: w, kernel: 1}}",
    "{add: {a: [relu], b: identity}}",
    "{avg_pool: {kernel: 2, pad: 1}}",
    "{linear: {out: w}}",
    "global_avg_pool",
)
LIMITED = ("params", "flops", "macs", "memory", "peak", "layers")
ARGUMENTS = (
    "out",
    "kernel",
    "stride",
    "pad",
    "groups",
    "dilation",
    "bias",
    "axis",
    "to",
    "order",
    "count_pad",
    "ceil_mode",
    "id",
    "from",
)
LETTERS = ("w", "a", "b", "H", "W", "C", "Ci", "Co", "macs", "bias", "reads", "writes", "params", "batch", "x")


def one(random: Random, *sane: str) -> str:
    """Return one of the words that make sense, now and then one that makes none."""
    return random.choice(sane) if random.random() < SANE else random.choice(ODD)


def expression(random: Random, depth: int = 0) -> str:
    """Return arithmetic in letters and numbers, now and then without sense."""
    if depth > 3 or random.random() < 0.35:
        return one(random, *LETTERS, "0", "1", "2", "3", "32", "10**9")
    left, right = expression(random, depth + 1), expression(random, depth + 1)
    shape = random.choice(
        ("{} + {}", "{} - {}", "{}*{}", "{} // {}", "{} % {}", "{}**{}", "({}) * ({})", "max({}, {})", "{} <= {}", "-{}{}")
    )
    return shape.format(left, right)


def value(random: Random) -> str:
    """Return a value as YAML has it."""
    pick = random.random()
    if pick < 0.8:
        return str(random.choice((1, 1, 2, 3, 4, 8)))
    return one(random, "w", "b", "1") if pick < 0.95 else json.dumps(expression(random))


def layer(random: Random, depth: int = 0) -> str:
    """Return an item of a list of layers, in flow style."""
    kind = random.choice(KINDS)
    pick = random.random()
    if pick < 0.6:
        return random.choice(PLAIN)
    pick = random.random()
    if pick < 0.15:
        return kind
    if pick < 0.25 and depth < 3:
        return f"{{{kind}: {{a: [{layer(random, depth + 1)}], b: identity}}}}"
    if pick < 0.32 and depth < 3:
        return f"{{repeat: {value(random)}, layers: [{layer(random, depth + 1)}]}}"
    given = ", ".join(f"{random.choice(ARGUMENTS)}: {value(random)}" for _ in range(random.randint(0, 3)))
    return f"{{conv: {{out: {value(random)}, kernel: {value(random)}}}}}" if pick < 0.6 else f"{{{kind}: {{{given}}}}}"


def spec(random: Random) -> str:
    """Return a spec: most of it makes sense."""
    shape = one(random, "[3, 32, 32]", "[3, 8, 8]", "[3, b, 32]", "[3, 32]", "[16]", "{a: [3, 8, 8], b: [3, 8, 8]}")
    lines = ["cnncost: 1", f"name: {one(random, 'net')}", f"input: {shape}"]
    lines.append(
        f"params: {{w: {one(random, '3', '8', '{default: 8, choices: [4, 8]}', '{default: 4, range: [1, 9]}')}, {one(random, 'b', 'b', 'c')}: 3}}"
    )
    if random.random() < 0.3:
        lines.append(f"let: {{a: {value(random)}, d: {one(random, 'w*w', 'max(w, 3)', 'w // 2 + 1')}}}")
    if random.random() < 0.3:
        limit = one(random, "1M", "10k", "1")
        lines.append(
            f"budget: {{{one(random, *LIMITED)}: {random.choice((limit, f'{{max: {limit}, growth: 1%}}', f'{{growth: {limit}}}'))}}}"
        )
    if random.random() < 0.05:
        lines.append(f"expect: {{{one(random, *LIMITED)}: {value(random)}}}")
    if random.random() < 0.1:
        lines[2:] = [
            f"model: {random.choice(MODELS)}",
            f"params: {{{one(random, 'width', 'depths', 'classes')}: {value(random)}}}",
        ]
        return "\n".join(lines)
    first = random.choice(
        ("{conv: {out: w, kernel: 3, pad: 1}}", "{conv: {out: 8, kernel: 3, stride: 2}}", "relu", layer(random))
    )
    return "\n".join(
        [*lines, "layers:", *(f"  - {each}" for each in [first, *(layer(random) for _ in range(random.randint(0, 3)))])]
    )


def convention(random: Random) -> str:
    """Return a convention of one's own."""
    charges = ", ".join(f"{random.choice(KINDS)}: {json.dumps(expression(random))}" for _ in range(random.randint(0, 3)))
    key = one(random, "flops", "kept")
    return f"name: {one(random, 'mine')}\nlike: {random.choice(CONVENTIONS)}\nstates: {one(random, 'counted so')}\n{key}: {{{charges}}}\n"


def configuration(random: Random) -> str:
    """Return a cnncost.toml."""
    lines = [f"models = {json.dumps([random.choice(MODELS), one(random, 'lenet5', 'net.yaml --set w=3')])}"]
    if random.random() < 0.3:
        lines.append(
            f"{random.choice(('convention', 'dtype', 'batch', 'x'))} = {json.dumps(random.choice((*CONVENTIONS, *DTYPES, 3)))}"
        )
    for _ in range(random.randint(0, 3)):
        lines.append(f"[budget.{json.dumps(one(random, '*', 'lenet5', 'net.yaml', '*.yaml'))}]")
        limit = json.dumps(one(random, "1", "26M"))
        lines.append(
            f"{random.choice(FIGURES)} = {random.choice((limit, f'{{ max = {limit}, growth = {limit} }}', '[1]', '1979-05-27'))}"
        )
    return "\n".join(lines) + "\n"


def snapshot(random: Random) -> str:
    """Return a snapshot, with values that it cannot have."""
    figures: dict[str, object] = dict.fromkeys(("params", "flops", "macs", "activation_bytes", "param_bytes", "buffers"), 3)
    layer = {"name": "conv", "kind": "conv", "args": {}, "runs": 1, "input": [[3, 8, 8]], "output": [3, 8, 8], **figures}
    model = {
        "model": "net.yaml",
        "dtype": "float32",
        "convention": "lecture",
        "batch": 1,
        "input": [3, 8, 8],
        "layers": [layer],
        "total": figures,
    }
    strange: tuple[object, ...] = (None, [], {}, "x", -1, 10**400, 1.5, float("nan"), True, [[[]]], {"a": {}})
    for _ in range(random.randint(0, 3)):
        part: dict[str, object] = random.choice((model, layer, figures))
        part[random.choice(list(part))] = random.choice(strange)
    return json.dumps({"schema": random.choice(("cnncost.snapshot/1", "cnncost.table/1", "x")), "models": [model], **model})


def broken(random: Random, text: str) -> str:
    """Return text with a few slips: characters and lines that are lost, doubled, moved or strange."""
    for _ in range(random.randint(1, 3)):
        at, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
        end = min(end, at + random.choice((1, 1, 3, 30)))
        put = random.choice((*ODD, "", "", text[at:end] * 2, "\n", "\t", "{", "}", "[", "]", ":", "- ", "#"))
        text = text[:at] + put + text[end:]
    return text


def reference(random: Random) -> str:
    """Return a model as a command line names it."""
    name = random.choice(MODELS)
    pick = random.random()
    if pick < 0.6:
        return name
    if pick < 0.8:
        return f"{name} --set {one(random, 'w', 'width', 'depths.1')}={one(random, '2')}"
    return random.choice(
        (f"{name} + {random.choice(MODELS)}", f"HEAD:{name}", f"{name} --size {one(random, '32')}", one(random, "2"))
    )


def listed(random: Random, pool: Sequence[str]) -> str:
    return ",".join(random.choice((*pool, one(random, "2"))) for _ in range(random.randint(1, 3)))


Value = Callable[[Random], str]
NETWORK: dict[str, Value] = {
    "--set": lambda r: f"{one(r, 'w', 'width', 'depths', 'depths.1')}={one(r, '2')}",
    "--size": lambda r: one(r, "32", "8x9"),
    "--input": lambda r: one(r, "3,32,32", "16", "3,8", "a=3,8,8"),
    "--convention": lambda r: r.choice(CONVENTIONS),
    "--dtype": lambda r: r.choice(DTYPES),
    "--batch": lambda r: one(r, "2"),
    "--format": lambda r: one(r, *FORMATS),
    "--exact": lambda r: "",
    "-o": lambda r: r.choice(("out.csv", "out.json", "out.html", "no/such.csv", "out", ".")),
}
COMMANDS: dict[str, tuple[int, dict[str, Value]]] = {  # models, and options of its own
    "table": (1, {"--depth": lambda r: one(r, "2"), "--columns": lambda r: listed(r, FIGURES), "--sort": lambda r: r.choice(FIGURES),
                  "--top": lambda r: one(r, "1", "3"), "--device": lambda r: r.choice(("a100", "x")), "--by": lambda r: r.choice(("scope", "type", "x"))}),
    "compare": (2, {}),
    "explain": (1, {"--layer": lambda r: one(r, "conv1", "conv"), "--claim": lambda r: one(r, "3.8G"),
                    "--conventions": lambda r: listed(r, CONVENTIONS)}),
    "memory": (1, {}),
    "formula": (1, {"--let": lambda r: f"{one(r, 'w', 'H', 'C', 'width')}={expression(r)}", "--depth": lambda r: one(r, "1")}),
    "solve": (1, {"--for": lambda r: one(r, "w", "width", "size", "H", "batch"), "--target": lambda r: f"{r.choice(FIGURES)}{r.choice(('=', '<=', '>='))}{one(r, '1M')}",
                  "--among": lambda r: listed(r, ("1", "2", "8")), "--step": lambda r: one(r, "2")}),
    "sweep": (1, {"--over": lambda r: f"{one(r, 'w', 'width', 'batch', 'size')}={one(r, '1,2', '8:16:4', '1:9')}", "--where": expression,
                  "--top": lambda r: one(r, "3"), "--pareto": lambda r: listed(r, FIGURES), "--sort": lambda r: r.choice(FIGURES)}),
    "check": (1, {"--max-params": lambda r: one(r, "1M"), "--max-peak-memory": lambda r: one(r, "2"), "--against": lambda r: one(r, "costs.json", "HEAD"),
                  "--config": lambda r: r.choice(("cnncost.toml", "nope.toml")), "--allow-new": lambda r: "", "--format": lambda r: one(r, *FORMATS, "github", "gitlab", "junit")}),
    "diff": (2, {"--sort": lambda r: r.choice(FIGURES), "--top": lambda r: one(r, "1")}),
    "snapshot": (1, {}),
    "graph": (1, {"--depth": lambda r: one(r, "1")}),
    "show": (1, {}),
    "ops": (0, {}),
    "conventions": (0, {}),
    "list": (0, {}),
}  # fmt: skip


def case(random: Random) -> tuple[list[str], Files]:
    """Return the words of a command line, and the files that lie in its folder."""
    files = {"net.yaml": spec(random), "own.yaml": convention(random), "costs.json": snapshot(random)}
    files["cnncost.toml"] = configuration(random) if random.random() < 0.3 else ""
    files = {name: broken(random, text) if random.random() < 0.06 else text for name, text in files.items()}
    name = random.choice(list(COMMANDS))
    count, own = COMMANDS[name]
    words = [name]
    for _ in range(count if random.random() < 0.97 else random.randint(0, 3)):
        words.append(random.choice(("net.yaml", "net.yaml", reference(random), "costs.json" if name == "diff" else "net.yaml")))
    options = {**NETWORK, **own} if count and name not in ("show", "graph") else own
    for option in random.sample(list(options), k=min(len(options), random.choice((0, 1, 1, 2, 3)))):
        given = options[option](random)
        words += [option] if option in ("--exact", "--allow-new") else [option, given]
    if name in ("solve", "sweep") and random.random() < 0.8:
        for option in ("--for", "--target") if name == "solve" else ("--over",):
            words += [] if option in words else [option, own[option](random)]
    return words, files
