"""Writes docs/reference: what the program knows of its commands, figures, layer types, conventions, networks, devices, errors
and JSON objects, as pages; and docs/api.md, with api.py.

    python tests/tools/reference.py

Nothing is written twice: each page reads the objects that the program itself computes with. tests/test_pages.py holds the files
to it.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests")]

import api  # noqa: E402  # this folder's
import schemas  # noqa: E402

from cnncost.base.figures import FIGURES, Figure  # noqa: E402
from cnncost.base.units import DTYPES  # noqa: E402
from cnncost.cli import COMMANDS, cli  # noqa: E402
from cnncost.counting import CONVENTIONS, LETTERS  # noqa: E402
from cnncost.graph.graph import Tensor  # noqa: E402
from cnncost.graph.layers import Layers  # noqa: E402
from cnncost.measures.devices import DEVICES, size  # noqa: E402
from cnncost.models import zoo  # noqa: E402
from cnncost.models.settings import MISSING, shown  # noqa: E402
from cnncost.models.spec.problems import CODES  # noqa: E402
from cnncost.rules import RULES  # noqa: E402
from cnncost.rules import show as shape_text  # noqa: E402
from cnncost.show.tables.columns import SETS, SHARES, TEXT_COLUMNS  # noqa: E402
from cnncost.show.tables.conventions import convention_table  # noqa: E402
from cnncost.show.tables.rules import rule_record, rule_table, signature  # noqa: E402
from cnncost.show.tables.settings import taken  # noqa: E402

MADE = "This page is made by the program: `python tests/tools/reference.py`."


def said(text: str) -> str:
    """Return a paragraph, in lines of one width."""
    return textwrap.fill(" ".join(text.split()), 128, break_on_hyphens=False) + "\n"


def intro(text: str) -> str:
    """Return the first paragraph of a page."""
    return said(f"{text} {MADE}")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table in Markdown; a head that begins with ">" has numbers below it."""
    right = [head.startswith(">") for head in heads]
    lines = [[head.lstrip(">") for head in heads], ["--:" if each else "---" for each in right]]
    lines += [[str(part).replace("|", "\\|").replace("\n", " ") for part in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(words: Iterable[str]) -> str:
    """Return words in the type of a program, with commas."""
    return ", ".join(f"`{word}`" for word in words)


def console(line: str) -> str:
    """Return a block that shows a command and what it prints."""
    import test_docs

    return f"```console\n$ {line}\n{test_docs.run(line, ROOT / 'tests')}```\n"


def pointers(*links: tuple[str, str]) -> str:
    """Return the last line of a page: what else to read."""
    return "See also: " + " · ".join(f"[{title}]({target})" for title, target in links) + "\n"


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def commands() -> str:
    """Return the page of all commands with all options."""
    parts = [
        "# Commands and options\n",
        intro(
            """
            For everybody who types commands: each command of the program, what it takes and every
            option.
            """
        ),
        console("cnncost compare resnet50 resnext50_32x4d --columns params,macs"),
        "A MODEL is written in the ways that [the command line](../command-line.md#models) lists.\n",
        table(["command", "what it does"], ((f"[{name}](#cnncost-{name})", text) for name, text in COMMANDS.items())),
    ]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        parts += [f"## cnncost {name}\n", *_command(name, command)]
    more = (("The command line", "../command-line.md"), ("Figures and columns", "figures.md"), ("JSON objects", "json.md"))
    return "\n".join([*parts, pointers(*more)])


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"cnncost {name}")
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    for part in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        yield _literal(part.removeprefix("\b\n")) if part.startswith("\b") else " ".join(part.split()) + "\n"
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    rows = []
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            spelling, text = record
            rows.append((f"`{spelling}`", text))
    yield table(["option", "meaning"], rows) if rows else ""


def _literal(part: str) -> str:
    return f"```sh\n{part}\n```\n"


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────

GROUPS = {
    "sum": "the sum",
    "largest": "the largest",
    "last": "that of the last layer",
    "ratio": "a ratio of sums",
    "main": "that of most of the time",
    "network": "nothing: a whole network has it",
}
UNITS = {"count": "count", "bytes": "bytes", "ratio": "ratio", "number": "number", "text": "text"}


def figures() -> str:
    """Return the page of figures and columns."""
    reasons = {why: n for n, why in enumerate(dict.fromkeys(w for f in FIGURES.values() for w in _whys(f) if w), 1)}

    def used(reason: str) -> str:
        return f"no ({reasons[reason]})" if reason else "yes"

    rows = [
        (
            f"`{each.name}`",
            code(word for word in each.words if word != each.name),
            each.title,
            UNITS[each.unit],
            GROUPS[each.group],
            *(used(why) for why in _whys(each)),
        )
        for each in FIGURES.values()
    ]
    heads = ["name", "also accepted", "title", "unit", "several layers have", "limit", "target", "condition"]
    described = [(f"`{key}`", column.title, text_column(key)) for key, column in TEXT_COLUMNS.items()]
    more = (("Words", "../glossary.md"), ("How to read a table", "../reading.md"), ("Memory", "../memory.md"))
    parts = [
        "# Figures and columns\n",
        intro(
            """
            For everybody who writes `--columns`, `--sort`, a limit, a target or a condition, or reads
            JSON.
            """
        ),
        console("cnncost table resnet18 --depth 0 --columns params,macs,peak_memory,training_memory"),
        said(
            """
            Every figure can be a column of `table`. A *limit* is one of `check` and of a budget, a
            *target* one of `solve`, a *condition* one of `sweep --where`. The first name is the one
            that is suggested; the key of JSON and CSV is among the others.
            """
        ),
        table(heads, rows),
        "Why not:\n",
        *(f"{n}. {why[0].upper()}{why[1:]}." for why, n in reasons.items()),
        said(
            f"""
            Bytes are shown in KB, MB and GB of 1024, 1024² and 1024³; counts in k, M, G and T, powers
            of 1000. JSON and CSV have exact integers. `--dtype` says how numbers are stored: {code(DTYPES)}.
            """
        ),
        "## What describes a layer\n",
        table(["column", "heading", "what it shows"], described),
        "## Shares, and names for several columns\n",
        table(
            ["name", "stands for"],
            [(f"`{key}`", f"the layer's share of `{FIGURES[of].name}`") for key, of in SHARES.items()]
            + [(f"`{name}`", code(keys)) for name, keys in SETS.items()],
        ),
        pointers(*more),
    ]
    return "\n".join(parts)


def _whys(figure: Figure) -> tuple[str, str, str]:
    return figure.limit, figure.target, figure.condition


TEXTS = {
    "name": "the layer's name in the network",
    "kind": "its layer type; of a row of several layers, how many they are",
    "input_channels": "channels of its first input; of tokens, the features",
    "input_size": "height and width of its first input; the number of tokens",
    "filters": "number of filters of a convolution, of outputs of a linear layer",
    "kernel": "height and width of the window",
    "stride": "the window's step",
    "pad": "zeros added at each border; four numbers are top, bottom, left, right",
    "groups": "parts of the channels that do not mix",
    "output_channels": "channels of its output",
    "output_size": "height and width of its output",
    "layers": "how many layers a row stands for",
    "runs": "the share of training passes in which it is executed",
}


def text_column(key: str) -> str:
    """Return what a column that is no figure shows."""
    return TEXTS[key]


# ── layer types ──────────────────────────────────────────────────────────────────────────────────────────────────────

SECTIONS = {
    "weights": "Convolutions, linear layers and products",
    "joins": "Joins, arithmetic and shapes",
    "recurrent": "Recurrent layers",
    "pooling": "Pools and resizing",
    "normalisation": "Normalisation",
    "activations": "Activations",
    "embeddings": "Parameters and embeddings",
    "unknown": "What has no rule",
}


def layer_types() -> str:
    """Return the page of layer types: each with its arguments, its words, its formulas."""
    found: dict[str, list[str]] = {}
    for rule in RULES.values():
        found.setdefault(rule.section, []).append(rule.kind)
    parts = [
        "# Layer types\n",
        intro(
            """
            For everybody who writes a spec or a model in Python: each layer type with its arguments,
            its rule in words, and the formulas that cnncost gets by running the rule on symbols.
            """
        ),
        console("cnncost ops max_pool"),
        said(
            """
            `taps` are input values that a window without parameters reads, `bias` output values that
            also get a learned offset. In a spec the arguments are keys (`conv: {out: 64, kernel:
            3}`), in Python those of a [method of `Tensor`](tensor.md).
            """
        ),
        table(
            ["section", "layer types"],
            ((SECTIONS[section], ", ".join(f"[{kind}](#{kind})" for kind in kinds)) for section, kinds in found.items()),
        ),
    ]
    for section, kinds in found.items():
        parts.append(f"## {SECTIONS[section]}\n")
        for kind in kinds:
            parts += [f"### {kind}\n", f"`{kind}({signature(rule_record(RULES[kind]))})`\n", _words(RULES[kind].words)]
            parts.append(table(["figure", "formula"], ((name, f"`{formula}`") for name, formula in rule_table(kind).rows)))
    more = (("Layer types and shapes", "../layers.md"), ("How cnncost counts", "../counting.md"), ("Specs", "../spec.md"))
    return "\n".join([*parts, pointers(*more)])


def _words(text: str) -> str:
    return text.rstrip() + "\n"


# ── conventions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def conventions() -> str:
    """Return the page of conventions: each with its source, its notes and the formula of each layer type that it counts."""
    parts = [
        "# Counting conventions\n",
        intro(
            """
            For everybody who compares a number of cnncost with that of a paper or of another tool:
            each way of counting, with its source, the errors of a tool that it reproduces, and the
            formulas.
            """
        ),
        console("cnncost table resnet50 --depth 0 --columns flops,macs --convention fvcore"),
        table(["convention", "what it counts"], ((f"[{c.name}](#{c.name})", c.states) for c in CONVENTIONS.values())),
        "## Names in formulas\n",
        table(["name", "meaning"], ((f"`{name}`", letter.meaning) for name, letter in LETTERS.items())),
    ]
    for convention in CONVENTIONS.values():
        shown_ = convention_table(convention)
        counted = [row for row in shown_.rows if any(part != "0" for part in row[1:])]
        parts += [f"## {convention.name}\n", f"{convention.states[:1].upper()}{convention.states[1:]}.\n"]
        parts += [f"Source: {convention.source}.\n", f"Run: {convention.ran}.\n"]
        parts += [f"- Note: {slip.says}." for slip in convention.slips] + ([""] if convention.slips else [])
        heads = [column.title for column in shown_.columns]
        parts.append(table(heads, ((f"`{row[0]}`", *(f"`{part}`" for part in row[1:])) for row in counted)))
    more = (("Why tools disagree", "../conventions.md"), ("How cnncost counts", "../counting.md"), ("Questions", "../faq.md"))
    return "\n".join([*parts, pointers(*more)])


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def networks() -> str:
    """Return the page of networks: each with its input, parameters and multiply-adds; each family with its settings."""
    from support import traced

    parts = [
        "# Networks and their settings\n",
        intro(
            f"""
            For everybody who looks for a network by name, or wants to change one: the
            {len(zoo.MODULE_OF)} networks with their input, parameters, multiply-adds and source, and
            the settings of each.
            """
        ),
        console('cnncost compare resnet50 "resnet50 --set width=32" --columns params,macs'),
    ]
    for names in zoo.FAMILIES.values():
        found = [zoo.find(name) for name in names.split()]
        parts.append(f"## {', '.join(dict.fromkeys(model.family for model in found))}\n")
        rows = []
        for model in found:
            graph = traced(model.name)
            params, macs = (sum(getattr(node.cost, key) for node in graph.nodes) for key in ("params", "macs"))
            rows.append((f"`{model.name}`", shape_text(model.shape), f"{params:,}", f"{macs:,}", model.source))
        parts.append(table(["network", "input", ">parameters", ">multiply-adds", "source"], rows))
        settings: dict[tuple[str, str, str], dict[str, list[str]]] = {}
        for model in found:
            for setting in model.declared.values():
                key = (setting.name, taken(setting), model.meaning(setting.name))
                default = "" if setting.default is MISSING else shown(setting.default)
                settings.setdefault(key, {}).setdefault(default, []).append(model.name)
        if settings:
            parts.append(
                table(
                    ["setting", "takes", "default", "meaning"],
                    ((f"`{name}`", takes, _defaults(values), meaning) for (name, takes, meaning), values in settings.items()),
                )
            )
    more = (("Networks and published figures", "../models.md"), ("The command line", "../command-line.md"))
    return "\n".join([*parts, pointers(*more)])


def _defaults(values: dict[str, list[str]]) -> str:
    """Return the default of a setting; where networks differ, how many values there are."""
    if len(values) == 1:
        return f"`{next(iter(values))}`" if next(iter(values)) else "must be given"
    return "differs: " + ", ".join(f"`{value}`" for value in list(values)[:4]) + (", …" if len(values) > 4 else "")


# ── devices, errors, JSON ────────────────────────────────────────────────────────────────────────────────────────────


def devices() -> str:
    """Return the page of devices: rates by dtype, bandwidth, source."""
    dtypes = list(dict.fromkeys(dtype for device in DEVICES.values() for dtype in device.rates))
    rows = (
        (
            f"`{device.name}`",
            *(f"{device.rates[dtype] / 10**12:g}" if dtype in device.rates else "" for dtype in dtypes),
            f"{device.bandwidth / 10**9:g}",
            "" if device.memory is None else size(device.memory),
            "" if device.flash is None else size(device.flash),
            device.source,
        )
        for device in DEVICES.values()
    )
    return "\n".join(
        [
            "# Devices\n",
            intro(
                """
                For everybody who uses `--device`: the rates of each device that the roofline
                knows, in 10¹² operations a second (a multiply-add is two), its bandwidth in 10⁹
                bytes a second, its memory (of microcontrollers the RAM, beside the flash), and
                the data sheet.
                """
            ),
            console("cnncost table vgg16 --depth 0 --columns flops,moved,intensity,bound --device t4 --dtype float16"),
            table(["device", *(f">{dtype}" for dtype in dtypes), ">GB/s", ">memory", ">flash", "source"], rows),
            "Any other device is given by its rates: `--peak 60T --bandwidth 3.35T`.\n",
            pointers(("Roofline", "../roofline.md"), ("What cnncost does not model", "../limits.md")),
        ]
    )


def errors() -> str:
    """Return the page of the codes of errors in specs."""
    parts = [
        "# Error codes of specs\n",
        intro(
            """
            For everybody whose spec is refused: what each code means and how it is mended. A code
            keeps its meaning, and is not used again once it is gone, so that numbers are missing
            between some.
            """
        ),
        console("cnncost errors E103"),
        table(["code", "what is wrong"], ((f"[{each.code}](#{each.code.lower()})", each.title) for each in CODES.values())),
    ]
    for each in CODES.values():
        parts += [f"## {each.code}\n", f"**{each.title[:1].upper()}{each.title[1:]}.** {each.words}\n"]
        for word, text in (("Wrong", each.wrong), ("Right", each.right)):
            parts += [f"{word}:\n", f"```yaml\n{text}\n```\n"] if text else []
    return "\n".join([*parts, pointers(("Specs", "../spec.md"), ("Layer types", "layer-types.md"))])


def objects() -> str:
    """Return the page of JSON objects: each with the command that prints it, its fields and their types."""
    printed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        schemas.prepare(Path(folder))
        for line in schemas.COMMANDS:
            if str(ROOT) not in line:
                printed.setdefault(_schema_of(line, Path(folder)), line)
    parts = [
        "# JSON objects\n",
        intro(
            """
            For scripts that read `--format json`: each object, the command that prints it, and its
            fields. Fields are only added under one name; [versions and stability](../stability.md)
            has the promise.
            """
        ),
        console("cnncost list lenet5_lecture --format json"),
        said(
            "Each object names its schema in its first field. The schemas are JSON Schema, draft 7; each heading links its own."
        ),
    ]
    for path in sorted((DOCS / "schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        title = schema["title"]
        parts += [f"## {title}\n", f"[The schema](../schemas/{path.name})" + _printed(printed.get(title)) + "\n"]
        parts.append(table(["field", "type"], ((f"`{name}`", kind) for name, kind in _fields(schema))))
    more = (("Versions and stability", "../stability.md"), ("Figures and columns", "figures.md"), ("Commands", "commands.md"))
    return "\n".join([*parts, pointers(*more)])


def _printed(line: str | None) -> str:
    return f", printed for example by `cnncost {line} --format json`." if line else "."


def _schema_of(line: str, folder: Path) -> str:
    from support import command

    return str(json.loads(command(*line.split(), "--format", "json", folder=folder).out)["schema"])


def _fields(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Iterate over the fields of an object, those of inner objects with their path; figures of layers are named once."""
    known = set(FIGURES) if prefix else set()
    properties = schema.get("properties", {})
    if len(known & set(properties)) == len(known) > 0:
        yield f"{prefix}FIGURE", "the figures by their key, where they were asked for"
        properties = {name: of for name, of in properties.items() if name not in known}
    for name, of in properties.items():
        yield f"{prefix}{name}", _type(of)
        inner, path = (of.get("items", {}), f"{prefix}{name}[].") if "items" in of else (of, f"{prefix}{name}.")
        if "properties" in inner:
            yield from _fields(inner, path)


def _type(of: dict[str, Any]) -> str:
    if "const" in of:
        return f"`{of['const']}`"
    if "$ref" in of:
        return "an object as above"
    names = of.get("type", "any")
    names = [names] if isinstance(names, str) else names
    told = " or ".join(names)
    return f"{told} of {_type(of['items'])}" if names == ["array"] and "properties" not in of.get("items", {}) else told


# ── Tensor ───────────────────────────────────────────────────────────────────────────────────────────────────────────


SESSION = """\
```pycon
>>> from cnncost import trace
>>> trace(lambda x: x.conv(64, 7, stride=2, pad=3).relu().max_pool(2), (3, 224, 224)).output
(64, 56, 56)
```
"""


def tensor() -> str:
    """Return the page of `Tensor`: every method with its full docstring."""
    own = [
        name for name, what in vars(Tensor).items() if not name.startswith("_") and api._is_told(what) and inspect.getdoc(what)
    ]
    parts = [
        "# Tensor: all methods\n",
        intro(
            """
            For everybody who writes a model in Python. A `Tensor` is what a model function gets and
            returns; each layer type is one of its methods. `name` names the layer (without it the
            layer is called after its type), `shared` names an earlier layer whose weights this one
            uses. Every method returns the tensor that the layer makes.
            """
        ),
        SESSION,
        table(
            ["argument", "what it is"],
            (
                ("`Num`", "a whole number, a NumPy array of them, or a symbol"),
                ("`Sizes`", "a `Num`, or one for each axis"),
                ("`Pad`", 'a `Num`, one for each axis, two for each (before, after), or "same"'),
                ("`Axes`", "the number of an axis of one example, or several"),
                ("`CeilMode`", "false, true, or a tool's way of rounding up: see max_pool"),
            ),
        ),
        "## Its own properties and methods\n",
    ]
    for name in own:
        parts += _method(name, vars(Tensor)[name])
    parts.append("## Layers\n")
    for kind in RULES:
        parts += _method(kind, vars(Layers)[kind])
    return "\n".join([*parts, pointers(("The Python library", "../library.md"), ("Layer types", "layer-types.md"))])


def _method(name: str, what: Any) -> Iterator[str]:
    yield f"### {name}\n"
    function = api._function(what)
    if inspect.isfunction(function):
        yield f"```python\n{api.signature(name, function)}\n```\n"
    yield _unindented(api.prose(what))


def _unindented(text: str) -> str:
    """Return prose with its indented blocks as blocks of text."""

    def block(found: re.Match[str]) -> str:
        return f"```text\n{textwrap.dedent(found[0]).rstrip()}\n```\n"

    return re.sub(r"(?:^    .*\n)+", block, text, flags=re.MULTILINE)


PAGES = {
    "reference/commands.md": commands,
    "reference/figures.md": figures,
    "reference/layer-types.md": layer_types,
    "reference/conventions.md": conventions,
    "reference/networks.md": networks,
    "reference/devices.md": devices,
    "reference/errors.md": errors,
    "reference/json.md": objects,
    "reference/tensor.md": tensor,
    "api.md": api.page,
}


def main() -> None:
    """Write the pages."""
    (DOCS / "reference").mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
