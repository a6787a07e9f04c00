"""Speed: what mitmproxy does many times per request and can do faster, for a process whose addons are all ours.

Measured with `just bench` at 16 connections; each is pinned like the rest (`pins`) and changes no result.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import fields as members
from functools import cache, lru_cache
from typing import Any

import hpack.hpack
from h2.stream import H2Stream
from hpack.huffman_table import decode_huffman
from hyperframe.frame import Frame
from mitmproxy import hooks, http
from mitmproxy.net.http import url

from vecgate.serve import blocks, pins

REMEMBERED = 2048
"""Bytes of the longest Huffman text that is remembered: with the number of texts, a bound of some 3 MB."""
NAME = 255
"""Characters of the longest authority that is: a host's name is no longer."""

_made = http.Headers.__init__
_authority = url.parse_authority


def hurry() -> None:
    """Call once, before the master runs."""
    http.MessageData.__post_init__ = lambda self: None  # type: ignore[method-assign]  # stands under `if __debug__` there
    for owner, name, faster in _FASTER:
        setattr(owner, name, faster)
    for owner, name, make, digest in _AS_READ:
        if pins.source_digest(owner.__module__, f"{owner.__name__}.{name}") == digest:
            setattr(owner, name, make(getattr(owner, name)))


def settle_collector() -> None:
    """What lives as long as the process is not looked at again; a request's objects are, a thousand requests later."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def make(self: http.Headers, fields: Iterable[Any] = (), **more: str) -> None:
    """Stands in for Headers.__init__, eight times a request."""
    if more:
        _made(self, fields, **more)
        return
    self.fields = kept = tuple(map(tuple, fields))
    for name, value in kept:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError("Header fields must be bytes.")


def arguments(self: hooks.Hook) -> list[Any]:
    """Stands in for Hook.args, which asks dataclasses for the fields every time."""
    kind: Any = type(self)
    return [getattr(self, name) for name in _names(kind)]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(member.name for member in members(kind))


def authority(text: Any, check: bool) -> tuple[str, int | None]:
    """Stands in for parse_authority: the name of the gateway is the same in every request."""
    return _parsed(text, check) if len(text) <= NAME else _authority(text, check)


_parsed = lru_cache(maxsize=512)(_authority)


def _values(headers: http.Headers, name: str | bytes) -> list[bytes]:
    key = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")).lower()
    return [value for field, value in headers.fields if field.lower() == key]


def get_all(self: http.Headers, name: str | bytes) -> list[str]:
    """Stands in for Headers.get_all, which calls two functions for every field: some 180 calls per request."""
    return [value.decode("utf-8", "surrogateescape") for value in _values(self, name)]


def get_item(self: http.Headers, key: str | bytes) -> str:
    found = _values(self, key)
    if not found:
        raise KeyError(key)
    return b", ".join(found).decode("utf-8", "surrogateescape")


def contains(self: http.Headers, key: Any) -> bool:
    return bool(_values(self, key))


def get(self: http.Headers, key: str | bytes, default: Any = None) -> Any:
    found = _values(self, key)
    return b", ".join(found).decode("utf-8", "surrogateescape") if found else default


def huffman(text: bytes | bytearray | memoryview | None) -> bytes:
    """Stands in for hpack's decode_huffman, which looks at every half byte: clients say the same again and again."""
    data = bytes(text or b"")
    return _remembered(data) if len(data) <= REMEMBERED else decode_huffman(data)


@lru_cache(maxsize=512)
def _remembered(data: bytes) -> bytes:
    return decode_huffman(data)


_FASTER: tuple[tuple[Any, str, Any], ...] = (
    (http.Headers, "__init__", make),
    (http.Headers, "get_all", get_all),
    (http.Headers, "__getitem__", get_item),
    (http.Headers, "__contains__", contains),
    (http.Headers, "get", get),
    (hooks.Hook, "args", arguments),
    (url, "parse_authority", authority),
    (hpack.hpack, "decode_huffman", huffman),
)

_AS_READ: tuple[tuple[type, str, Any, str], ...] = (
    (
        hpack.hpack.Decoder,
        "decode",
        blocks.decoded,
        "b5696a4fb741c7c4e1ffee0bfcec8f7d212c9e9d714a7d3763e3acb5bb158f2e",
    ),
    (
        hpack.hpack.Encoder,
        "add",
        blocks.encoded,
        "1d6a1a43f300198428e2531d21246504d6c50290c1b4e0657c9fc47451e88db0",
    ),
    (
        H2Stream,
        "_process_received_headers",
        blocks.proved,
        "991976183ebe21dfe36246c077562d9cc4cd96aad3ff5d7c53cd1691edc67488",
    ),
    (
        Frame,
        "__repr__",  # h2 spells out every frame for a log that nobody keeps
        lambda _: object.__repr__,
        "15cc92e42b05b3c6fb92dade2a38a7f938360467e5a0013774d9fdf4fb51e3ca",
    ),
)
"""What is wrapped of h2 and hpack, whose versions are not pinned: left alone where it is not what was read."""
