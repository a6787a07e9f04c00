"""A byte-level HTTP/1 upstream: what a gateway really sends is what it records.

It parses as little as it can, so that a smuggled second request is a record of its own and a target is seen as it was
on the wire. `async with RawUpstream() as upstream` runs it in the caller's event loop. The first word of a path chooses
the reply:

    /trailers  chunked, with a trailer     /early    103 Early Hints before the 200    /switch   101 to a websocket
    /drop      100 bytes promised, 3 sent  /big      a head of 100 KB                  /large    2 MB of body
    /garbage   no HTTP at all              /secret   a body and headers with a secret  /silent   closes without a reply
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LARGE = 2_000_000
SECRET = b"unmasked-secret"


@dataclass(frozen=True)
class Record:
    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        found = re.findall(rb"(?im)^" + name.encode() + rb":[ \t]*(.*?)\r?$", self.head)
        return found[0].decode("latin-1") if len(found) == 1 else None


class RawUpstream:
    def __init__(self, reply: Callable[[bytes], bytes | Awaitable[bytes]] | None = None) -> None:
        """`reply` makes an answer of a request's head, in place of what the path chooses; an empty one closes."""
        self._reply = reply or _reply
        self.records: list[Record] = []
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> RawUpstream:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    def take(self) -> list[Record]:
        """Hand out the records so far and forget them."""
        taken, self.records = self.records, []
        self.connections = 0
        return taken

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        buffer = b""
        with contextlib.suppress(ConnectionError):
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = await reader.read(65536)
                    if not data:
                        break
                    buffer += data
                else:
                    head, _, buffer = buffer.partition(b"\r\n\r\n")
                    body, buffer = await _body(head, buffer, reader)
                    self.records.append(Record(head, body))
                    reply = self._reply(head)
                    if not isinstance(reply, bytes):
                        reply = await reply
                    writer.write(reply)
                    await writer.drain()
                    if reply and not re.search(rb"/(drop|garbage|silent|switch)", head.split(b"\r\n", 1)[0]):
                        continue
                break
        writer.close()
        self._writers.discard(writer)


async def _body(head: bytes, rest: bytes, reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """What the head announces; without framing there is no body, and what follows is the next request."""
    length = re.search(rb"(?i)content-length:\s*(\d+)", head)
    wanted = int(length[1]) if length else 0
    while len(rest) < wanted:
        data = await reader.read(65536)
        if not data:
            break
        rest += data
    return rest[:wanted], rest[wanted:]


def _reply(head: bytes) -> bytes:
    line = head.split(b"\r\n", 1)[0]
    match re.search(rb"/(\w*)", line):
        case None:
            word = b""
        case found:
            word = found[1]
    match word:
        case b"trailers":
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n"
        case b"early":
            return b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + _ok(b"ok")
        case b"switch":
            return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + SECRET
        case b"drop":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
        case b"big":
            return b"HTTP/1.1 200 OK\r\n" + b"x-filler: %s\r\n" % (b"y" * 1000) * 100 + b"Content-Length: 0\r\n\r\n"
        case b"large":
            return _ok(b"z" * LARGE)
        case b"garbage":
            return SECRET + b" this is not HTTP\r\n\r\n"
        case b"silent":
            return b""
        case b"secret":
            return _ok(SECRET, b"X-Secret: " + SECRET)
        case _:
            return _ok(b"" if line[:5].lower() == b"head " else b'{"line":"ok"}')


def _ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body])
