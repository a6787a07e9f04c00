"""Loopback: a moment's listener that the browser is sent back to."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from vecgate.errors import LoginError
from vecgate.login.client import loopback

_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>vecgate</title>"
    "<body style='font: 1.2rem system-ui; margin: 4rem'><p>{}</p>"
)
_DONE = "You can close this window and go back to the terminal."
_FAILED = "That did not work: the terminal says why."
_NOT_OURS = "This is not the answer that vecgate waits for."


class Loopback:
    """Answers one request with the right path and state; whatever else arrives changes nothing.

    Threads, because browsers open connections that they do not use. Raises LoginError if the port is taken.
    """

    def __init__(self, redirect: str, ours: Callable[[Mapping[str, str]], bool]) -> None:
        host, port, self._path = loopback(redirect)
        self._ours = ours
        self._answers: queue.SimpleQueue[Mapping[str, str]] = queue.SimpleQueue()
        address = "127.0.0.1" if host == "localhost" else host
        try:
            self._server = _server(address, port, self)
        except OSError as error:
            raise LoginError(f"{redirect}: {error.strerror}") from error
        shown = f"[{host}]" if ":" in host else host
        self.authority = f"{shown}:{self._server.server_address[1]}"
        self.url = f"http://{self.authority}{self._path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> Mapping[str, str] | None:
        """The answer's parameters, None when none came."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def read(self, target: str, host: str) -> Mapping[str, str] | None:
        """The parameters of our answer. Another host is a page that found the port (DNS rebinding)."""
        path, _, query = target.partition("?")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            return None
        parameters = dict(pairs)
        once = len(parameters) == len(pairs)
        return parameters if host == self.authority and path == self._path and once and self._ours(parameters) else None

    def take(self, parameters: Mapping[str, str]) -> None:
        self._answers.put(parameters)


def _server(address: str, port: int, asked: Loopback) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            parameters = asked.read(self.path, self.headers.get("host", ""))
            text = _NOT_OURS if parameters is None else _FAILED if "error" in parameters else _DONE
            body = _PAGE.format(text).encode()
            self.send_response(HTTPStatus.BAD_REQUEST if parameters is None else HTTPStatus.OK)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.send_header("referrer-policy", "no-referrer")
            self.send_header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body)
            if parameters is not None:
                asked.take(parameters)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002, as it is overridden
            """Nothing: the request holds the code."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    if ":" in address:
        Server.address_family = socket.AF_INET6
    return Server((address, port), Handler)
