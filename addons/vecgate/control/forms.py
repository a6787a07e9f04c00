"""Forms: queries and posted forms, read strictly and bounded."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from vecgate.control.reading import plain
from vecgate.errors import Refusal
from vecgate.reasons import Reason

MEDIA = "application/x-www-form-urlencoded"
_FIELDS = 16


def query(request: Request) -> dict[str, str]:
    """The query's members. Raises Refusal: `bad_target`."""
    return _members(request.url.query, Reason.BAD_TARGET)


async def form(request: Request, limit: int) -> dict[str, str]:
    """A posted form's members; `limit` is in bytes.

    Raises Refusal: `unsupported_media`, `body_too_large`, `request_timeout`, `client_gone`, `bad_body`.
    """
    body = await plain(request, MEDIA, limit)
    try:
        return _members(body.decode("ascii"), Reason.BAD_BODY)
    except UnicodeDecodeError as error:
        raise Refusal(Reason.BAD_BODY, "The form is not encoded.") from error


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
