"""Bytes on the wire, without an event loop: a client that sends what it is given, and a database that records what it
got.

`send(port, data)` reads one final reply, or all that comes before the other side closes. `ByteUpstream` runs in a
thread and answers as Chroma would for the routes that a test scripts; whatever reached it is in `received`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field

import msgspec

WAIT = 5.0


@dataclass(frozen=True)
class Reply:
    """`ended` is `answered`, `closed` (by the peer, before a whole reply) or `hangs`."""

    raw: bytes
    ended: str = "answered"

    @property
    def status(self) -> int:
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", self._final)
        return int(found[1]) if found else 0

    @property
    def head(self) -> bytes:
        return self._final.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self._final.partition(b"\r\n\r\n")[2]

    @property
    def document(self) -> dict[str, object]:
        with contextlib.suppress(msgspec.DecodeError):
            decoded = msgspec.json.decode(self.body)
            if isinstance(decoded, dict):
                return decoded
        return {}

    @property
    def reason(self) -> str:
        return str(self.document.get("reason", ""))

    @property
    def exchange(self) -> str:
        return str(self.document.get("exchange", "")) or (self.header("vecgate-exchange") or "")

    def header(self, name: str) -> str | None:
        """The value of the only header of that name, None when it is absent or stands twice."""
        found = re.findall(rb"(?im)^" + name.encode() + rb":[ \t]*(.*?)\r?$", self.head)
        return found[0].decode("latin-1") if len(found) == 1 else None

    @property
    def _final(self) -> bytes:
        rest = self.raw
        while re.match(rb"HTTP/1\.1 1\d\d ", rest) and b"\r\n\r\n" in rest:
            rest = rest.partition(b"\r\n\r\n")[2]
        return rest


def request(
    target: str | bytes,
    *fields: str | bytes,
    method: str = "GET",
    body: bytes | None = None,
    version: str = "HTTP/1.1",
) -> bytes:
    """A request with a Host, these header lines as they stand, and a Content-Length where there is a body."""
    lines = [f"{method} ".encode() + _bytes(target) + f" {version}".encode(), b"Host: gateway", *map(_bytes, fields)]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def send(port: int, *parts: bytes, wait: float = WAIT, half_close: bool = False) -> Reply:
    """Send the bytes on a connection of their own and read one final reply; of a HEAD's, nothing but the head."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        with contextlib.suppress(ConnectionError):  # refused while it is still sent; the answer is there all the same
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        return read(connection, head=parts[0][:5] == b"HEAD " if parts else False)


def read(connection: socket.socket, *, head: bool = False) -> Reply:
    raw = b""
    try:
        while not (b"\r\n\r\n" in raw if head else _complete(raw)):
            data = connection.recv(65536)
            if not data:
                return Reply(raw, "closed")
            raw += data
    except TimeoutError:
        return Reply(raw, "hangs")
    except ConnectionError:
        return Reply(raw, "closed")
    return Reply(raw)


def _complete(raw: bytes) -> bool:
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank:
        return False
    if re.match(rb"HTTP/1\.1 1\d\d ", head):
        return _complete(body)
    length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def headers(self, name: str) -> list[str]:
        found = re.findall(rb"(?im)^" + name.encode() + rb":[ \t]*(.*?)\r?$", self.head)
        return [value.decode("latin-1") for value in found]


type Answering = Callable[[Received], bytes | None]
"""The bytes of an answer; None closes without one."""


def answer(document: object, status: int = 200, *fields: bytes, body: bytes | None = None) -> bytes:
    raw = msgspec.json.encode(document) if body is None else body
    head = [b"HTTP/1.1 %d Answered" % status, b"Content-Type: application/json", *fields]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(raw), b"", raw])


@dataclass
class ByteUpstream:
    """Parses as little as it can, so that a smuggled second request is a request of its own.

    `routes` maps a regular expression over the request line to the answer; the first that is found counts.
    """

    routes: MutableMapping[str, Answering | bytes]
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    hang_up: bool = False
    """Close every connection after one answer."""

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self) -> list[Received]:
        """Hand out what was received so far and forget it."""
        taken, self.received = self.received, []
        return taken

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            for received in _requests(connection):
                self.received.append(received)
                found = self._answer(received)
                if found is None:
                    break
                connection.sendall(found)
                if self.hang_up:
                    break
        self._open.discard(connection)

    def _answer(self, received: Received) -> bytes | None:
        for pattern, found in self.routes.items():
            if re.search(pattern, received.line):
                return found if isinstance(found, bytes) else found(received)
        return answer({})


def _requests(connection: socket.socket) -> Iterator[Received]:
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            data = connection.recv(65536)
            if not data:
                if buffer:
                    yield Received(buffer, b"")
                return
            buffer += data
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
        wanted = int(length[1]) if length else 0
        while len(buffer) < wanted:
            data = connection.recv(65536)
            if not data:
                return
            buffer += data
        yield Received(head, buffer[:wanted])
        buffer = buffer[wanted:]
