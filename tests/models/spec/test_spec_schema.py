"""The JSON Schema of specs: held against the shipped and the broken specs, and driven by the editors' own language server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnncost import load
from cnncost.base.yamltree import Dict, List, Node, parse, read_text
from cnncost.models import zoo
from cnncost.models.spec import KEYS, SpecError
from cnncost.models.spec.problems import Source
from cnncost.models.spec.schema import schema
from cnncost.models.spec.signatures import arguments
from cnncost.models.spec.start import START
from cnncost.models.spec.write import write
from cnncost.rules import RULES

ROOT = Path(__file__).parents[3]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
INVALID = ROOT / "tests" / "models" / "spec" / "specs_invalid"
# What is wrong with words, keys and forms a schema sees; names of one's own, shapes and figures it does not.
SEEN = (
    "a_list bad_ids bad_names boolean_hazards budget expect_unknown expressions flow_hazards input_form input_sizes "
    "misspelt_argument model_and_layers modifier_inside no_input no_layers not_whole number_hazards params "
    "repeat_values several two_operators unknown_key wrong_form wrong_version "
)


def plain(node: Node) -> Any:
    """Return a tree as an editor reads it: YAML 1.2."""
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    if isinstance(node, Dict):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if node.plain and node.text in ("", "~", "null"):
        return None
    try:
        return json.loads(node.text) if node.plain else node.text
    except ValueError:
        return node.text


def refusals(source: Source) -> list[Any]:
    jsonschema = pytest.importorskip("jsonschema")
    return list(jsonschema.Draft7Validator(schema()).iter_errors(plain(parse(source))))


def test_it_is_a_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_accepts_the_shipped_specs(path: Path) -> None:
    assert refusals(read_text(str(path))) == []


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "swin_t", "inception_v3", "googlenet_aux", "resnet110_stochastic"])
def test_it_accepts_what_show_and_new_write(name: str) -> None:
    assert name in zoo.MODULE_OF
    assert refusals(Source("shown", write(load(name).trace()))) == []
    assert refusals(Source("new", START)) == []


@pytest.mark.parametrize("path", sorted(INVALID.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_refuses_the_broken_specs(path: Path) -> None:
    try:
        found = refusals(read_text(str(path)))
    except SpecError:
        return  # no YAML, or YAML that specs do without: refused before any schema
    assert bool(found) == (path.stem in SEEN.split()), [error.message for error in found]


def test_every_layer_type_and_argument_is_in_it() -> None:
    found = schema()
    assert list(found["properties"]) == list(KEYS)
    for kind in RULES:
        definition = found["definitions"][kind]
        assert definition["description"] == RULES[kind].summary
        assert kind in found["definitions"]["item"]["properties"]
        if RULES[kind].inputs is not None:
            assert list(definition.get("properties", {})) == list(arguments(kind))


def test_a_slip_is_put_on_the_innermost_mapping() -> None:
    text = "cnncost: 1\ninput: [3, 8, 8]\nlayers: [{add: [[{conv: {out: 8, kernal: 3}}], identity]}]\n"
    (error,) = refusals(Source("slip", text))
    assert list(error.absolute_path) == ["layers", 0, "add", 0, 0, "conv"]


# ── the language server ──────────────────────────────────────────────────────────────────────────────────────────────

SERVER = os.environ.get("CNNCOST_YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")
MODEL = "# yaml-language-server: $schema=cnncost.schema.json\ncnncost: 1\ninput: [3, 224, 224]\nlayers:\n"


class Client:
    """Speaks the language server protocol with a server over pipes."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.number = 0
        self.diagnostics: dict[str, list[Any]] = {}

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        message: dict[str, Any] = json.loads(stream.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:  # the server asks, for its configuration for instance
            items = message["params"].get("items", []) if isinstance(message.get("params"), dict) else []
            self.send({"id": message["id"], "result": [{} for _ in items] or None})
        return message

    def request(self, method: str, params: Any) -> Any:
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def open(self, path: Path, text: str) -> str:
        path.write_text(text, encoding="utf-8")
        uri = path.as_uri()
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        return uri

    def complete(self, uri: str, line: int, column: int) -> set[str]:
        where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
        found = self.request("textDocument/completion", where)
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"] for item in items}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    if SERVER is None:
        pytest.skip("yaml-language-server is not installed: npm install --global yaml-language-server")
    folder = tmp_path_factory.mktemp("specs")
    done = subprocess.run(
        [sys.executable, "-m", "cnncost", "schema", "-o", str(folder / "cnncost.schema.json")], check=False, env=os.environ
    )
    assert done.returncode == 0
    client = Client([SERVER, "--stdio"], folder)
    capabilities = {"textDocument": {"completion": {"completionItem": {}}, "publishDiagnostics": {}}}
    client.request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
    client.notify("initialized", {})
    yield client, folder
    client.request("shutdown", None)
    client.notify("exit", None)
    client.process.communicate(timeout=10)


def test_completion_of_arguments(client: tuple[Client, Path]) -> None:
    server, folder = client
    uri = server.open(folder / "a.yaml", MODEL + "  - conv:\n      out: 64\n      \n")
    offered = server.complete(uri, 6, 6)
    assert offered == {name for name in arguments("conv") if name != "out"}


def test_completion_of_layer_types_and_keys(client: tuple[Client, Path]) -> None:
    server, folder = client
    uri = server.open(folder / "b.yaml", MODEL + "  - max\n")
    assert "max_pool" in server.complete(uri, 4, 7)
    uri = server.open(folder / "c.yaml", MODEL + "  - relu\n\n")
    assert {"expect", "budget", "blocks", "params"} <= server.complete(uri, 5, 0)


def test_completion_of_words(client: tuple[Client, Path]) -> None:
    server, folder = client
    uri = server.open(folder / "d.yaml", MODEL + "  - conv:\n      out: 64\n      act: \n")
    assert {"relu", "silu", "none"} <= {word.strip('"') for word in server.complete(uri, 6, 11)}


def test_a_slip_is_marked_where_it_is(client: tuple[Client, Path]) -> None:
    server, folder = client
    text = MODEL + "  - add:\n      - - conv: {out: 64, kernal: 3}\n      - identity\n"
    uri = server.open(folder / "e.yaml", text)
    while uri not in server.diagnostics:
        server.receive()
    (slip,) = server.diagnostics[uri]
    assert "kernal" in slip["message"]
    assert (slip["range"]["start"]["line"], slip["range"]["start"]["character"]) == (5, text.splitlines()[5].index("kernal"))


def test_a_sound_spec_is_not_marked(client: tuple[Client, Path]) -> None:
    server, folder = client
    for path in SPECS:
        text = f"{MODEL.splitlines()[0]}\n{path.read_text(encoding='utf-8')}"
        uri = server.open(folder / path.name, text)
        while uri not in server.diagnostics:
            server.receive()
        assert server.diagnostics[uri] == [], path.name
