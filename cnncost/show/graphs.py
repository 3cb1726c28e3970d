"""A network's graph for other programs: plain data, and the texts that tools of drawing read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cnncost.base.plain import plain
from cnncost.base.units import short
from cnncost.base.version import __version__
from cnncost.graph.graph import Graph, inputs_record
from cnncost.graph.structure import Alike, scopes
from cnncost.measures.report import Report
from cnncost.show.drawing.scheme import Box, Level, ranges, scheme
from cnncost.show.drawing.svg import COLOURS, opened, percent
from cnncost.show.drawing.words import entry, printable

FORMATS = ("json", "mermaid", "dot", "folded")
SUFFIXES = {".json": "json", ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot", ".folded": "folded"}


def graph_data(graph: Graph) -> dict[str, Any]:
    """Return a graph as plain data (cnncost.graph/1), layers as columns in execution order.

    `from` has the layers that each one reads, -1 being the input; `args_of` points into `args`, the distinct arguments;
    `scope_of` points into `scopes`, -1 being the network itself. A repeat says that the scopes `first` to `last` inside a
    scope follow each other and are alike, `exact` or `growing`: `layers` has the ranges of each. `at` has the line and
    the column of each layer in `file`, where a spec defines the network.

    >>> import cnncost
    >>> data = graph_data(cnncost.load("resnet50").trace())
    >>> data["name"][:2], data["from"][:2], data["repeats"][0]["layers"]
    (['conv1', 'bn1'], [[-1], [0]], [[[16, 25]], [[26, 35]]])
    """
    tree = scopes(graph)
    distinct: dict[str, int] = {}
    args: list[dict[str, Any]] = []
    args_of = []
    for node in graph.layers:
        values = plain(node.args)
        key = repr(values)
        if key not in distinct:
            distinct[key] = len(args)
            args.append(values)
        args_of.append(distinct[key])
    every = list(tree.scopes())
    number = {scope.name: index for index, scope in enumerate(every)}
    return {
        "schema": "cnncost.graph/1",
        "version": __version__,
        "model": graph.name,
        "settings": plain(graph.settings),
        **plain(inputs_record(graph.inputs)),
        "name": [node.name for node in graph.layers],
        "kind": [node.kind for node in graph.layers],
        "args": args,
        "args_of": args_of,
        "output": [plain(node.cost.shape) for node in graph.layers],
        "from": [[source - 1 for source in node.inputs] for node in graph.layers],
        "outputs": [index - 1 for index in graph.outputs],
        "scope_of": [number.get(node.name.rpartition(".")[0], -1) for node in graph.layers],
        "scopes": [
            {"name": scope.name, "parent": scope.name.rpartition(".")[0], "layers": list(ranges(scope.layers))}
            for scope in every
        ],
        "repeats": list(_repeats(graph)),
        **_places(graph),
    }


def _repeats(graph: Graph) -> Iterator[dict[str, Any]]:
    """Iterate over what follows itself: scopes that are alike, and what the definition repeats beside them."""
    tree, alike = scopes(graph), Alike(graph)
    found = set()
    for outer, series in alike.repeats(tree):
        first, last = series.members[0], series.members[-1]
        found.add((first.layers[0], len(series.members)))
        yield {
            "scope": outer.name,
            "first": first.label,
            "last": last.label,
            "times": len(series.members),
            "alike": "exact" if series.exact else "growing",
            "layers": [list(ranges(member.layers)) for member in series.members],
        }
    for parts, exact in alike.copies(graph):
        if (parts[0][0], len(parts)) in found:
            continue
        scope, _, name = graph.layers[parts[0][0]].name.rpartition(".")
        yield {
            "scope": scope,
            "first": name,
            "last": graph.layers[parts[-1][0]].name.rpartition(".")[2],
            "times": len(parts),
            "alike": "exact" if exact else "growing",
            "layers": [list(ranges(part)) for part in parts],
        }


def _places(graph: Graph) -> dict[str, Any]:
    """Return the file that a graph comes from, and the line and column of each of its layers, where its definition says so."""
    if not graph.places:
        return {}
    places = [graph.places.get(index) for index in range(1, len(graph.nodes))]
    return {"file": next(iter(graph.places.values()))[0], "at": [list(place[1:]) if place else None for place in places]}


def folded(report: Report, figure: str = "flops") -> str:
    """Return stacks as flame graph tools read them: scopes, layer and figure; layers without cost are left out.

    >>> import cnncost
    >>> print(folded(cnncost.analyze("lenet5")).splitlines()[0])
    C1;conv 117600
    """
    lines = []
    for row, value in zip(report.rows, report.column(figure).tolist(), strict=True):
        if value:
            number = value if value == int(value) else float(value)  # no tool reads 441/2
            lines.append(f"{printable(row.name).replace(' ', '_').replace(';', ',').replace('.', ';')} {number}")
    return "".join(f"{line}\n" for line in lines)


def mermaid(report: Report, figure: str = "flops", depth: int | None = None) -> str:
    """Return the folded drawing as a Mermaid flowchart, which GitHub, GitLab and many wikis draw."""
    view = _View(report, figure, depth)
    lines = ["flowchart TD", f'  input(["input {view.input}"])']

    def add(level: Level, indent: str) -> None:
        for box in level.boxes:
            key, inside = view.key[box.id], view.shown(box)
            said = _mermaid_text(f"{box.title} {box.badge}".strip())
            if inside is not None:
                lines.append(f'{indent}subgraph {key}["{said}"]')
                add(inside, indent + "  ")
                lines.append(f"{indent}end")
            else:
                left, right = ("[[", "]]") if box.family == "scope" else ("[", "]")
                more = " · ".join(filter(None, [_mermaid_text(box.detail), view.share(box)]))
                lines.append(f'{indent}{key}{left}"<b>{said}</b><br/>{more}"{right}:::{box.family}')

    add(view.level, "  ")
    lines += [f"  {a} --> {b}" for a, b in view.edges()]
    used = {box.family for box in view.level.walk()}
    lines += [f"  classDef {name} stroke:{colour},stroke-width:2px" for name, colour in COLOURS.items() if name in used]
    return "\n".join(lines) + "\n"


def dot(report: Report, figure: str = "flops", depth: int | None = None) -> str:
    """Return the folded drawing as a DOT graph, scopes as clusters."""
    view = _View(report, figure, depth)
    lines = [
        f"digraph {_quoted(report.model)} {{",
        "  compound=true",
        '  node [shape=box style="rounded,filled" fillcolor="#f6f8fa" fontname="sans-serif" fontsize=11]',
        '  graph [fontname="sans-serif" fontsize=11 color="#7b8794" style=dashed]',
        f"  input [shape=plaintext label={_quoted(f'input {view.input}')}]",
    ]

    def add(level: Level, indent: str) -> None:
        for box in level.boxes:
            key, inside = view.key[box.id], view.shown(box)
            head = f"{box.title} {box.badge}".strip()
            if inside is not None:
                lines.append(f"{indent}subgraph cluster_{key} {{")
                lines.append(f"{indent}  label={_quoted(head)}")
                lines.append(f'{indent}  {key} [shape=point width=0.01 label="" color="#7b8794"]')
                add(inside, indent + "  ")
                lines.append(f"{indent}}}")
            else:
                text = "\n".join(filter(None, [head, box.detail, view.share(box)]))
                lines.append(f"{indent}{key} [label={_quoted(text)} color={_quoted(COLOURS[box.family])}]")

    add(view.level, "  ")
    lines += [f"  {a} -> {b}" for a, b in view.edges()]
    return "\n".join([*lines, "}"]) + "\n"


class _View:
    """The boxes that are shown at a depth, and the edges between them."""

    def __init__(self, report: Report, figure: str, depth: int | None) -> None:
        self.graph = report.counts.graph
        self.level = scheme(self.graph)
        self.open = opened(self.level, depth)
        self.figures: list[int] = report.column(figure).tolist()
        self.total = sum(self.figures)
        self.figure = figure
        self.input = entry(self.graph.inputs)
        self.key = {box.id: f"n{number}" for number, box in enumerate(self.level.walk())}

    def shown(self, box: Box) -> Level | None:
        return box.inside if box.id in self.open else None

    def share(self, box: Box) -> str:
        value = sum(self.figures[index] for index in box.layers)
        return f"{short(value)} ({percent(value / self.total)})" if value else ""

    def edges(self) -> Iterator[tuple[str, str]]:
        """Iterate over the edges between what is shown; those of later members of a series are those of its frame."""
        owner: dict[int, tuple[str, ...]] = {}

        def own(level: Level, path: tuple[str, ...]) -> None:
            for box in level.boxes:
                here = (*path, self.key[box.id])
                owner.update(dict.fromkeys(box.layers, here))
                inside = self.shown(box)
                if inside is not None:
                    own(inside, here)

        own(self.level, ())
        seen = set()
        for index, node in enumerate(self.graph.layers):
            for source in node.inputs:
                a, b = owner[source - 1] if source else ("input",), owner[index]
                if a[: len(b)] == b or b[: len(a)] == a or (a[-1], b[-1]) in seen:
                    continue
                seen.add((a[-1], b[-1]))
                yield a[-1], b[-1]


def _mermaid_text(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str) -> str:
    escaped = "\n".join(map(printable, text.split("\n"))).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


TEXTS: Mapping[str, Callable[[Report, str, int | None], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "folded": lambda report, figure, _: folded(report, figure),
}
__all__: Sequence[str] = ["FORMATS", "SUFFIXES", "TEXTS", "dot", "folded", "graph_data", "mermaid"]
