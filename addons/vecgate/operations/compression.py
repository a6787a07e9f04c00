"""Compression: bodies and messages decoded no further than they may become."""

from __future__ import annotations

import zlib
from typing import Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason

PROBE: Final = 64 * 1024
"""Bytes decoded of a gzip body that says it is too large, to tell a bomb from one that is cut short."""


def gunzip(raw: bytes, limit: int) -> bytes:
    """One gzip member of at most `limit` bytes decoded. Raises Refusal: body_too_large, bad_body.

    It ends with its decoded size (RFC 1952 §2.3.1). A bomb that tells the truth is hardly decoded, and one that lies no
    further than it said.
    """
    size = int.from_bytes(raw[-4:], "little")
    most = size if size <= limit else PROBE
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(raw, most + 1)
    except zlib.error as error:
        raise Refusal(Reason.BAD_BODY, "The body is not gzip, though content-encoding says so.") from error
    whole = decoder.eof and not decoder.unused_data and len(body) == size
    if size > limit and (whole or len(body) > most):
        raise Refusal(Reason.BODY_TOO_LARGE)
    if not whole:
        raise Refusal(Reason.BAD_BODY, "The gzip body is cut short, lies about its size or has something behind it.")
    return body
