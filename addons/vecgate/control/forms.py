"""Forms: queries and posted forms, read strictly and bounded."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from vecgate.errors import Refusal
from vecgate.reasons import Reason

BODY_TIME: Final = 10.0
"""Seconds for a body to arrive."""
_KIND = "application/x-www-form-urlencoded"
_FIELDS = 16


def query(request: Request) -> dict[str, str]:
    """The query's members. Raises Refusal: `bad_target`."""
    return _members(request.url.query, Reason.BAD_TARGET)


async def form(request: Request, limit: int) -> dict[str, str]:
    """A posted form's members; `limit` is in bytes.

    Raises Refusal: `unsupported_media`, `body_too_large`, `request_timeout`, `client_gone`, `bad_body`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND or "content-encoding" in request.headers:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, f"Send a plain {_KIND} body.")
    body = await read(request, limit)
    try:
        return _members(body.decode("ascii"), Reason.BAD_BODY)
    except UnicodeDecodeError as error:
        raise Refusal(Reason.BAD_BODY, "The form is not encoded.") from error


async def read(request: Request, limit: int) -> bytes:
    """The body. Raises Refusal: `body_too_large`, `request_timeout`, `client_gone`."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIME):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Refusal(Reason.BODY_TOO_LARGE)
    except TimeoutError:
        raise Refusal(Reason.REQUEST_TIMEOUT) from None
    except ClientDisconnect:
        raise Refusal(Reason.CLIENT_GONE) from None
    return bytes(body)


def _members(text: str, reason: Reason) -> dict[str, str]:
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError as error:
        raise Refusal(reason, "The form is malformed.") from error
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Refusal(Reason.DUPLICATE_MEMBER)
    return members
