"""Blocks: HTTP/2 header blocks that a connection has met before are neither decoded, proved nor spelt out again.

HPACK (RFC 7541) is read and written by hpack in Python, header by header, and h2 proves each in seven passes. Clients
and databases say the same in every request of a connection: what a block means depends on its bytes and on the
connection's table alone, so that it holds until the table changes. Values that never come twice are kept out of the
table, or each answer would change it.

What is remembered is bounded: some 60 kB for each direction of a connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from hpack import Decoder, Encoder, HeaderTuple
from hpack.table import HeaderTable

BLOCKS = 8
"""Blocks that are remembered for a connection."""
LONGEST = 1024
"""Bytes of the longest of them."""
FIELDS = 64
"""Header fields of one, and of those whose index is remembered."""

_KEY = "vecgate_blocks"
_ONCE = {
    name: b"\0" + bytes((len(name),)) + name
    for name in (b"content-length", b"date", b"grpc-timeout", b"ratelimit", b"vecgate-exchange")
}
"""Fields whose value is another one in each message, as literals without indexing begin (RFC 7541 §6.2.2)."""
_PREFIX = 127
"""From this length on, a string's is written in several bytes (RFC 7541 §5.1)."""
_RESIZES = range(0x20, 0x40)
"""First bytes of a block that changes the table's size (RFC 7541 §6.3)."""

type Validated = list[Any]


class Block(list[HeaderTuple]):
    """A decoded block. `valid` has what h2 made of it, by what it was proved to be: a request, an answer, trailers."""

    __slots__ = ("valid",)

    def __init__(self, headers: Iterable[HeaderTuple]) -> None:
        super().__init__(headers)
        self.valid: dict[Any, Validated] = {}


class _Memory:
    """What holds as long as the table has these entries. Each new entry is a new object at the left."""

    __slots__ = ("known", "length", "top")

    def __init__(self, entries: deque[tuple[bytes, bytes]]) -> None:
        self.top = entries[0] if entries else None
        self.length = len(entries)
        self.known: dict[Any, Any] = {}

    def holds(self, entries: deque[tuple[bytes, bytes]]) -> bool:
        return self.length == len(entries) and (not entries or entries[0] is self.top)

    def remember(self, table: HeaderTable, key: Any, value: Any, most: int) -> None:
        """Unless the table has just been changed by it."""
        if self.holds(table.dynamic_entries):
            if len(self.known) >= most:
                self.known.clear()
            self.known[key] = value


def _memory(coder: Any, table: HeaderTable) -> _Memory:
    memory: _Memory | None = coder.__dict__.get(_KEY)
    if memory is None or not memory.holds(table.dynamic_entries):
        memory = coder.__dict__[_KEY] = _Memory(table.dynamic_entries)
    return memory


def decoded(decode: Callable[..., Iterable[HeaderTuple]]) -> Callable[..., Iterable[HeaderTuple]]:
    """Wrap Decoder.decode."""

    def remembered(self: Decoder, data: bytes, raw: bool = False) -> Iterable[HeaderTuple]:
        if not raw or not data or len(data) > LONGEST or data[0] in _RESIZES:
            return decode(self, data, raw)
        memory, key = _memory(self, self.header_table), (bytes(data), self.max_header_list_size)
        known: Block | None = memory.known.get(key)
        if known is not None:
            self._assert_valid_table_size()
            return known
        block = Block(decode(self, data, raw))
        if len(block) <= FIELDS:
            memory.remember(self.header_table, key, block, BLOCKS)
        return block

    return remembered


def proved(process: Callable[..., Validated]) -> Callable[..., Validated]:
    """Wrap H2Stream._process_received_headers, whose result is made of the block, of what it is to be, and of what is
    the same for a connection's life."""

    def remembered(self: Any, headers: Iterable[Any], flags: Any, encoding: Any) -> Validated:
        if not isinstance(headers, Block):
            return process(self, headers, flags, encoding)
        if (known := headers.valid.get(flags)) is None:
            known = headers.valid[flags] = process(self, headers, flags, encoding)
        return known.copy()

    return remembered


def encoded(add: Callable[..., bytes]) -> Callable[..., bytes]:
    """Wrap Encoder.add."""

    def remembered(self: Encoder, to_add: tuple[bytes, bytes], sensitive: bool, huffman: bool = False) -> bytes:
        if (begun := _ONCE.get(to_add[0])) is not None and len(to_add[1]) < _PREFIX:
            return b"".join((begun, bytes((len(to_add[1]),)), to_add[1]))
        if sensitive:
            return add(self, to_add, sensitive, False)
        memory = _memory(self, self.header_table)
        known: bytes | None = memory.known.get(to_add)
        if known is not None:
            return known
        field = add(self, to_add, sensitive, huffman)
        memory.remember(self.header_table, to_add, field, FIELDS)
        return field

    return remembered
