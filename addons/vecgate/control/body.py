"""Bodies of requests to the control plane: plain, small, of the expected kind, and here in time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from vecgate.errors import Refusal
from vecgate.reasons import Reason

BODY_TIME = 10.0
"""Seconds for a body to arrive."""


async def read_body(request: Request, kind: str, limit: int) -> bytes:
    """A body of this media type, of at most `limit` bytes.

    Raises Refusal: `unsupported_media`, `body_too_large`, `request_timeout`, `client_gone`.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != kind or "content-encoding" in request.headers:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, f"Send a plain {kind} body.")
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
