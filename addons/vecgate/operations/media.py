"""Media: bodies that are JSON in UTF-8, plain, and nothing else."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.document import parse
from vecgate.operations.messages import Answer, Pairs, Request
from vecgate.reasons import Reason

JSON: Final[Pairs] = (("content-type", "application/json"),)

_TYPES: Final = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})


def asked(request: Request) -> Any:
    """The document of a request, whose type may be left out. Raises Refusal: unsupported_media, or as `parse`."""
    if request.headers.get("content-type", "application/json").lower() not in _TYPES:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, "Send the body as application/json.")
    return parse(request.body)


def answered(answer: Answer) -> Any:
    """The document of an answer. Raises Unmaskable."""
    if answer.header("content-type").lower() not in _TYPES:
        raise Unmaskable("The database's answer is not JSON.")
    if any(name == "content-encoding" for name, _ in answer.headers):
        raise Unmaskable("The database's answer is encoded.")
    try:
        return parse(answer.body)
    except Refusal:
        raise Unmaskable("The database's answer is not proper JSON.") from None
