"""The server of a live page: on this machine only, for a browser on this machine only.

It answers two paths, reads no file that a page names, and writes nothing. A page of another site cannot ask it: the Host it was
reached by and the Origin of a question must be its own (against DNS rebinding and cross-site requests), and a question is JSON,
which a form of another site cannot send.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.plain import scalar
from cnncost.show.page import page
from cnncost.show.page.live import Counting, answer

ADDRESS = "127.0.0.1"
LARGEST = 1_000_000  # bytes of a question
PATIENCE = 30  # seconds that a connection may stay silent


class Server(ThreadingHTTPServer):
    """Serves one live page, which opens with an answer."""

    daemon_threads = True

    def __init__(self, port: int, how: Counting, first: Mapping[str, Any]) -> None:
        self.how = how
        self.first = dict(first)
        self.lock = Lock()  # one question at a time: answers share caches
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"cannot serve at port {port}: {error}", "name another one: --port 0 takes any that is free"
            ) from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "cnncost"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def do_GET(self) -> None:
        if not self._is_ours():
            return
        if self.path.partition("?")[0] != "/":
            self._send(HTTPStatus.NOT_FOUND, "nothing is here", "text/plain")
            return
        data = {**self.server.first["page"], "live": {"spec": self.server.first.get("spec", ""), "names": _names()}}
        self._send(HTTPStatus.OK, page(data, live=True), "text/html")

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {LARGEST:,} bytes", "text/plain")
            return
        body = self.rfile.read(int(length))
        if self.path != "/answer" or self.headers.get_content_type() != "application/json":
            self._send(HTTPStatus.NOT_FOUND, "questions are JSON, sent to /answer", "text/plain")
            return
        try:
            question = json.loads(body)
        except (ValueError, RecursionError):
            self._send(HTTPStatus.BAD_REQUEST, "the question is no JSON", "text/plain")
            return
        with self.server.lock:
            found = answer(question, self.server.how)
        self._send(
            HTTPStatus.OK, json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=scalar), "application/json"
        )

    def _is_ours(self) -> bool:
        """Return whether the request comes from this server's own page; refuse it otherwise."""
        port = self.server.server_port
        hosts = (f"{ADDRESS}:{port}", f"localhost:{port}")
        origin = self.headers.get("Origin")
        fine = self.headers.get("Host") in hosts and (origin is None or origin in [f"http://{host}" for host in hosts])
        if not fine:
            self.close_connection = True
            self._send(HTTPStatus.FORBIDDEN, "this server answers its own page only", "text/plain")
        return fine

    def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        for name, value in {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no line for each request."""


def _names() -> list[str]:
    from cnncost.models.load import names

    return names()
