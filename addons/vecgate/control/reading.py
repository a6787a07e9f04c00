"""Reading: what comes with a request to the control plane, strictly: one bearer credential, one small plain body that
is here in time."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request

from vecgate.errors import Refusal
from vecgate.reasons import Reason

BODY: Final = 16 * 1024
"""Bytes of a decision."""
BODY_TIME: Final = 10.0
"""Seconds for a body to arrive."""
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+)")


def bearer(request: Request) -> str:
    """The one credential. Raises Refusal(token_missing, token_invalid, credential_ambiguous)."""
    sent = request.headers.getlist("authorization")
    if not sent:
        raise Refusal(Reason.TOKEN_MISSING)
    if len(sent) > 1:
        raise Refusal(Reason.CREDENTIAL_AMBIGUOUS)
    found = _BEARER.fullmatch(sent[0])
    if found is None:
        raise Refusal(Reason.TOKEN_INVALID, "Send Authorization: Bearer TOKEN.")
    return found[1]


def peer(request: Request) -> str:
    """The socket's peer, `address:port`."""
    host, port = request.client or ("", 0)
    return f"{host}:{port}"


async def document[T](request: Request, kind: type[T], like: str) -> T:
    """The body as a document of this type; `like` shows one. A page cannot send it: it is no form.

    Raises Refusal(unsupported_media, body_too_large, request_timeout, client_gone, unknown_member, bad_body)."""
    try:
        return msgspec.json.decode(await plain(request, "application/json", BODY), type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(Reason.UNKNOWN_MEMBER, str(error)) from error
    except msgspec.DecodeError as error:
        raise Refusal(Reason.BAD_BODY, f"Send {like}.") from error


async def plain(request: Request, media: str, limit: int) -> bytes:
    """The whole body, of this media type and not compressed; `limit` is in bytes.

    Raises Refusal(unsupported_media, body_too_large, request_timeout, client_gone)."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != media or "content-encoding" in request.headers:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, f"Send a plain {media} body.")
    return await body(request, limit)


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises Refusal(body_too_large, request_timeout, client_gone)."""
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_TIME):
            async for chunk in request.stream():
                found += chunk
                if len(found) > limit:
                    raise Refusal(Reason.BODY_TOO_LARGE)
    except TimeoutError:
        raise Refusal(Reason.REQUEST_TIMEOUT) from None
    except ClientDisconnect:
        raise Refusal(Reason.CLIENT_GONE) from None
    return bytes(found)
