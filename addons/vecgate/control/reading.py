"""Reading: what comes with a request to the control plane, strictly: one bearer credential, one small JSON body."""

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
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" or "content-encoding" in request.headers:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, "Send a plain application/json body.")
    try:
        return msgspec.json.decode(await body(request, BODY), type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(Reason.UNKNOWN_MEMBER, str(error)) from error
    except msgspec.DecodeError as error:
        raise Refusal(Reason.BAD_BODY, f"Send {like}.") from error


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises Refusal(body_too_large, request_timeout, client_gone)."""
    found = b""
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
    return found
