"""Writes docs/schemas: a JSON Schema for each object that a command prints with --format json.

    python tests/tools/schemas.py

Keys and types are read off what the commands below print, figures off their registry. What a schema says is a promise: look at
the difference before you commit it. tests/show/test_schemas.py holds commands to the files, over the whole zoo.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"
sys.path.insert(0, str(ROOT / "tests"))

Schema = dict[str, Any]

COMMANDS = (
    "table resnet18",
    "table vgg16 --top 3",
    "table inception_v4 --depth 1",
    "table lenet5",
    f"table {ROOT / 'tests' / 'data' / 'networks' / 'keras_hand' / 'norms.json'}",
    "table resnet110_stochastic --columns name,runs --free",
    "table resnet18 --columns name,training --optimizer adam",
    "compare resnet18 vgg16",
    "compare resnet18 vgg16 --columns kept",
    "compare conv5x5 conv3x3_twice --columns field",
    "compare resnet18 vgg16 --by resolution",
    "compare alexnet_lecture vgg16_lecture --claim 19.4x",
    "compare alexnet_lecture vgg16_lecture --claim 2.3x",
    "table resnet18 --device h100",
    "table vgg16 --by resolution",
    "explain resnet18",
    "explain resnet18 --conventions fvcore,thop",
    "explain resnet18 --conventions fvcore,thop,torch",
    "explain resnet50 --claim 3.8G",
    "explain resnet50 --layer conv1",
    "explain resnet50 --layer layer1",
    "explain resnet50 --field layer4.2.conv3",
    "memory resnet18",
    "memory lenet5 --dtypes mixed",
    "memory --rules",
    "formula bottleneck",
    "formula resnet18 --let width --depth 1",
    "solve resnet18 --for width --target flops<=1G",
    "solve resnet18 --for width --target flops=1G --target params<=20M",
    "solve resnext_block --for c --equals bottleneck --set C=64 --set G=32",
    "solve resnext_block --for c --equals bottleneck --set C=64 --over G=1,2,32",
    "solve resnet18 --for width --target flops<=1G --over size=160,224",
    "solve resnet18 --for depths.1 --target flops=2G",
    "solve resnet18 --for batch --target training<=1GiB",
    "solve resnet20_cifar --for depth --target params=1M",
    "sweep resnet18 --over width=32,64 --over block=basic,bottleneck",
    "sweep resnet18 --over width=0,64 --where flops<=2G",
    "sweep resnet18 --over width=32,64 --optimizer adam",
    "sweep resnet18 --over width=32,64 --sort -flops --top 1",
    "sweep resnet18 --over width=32,64 --pareto flops,-params",
    "check resnet18 --max-params 12M --max-flops 1G",
    "diff resnet18 resnet34",
    "diff resnet50 resnext50_32x4d",
    "diff resnet18 resnet34 --depth 1",
    "check net.yaml --config limits.toml --against costs.json",
    "check net.yaml --config limits.toml --allow-new",
    "snapshot lenet5",
    "list",
    "list resnet --columns name,params,top1",
    "energy resnet18",
    "compare resnet18 vgg16 --columns top1,weights,energy --device titan_x",
    "settings resnet18",
    "ops",
    "ops conv",
    "ops linear",
    "conventions",
    "conventions thop",
    "errors",
    "graph resnet18",
    "graph lenet5",
    f"graph {ROOT / 'specs' / 'vgg16.yaml'}",
)
# Objects whose keys are names of the user's, of layers, of letters or of conventions, not ours.
MAPS = {"args", "settings", "counts", "charges", "not_counted", "arguments", "numbers", "formulas", "free", "params_by_kind"}
MAPS |= {"example", "optimizers", "sources"}
MAPS_OF = {  # by schema
    "cnncost.conventions/1": {"flops", "memory", "params", "input_gradient", "weight_gradient"},
    "cnncost.memory_rules/1": {"dtypes"},
}
FREE = {("cnncost.settings/1", "value")}  # of whatever type a setting has
ROWS = {"cnncost.sweep/1": "rows"}  # records whose keys are axes beside figures
FIGURED = (
    ("cnncost.table/1", "layers"),
    ("cnncost.table/1", "total"),
    ("cnncost.compare/1", "total"),
    ("cnncost.list/1", "total"),
)  # with any figure
ANY: Schema = {}
OPEN = "cnncost.open/1"  # any of the others, with figures that letters or columns leave open: only from Python


SPEC = "cnncost: 1\ninput: [3, 8, 8]\nlayers:\n  stem: [conv: {out: 8, kernel: 3}]\n"
LIMITS = '[budget."net.yaml"]\nparams = {max = "200", warn = "100", growth = "1%", message = "ask first"}\nflops = "1k"\n'


def prepare(folder: Path) -> None:
    """Write the files that the commands name: a spec, its limits, and what it cost when it was smaller."""
    from support import command

    (folder / "net.yaml").write_text(SPEC.replace("8, kernel", "7, kernel"))
    (folder / "limits.toml").write_text(LIMITS)
    assert command("snapshot", "net.yaml", "-o", "costs.json", folder=folder).code == 0
    (folder / "net.yaml").write_text(SPEC)


def main() -> None:
    """Write a file for each schema."""
    from support import command

    samples: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        for line in COMMANDS:
            done = command(*line.split(), "--format", "json", folder=Path(folder))
            assert done.code in (0, 1), (line, done.err)
            data = json.loads(done.out)
            samples.setdefault(data["schema"], []).append(data)
    FOLDER.mkdir(exist_ok=True)
    text = {"type": "string"}
    written(OPEN, {"type": "object", "properties": {"of": text, "version": text}, "required": ["schema", "of", "version"]})
    for name, objects in samples.items():
        written(name, described(objects, name, ""))


def written(name: str, schema: Schema) -> None:
    """Write the file of a schema."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": name, **schema}
    schema["properties"]["schema"] = {"const": name}
    (FOLDER / f"{name.replace('/', '.')}.json").write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", "utf-8")


def described(values: list[Any], schema: str, key: str) -> Schema:
    """Return the schema of all values of one key."""
    kinds = {kind(value) for value in values}
    if (schema, key) in FREE:
        return ANY
    if key in MAPS | MAPS_OF.get(schema, set()) and kinds <= {"object", "null"}:
        inner = [part for value in values if value for part in value.values()]
        free = key in ("args", "settings", "arguments", "example")
        entries = ANY if free else described(inner, schema, "*") if inner else {"type": "string"}
        return {"type": sorted(kinds)[0] if len(kinds) == 1 else sorted(kinds), "additionalProperties": entries}
    if "object" in kinds and kinds <= {"object", "null"}:
        found = [value for value in values if value is not None]
        keys = dict.fromkeys(name for value in found for name in value)
        properties = {name: described([value[name] for value in found if name in value], schema, name) for name in keys}
        required = [name for name in keys if all(name in value for value in found)]
        if (schema, key) in FIGURED:
            properties = {**figures(), **{name: of for name, of in properties.items() if name not in figures()}}
            required = [name for name in required if name not in figures() or name in counted()]
        if key == ROWS.get(schema):
            own = [name for name in keys if name in figures()]
            always = [name for name in own if all(name in value for value in found)]
            return {"type": "object", "properties": {n: properties[n] for n in own}, "required": always}
        if schema == "cnncost.snapshot/1" and key == "models":
            return {"$ref": "cnncost.table.1.json"}
        return {
            "type": "object" if kinds == {"object"} else ["object", "null"],
            "properties": properties,
            "required": [name for name in required if name != "free"],  # a snapshot's tables say nothing of rows left out
            "additionalProperties": False,
        }
    if kinds == {"array"}:
        inner = [part for value in values for part in value]
        return {"type": "array", "items": described(inner, schema, key) if inner else {"type": "string"}}
    if "number" in kinds:
        kinds -= {"integer"}
    return {"type": sorted(kinds)[0] if len(kinds) == 1 else sorted(kinds)}


def figures() -> dict[str, Schema]:
    """Return the schema of each figure as one of a layer or of a total."""
    from cnncost.base.figures import FIGURES

    local = {"type": ["number", "boolean", "array", "null"], "items": {"type": "number"}}
    of = {"count": {"type": "integer"}, "bytes": {"type": "integer"}, "ratio": {"type": ["number", "null"]}}
    of |= {"text": {"type": ["string", "null"]}, "number": local}
    found = {key: of[each.unit] for key, each in FIGURES.items()}
    return {**found, "expected_flops": {"type": "number"}, "inference_bytes": {"type": ["integer", "null"]}}  # layers have none


def counted() -> tuple[str, ...]:
    """Return the figures that every table has."""
    from cnncost.measures.report import COLUMNS

    return (*COLUMNS, "layers")


def kind(value: Any) -> str:
    """Return JSON's name of a value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


if __name__ == "__main__":
    main()
