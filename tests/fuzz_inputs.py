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
MODELS = ("lenet5", "resnet18", "conv3x3", "bottleneck", "resnext_block", "net.yaml", "nope", "nets:net", "-")
CONVENTIONS = ("lecture", "macs", "thop", "fvcore", "own.yaml", "nope")
DTYPES = ("float32", "float16", "int8", "nope")
FORMATS = (
    "plain",
    "terminal",
    "json",
    "csv",
    "tsv",
    "markdown",
    "latex",
    "html",
    "github",
    "gitlab",
    "junit",
    "mermaid",
    "svg",
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


def expression(random: Random, depth: int = 0) -> str:
    """Return arithmetic in letters and numbers, now and then without sense."""
    if depth > 3 or random.random() < 0.35:
        return random.choice((*LETTERS, "0", "1", "2", "3", "32", "10**9", random.choice(ODD)))
    left, right = expression(random, depth + 1), expression(random, depth + 1)
    shape = random.choice(
        ("{} + {}", "{} - {}", "{}*{}", "{} // {}", "{} % {}", "{}**{}", "({}) * ({})", "max({}, {})", "{} <= {}", "-{}{}")
    )
    return shape.format(left, right)


def value(random: Random) -> str:
    """Return a value as YAML has it."""
    pick = random.random()
    if pick < 0.5:
        return str(random.choice((1, 2, 3, 4, 8, 16, 64)))
    return random.choice(ODD) if pick < 0.75 else json.dumps(expression(random))


def layer(random: Random, depth: int = 0) -> str:
    """Return an item of a list of layers, in flow style."""
    kind = random.choice(KINDS)
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
    """Return a spec."""
    lines = ["cnncost: 1", f"name: {random.choice(('net', *ODD))}"]
    lines.append(
        f"input: {random.choice(('[3, 32, 32]', '[16]', '[3, 8, 8]', '[3, w, w]', '{a: [3, 8, 8], b: [3, 8, 8]}', value(random)))}"
    )
    if random.random() < 0.7:
        lines.append(f"params: {{w: {value(random)}, {random.choice(ODD[-40:]) if random.random() < 0.2 else 'b'}: 3}}")
    if random.random() < 0.4:
        lines.append(f"let: {{a: {value(random)}, c: {value(random)}}}")
    if random.random() < 0.3:
        lines.append(
            f"budget: {{{random.choice(FIGURES)}: {random.choice((value(random), f'{{max: {value(random)}, growth: {value(random)}}}'))}}}"
        )
    if random.random() < 0.2:
        lines.append(f"expect: {{{random.choice(FIGURES)}: {value(random)}}}")
    if random.random() < 0.1:
        lines[2:] = [f"model: {random.choice(MODELS)}", f"params: {{width: {value(random)}, depths: {value(random)}}}"]
        return "\n".join(lines)
    return "\n".join([*lines, "layers:", *(f"  - {layer(random)}" for _ in range(random.randint(1, 5)))])


def convention(random: Random) -> str:
    """Return a convention of one's own."""
    charges = ", ".join(f"{random.choice(KINDS)}: {json.dumps(expression(random))}" for _ in range(random.randint(0, 3)))
    key = random.choice(("flops", "kept", "params", "x"))
    return f"name: {random.choice(('mine', *ODD))}\nlike: {random.choice(CONVENTIONS)}\nstates: {value(random)}\n{key}: {{{charges}}}\n"


def configuration(random: Random) -> str:
    """Return a cnncost.toml."""
    lines = [f"models = {json.dumps([random.choice(MODELS), random.choice(('lenet5', 'net.yaml --set w=3', *ODD))])}"]
    if random.random() < 0.3:
        lines.append(
            f"{random.choice(('convention', 'dtype', 'batch', 'x'))} = {json.dumps(random.choice((*CONVENTIONS, *DTYPES, 3)))}"
        )
    for _ in range(random.randint(0, 3)):
        lines.append(f"[budget.{json.dumps(random.choice(('*', 'lenet5', 'net.yaml', '*.yaml', *ODD)))}]")
        limit = json.dumps(random.choice((1, "26M", *ODD)))
        lines.append(
            f"{random.choice(FIGURES)} = {random.choice((limit, f'{{ max = {limit}, growth = {limit} }}', '[1]', '1979-05-27'))}"
        )
    return "\n".join(lines) + "\n"


def snapshot(random: Random) -> str:
    """Return a snapshot, with values that it cannot have."""
    figures: dict[str, object] = dict.fromkeys(("params", "flops", "macs", "activation_bytes", "param_bytes", "buffers"), 3)
    one = {"name": "conv", "kind": "conv", "args": {}, "runs": 1, "input": [[3, 8, 8]], "output": [3, 8, 8], **figures}
    model = {
        "model": "net.yaml",
        "dtype": "float32",
        "convention": "lecture",
        "batch": 1,
        "input": [3, 8, 8],
        "layers": [one],
        "total": figures,
    }
    strange: tuple[object, ...] = (None, [], {}, "x", -1, 10**400, 1.5, float("nan"), True, [[[]]], {"a": {}})
    for _ in range(random.randint(0, 3)):
        part: dict[str, object] = random.choice((model, one, figures))
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
        return f"{name} --set {random.choice(('w', 'width', 'depths.1', *ODD))}={random.choice(ODD)}"
    return random.choice(
        (f"{name} + {random.choice(MODELS)}", f"HEAD:{name}", f"{name} --size {random.choice(ODD)}", random.choice(ODD))
    )


def listed(random: Random, pool: Sequence[str]) -> str:
    return ",".join(random.choice((*pool, random.choice(ODD))) for _ in range(random.randint(1, 3)))


Value = Callable[[Random], str]
NETWORK: dict[str, Value] = {
    "--set": lambda r: f"{r.choice(('w', 'width', 'depths', 'depths.1', *ODD))}={r.choice(ODD)}",
    "--size": lambda r: r.choice(("32", "8x9", *ODD)),
    "--input": lambda r: r.choice(("3,32,32", "16", "3,8", "a=3,8,8", *ODD)),
    "--convention": lambda r: r.choice(CONVENTIONS),
    "--dtype": lambda r: r.choice(DTYPES),
    "--batch": lambda r: r.choice(("2", *ODD)),
    "--format": lambda r: r.choice(FORMATS),
    "--exact": lambda r: "",
    "-o": lambda r: r.choice(("out.csv", "out.json", "out.html", "no/such.csv", "out", ".")),
}
COMMANDS: dict[str, tuple[int, dict[str, Value]]] = {  # models, and options of its own
    "table": (1, {"--depth": lambda r: r.choice(ODD), "--columns": lambda r: listed(r, FIGURES), "--sort": lambda r: r.choice(FIGURES),
                  "--top": lambda r: r.choice(("1", "3", *ODD)), "--device": lambda r: r.choice(("a100", "x")), "--by": lambda r: r.choice(("scope", "type", "x"))}),
    "compare": (2, {}),
    "explain": (1, {"--layer": lambda r: r.choice(("conv1", "conv", *ODD)), "--claim": lambda r: r.choice(("3.8G", *ODD)),
                    "--conventions": lambda r: listed(r, CONVENTIONS)}),
    "memory": (1, {}),
    "formula": (1, {"--let": lambda r: f"{r.choice(('w', 'H', 'C', 'width', *ODD))}={expression(r)}", "--depth": lambda r: r.choice(("1", *ODD))}),
    "solve": (1, {"--for": lambda r: r.choice(("w", "width", "size", "H", "batch", *ODD)), "--target": lambda r: f"{r.choice(FIGURES)}{r.choice(('=', '<=', '>='))}{r.choice(('1M', *ODD))}",
                  "--among": lambda r: listed(r, ("1", "2", "8")), "--step": lambda r: r.choice(("2", *ODD))}),
    "sweep": (1, {"--over": lambda r: f"{r.choice(('w', 'width', 'batch', 'size', *ODD))}={r.choice(('1,2', '8:16:4', '1:9', *ODD))}", "--where": expression,
                  "--top": lambda r: r.choice(("3", *ODD)), "--pareto": lambda r: listed(r, FIGURES), "--sort": lambda r: r.choice(FIGURES)}),
    "check": (1, {"--max-params": lambda r: r.choice(("1M", *ODD)), "--max-peak-memory": lambda r: r.choice(ODD), "--against": lambda r: r.choice(("costs.json", "HEAD", *ODD)),
                  "--config": lambda r: r.choice(("cnncost.toml", "nope.toml")), "--allow-new": lambda r: ""}),
    "diff": (2, {"--sort": lambda r: r.choice(FIGURES), "--top": lambda r: r.choice(("1", *ODD))}),
    "snapshot": (1, {}),
    "graph": (1, {"--depth": lambda r: r.choice(("1", *ODD))}),
    "show": (1, {}),
    "ops": (0, {}),
    "conventions": (0, {}),
    "list": (0, {}),
}  # fmt: skip


def case(random: Random) -> tuple[list[str], Files]:
    """Return the words of a command line, and the files that lie in its folder."""
    files = {"net.yaml": spec(random), "own.yaml": convention(random), "costs.json": snapshot(random)}
    files["cnncost.toml"] = configuration(random) if random.random() < 0.3 else ""
    files = {name: broken(random, text) if random.random() < 0.3 else text for name, text in files.items()}
    name = random.choice(list(COMMANDS))
    count, own = COMMANDS[name]
    words = [name]
    for _ in range(count if random.random() < 0.9 else random.randint(0, 3)):
        words.append(random.choice(("net.yaml", "net.yaml", reference(random), "costs.json" if name == "diff" else "net.yaml")))
    options = {**NETWORK, **own}
    for option in random.sample(list(options), k=min(len(options), random.choice((0, 1, 1, 2, 3)))):
        given = options[option](random)
        words += [option] if option in ("--exact", "--allow-new") else [option, given]
    if name in ("solve", "sweep") and random.random() < 0.8:
        for option in ("--for", "--target") if name == "solve" else ("--over",):
            words += [] if option in words else [option, own[option](random)]
    return words, files
