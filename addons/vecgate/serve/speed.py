"""Speed: what mitmproxy does many times per request and can do faster, for a process whose addons are all ours.

Measured with `just bench` at 16 connections; each is pinned like the rest (`pins`) and changes no result.
"""

from __future__ import annotations

import gc
from functools import lru_cache
from typing import Any

import hpack.hpack
from hpack.huffman_table import decode_huffman
from mitmproxy import http

REMEMBERED = 2048
"""Bytes of the longest Huffman text that is remembered: with the number of texts, a bound of some 3 MB."""


def hurry() -> None:
    """Call once, before the master runs."""
    http.MessageData.__post_init__ = lambda self: None  # type: ignore[method-assign]  # stands under `if __debug__` there
    for owner, name, faster in _FASTER:
        setattr(owner, name, faster)


def settle_collector() -> None:
    """What lives as long as the process is not looked at again; a request's objects are, a thousand requests later."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


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
    (http.Headers, "get_all", get_all),
    (http.Headers, "__getitem__", get_item),
    (http.Headers, "__contains__", contains),
    (http.Headers, "get", get),
    (hpack.hpack, "decode_huffman", huffman),
)
