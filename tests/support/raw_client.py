"""A client that sends bytes as they are given, and tells what came back."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass

WAIT = 3.0


@dataclass(frozen=True)
class Reply:
    """`ended` is `answered`, `closed` (by the peer, before a whole reply) or `hangs`."""

    raw: bytes
    ended: str

    @property
    def statuses(self) -> list[int]:
        return [int(found) for found in re.findall(rb"(?m)^HTTP/1\.1 (\d{3}) ", self.raw)]

    @property
    def status(self) -> int:
        """The last status line's, 0 if there was none."""
        return self.statuses[-1] if self.statuses else 0

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").lower()

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def get(target: bytes, *headers: bytes, version: bytes = b"HTTP/1.1", method: bytes = b"GET") -> bytes:
    return b"\r\n".join([method + b" " + target + b" " + version, b"Host: x", *headers, b"", b""])


def post(target: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return get(target, *headers, method=b"POST") + body


async def exchange(port: int, request: bytes, *, wait: float = WAIT) -> Reply:
    """Send the bytes on a connection of their own and read one final reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await read_reply(reader, wait=wait)
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def read_reply(reader: asyncio.StreamReader, *, wait: float = WAIT) -> Reply:
    """Read up to the end of a final reply."""
    raw = b""
    try:
        async with asyncio.timeout(wait):
            while not _complete(raw):
                data = await reader.read(65536)
                if not data:
                    return Reply(raw, "closed")
                raw += data
    except TimeoutError:
        return Reply(raw, "hangs")
    except ConnectionError:
        return Reply(raw, "closed")
    return Reply(raw, "answered")


def _complete(raw: bytes) -> bool:
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank:
        return False
    if re.match(rb"HTTP/1\.1 1\d\d ", head):
        return _complete(body)
    length = re.search(rb"(?i)content-length:\s*(\d+)", head)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")
