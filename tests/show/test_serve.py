"""The live page: what it is answered, and whom its server answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from support import command

import cnncost
from cnncost.base.errors import UsageError
from cnncost.show.page.live import Counting, answer, opening
from cnncost.show.page.server import ADDRESS, Server

SPEC = """cnncost: 1
input: [3, 32, 32]
layers:
  - conv: {out: 16, kernel: 3, pad: 1}
  - global_avg_pool
  - linear: {out: 10}
"""


def test_a_spec_is_answered_with_its_page() -> None:
    found = answer({"spec": SPEC}, Counting(batch=2))
    (model,) = found["page"]["models"]
    assert model["total"]["params"] == 16 * 27 + 16 + 170
    assert model["batch"] == 2


def test_a_problem_is_located() -> None:
    problem = answer({"spec": SPEC.replace("conv:", "conf:")}, Counting())["problem"]
    assert "spec.yaml:4:5" in problem
    assert "did you mean 'conv'?" in problem
    assert "^^^^" in problem


def test_a_name_is_answered_with_its_spec() -> None:
    found = answer({"model": "resnet18 --set width=32"}, Counting())
    again = answer({"spec": found["spec"]}, Counting())
    assert again["page"]["models"][0]["total"] == found["page"]["models"][0]["total"]


@pytest.mark.parametrize(
    "question",
    [
        {"model": "net.yaml"},
        {"model": "/etc/passwd"},
        {"model": "os:system"},
        {"model": "main:specs/unet.yaml"},
        {"model": "resnet18 + os:system"},
        {"model": "resnet18 + ./net.onnx"},
        {"model": ""},
        {"model": "'"},
        {"model": 3},
        {"spec": None},
        {"spec": "[" * 5000},
        {"spec": "x" * 600_000},
        {},
        [],
        None,
        "resnet18",
    ],
)
def test_what_a_page_may_not_ask(question: Any) -> None:
    found = answer(question, Counting())
    assert list(found) == ["problem"]
    assert found["problem"].startswith("error")


def test_it_opens_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    assert opening(str(tmp_path / "net.yaml"), Counting())["spec"] == SPEC
    with pytest.raises(UsageError, match="cannot read"):
        opening(str(tmp_path / "none.yaml"), Counting())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(0, Counting(), opening("lenet5", Counting())) as started:
        Thread(target=started.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield started
        started.shutdown()


def ask(server: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection(ADDRESS, server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    given = {"Host": f"{ADDRESS}:{server.server_port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body is not None:
        given.setdefault("Content-Length", str(len(body)))
        given.setdefault("Content-Type", "application/json")
    for name, value in given.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    found = response.status, response.read().decode(), dict(response.headers)
    connection.close()
    return found


def test_it_serves_its_page(server: Server) -> None:
    status, text, headers = ask(server, "GET", "/")
    assert status == 200
    assert "connect-src 'self'" in text
    assert headers["X-Frame-Options"] == "DENY"
    question = json.dumps({"spec": SPEC}).encode()
    status, text, _ = ask(server, "POST", "/answer", question, Origin=server.url.rstrip("/"))
    assert status == 200
    assert json.loads(text)["page"]["models"][0]["input"] == "3×32×32"


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_pages_of_other_sites_are_refused(server: Server) -> None:
    question = json.dumps({"model": "lenet5"}).encode()
    assert ask(server, "GET", "/", Host="evil.example")[0] == 403
    assert ask(server, "GET", "/", Host=f"evil.example:{server.server_port}")[0] == 403
    assert ask(server, "POST", "/answer", question, Origin="https://evil.example")[0] == 403
    assert ask(server, "POST", "/answer", question, Origin="null")[0] == 403
    assert ask(server, "POST", "/answer", question, Content_Type="text/plain")[0] == 404  # what a form could send


def test_no_other_path_and_no_other_method(server: Server) -> None:
    for path in ("/etc/passwd", "/../../etc/passwd", "/answer", "//evil.example/", "/%2e%2e/"):
        assert ask(server, "GET", path)[0] == 404
    assert ask(server, "POST", "/", b"{}")[0] == 404
    assert ask(server, "POST", "/answer", b"{")[0] == 400
    assert ask(server, "POST", "/answer", b"[" * 100_000)[0] == 400
    assert ask(server, "POST", "/answer", b"", Content_Length="99999999999")[0] == 413
    assert ask(server, "POST", "/answer", b"", Content_Length="-1")[0] == 413
    assert ask(server, "PUT", "/answer", b"{}")[0] == 501


def test_control_c_ends_it(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(cnncost.__file__).parents[1])}
    words = [sys.executable, "-m", "cnncost", "serve", "lenet5", "--port", "0"]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("lenet5 at http://127.0.0.1:")
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 0
    assert errors == ""
    assert list(tmp_path.iterdir()) == []


def test_command_line(server: Server) -> None:
    taken = command("serve", "lenet5", "--port", str(server.server_port))
    assert taken.code == 2
    assert "cannot serve at port" in taken.err
    assert command("serve", "nosuchnet").code == 2
