from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.chroma_scene import ALICE, CHROMA, COLLECTION, DATABASE, OPEN, UUID, answer, decided, reading

from vecgate.errors import Refusal
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason

GET = reading("POST", f"{COLLECTION}/get", {"where": {"ssn": "x"}})
CREATE = reading("POST", f"{DATABASE}/collections", {"name": "beta"}, None)


MATCH = reading("POST", f"{COLLECTION}/get", {"where_document": {"$and": [{"$contains": "x"}, {"$regex": "("}]}})
REGEX = "Regex syntax errror: regex parse error:\n    {}\n    ^\nerror: unclosed group"


def erred(document: Any, status: int, read: Any = GET) -> dict[str, Any]:
    result = CHROMA.mask(read, decided(OPEN), ALICE, answer(document, status))
    assert result.answer.status == status
    assert result.answer.header("content-type") == "application/json"
    assert result.points == 0
    decoded: dict[str, Any] = msgspec.json.decode(result.answer.body)
    return decoded


@pytest.mark.parametrize(
    ("read", "error", "status", "message"),
    [
        (GET, "NotFoundError", 404, f"Collection [{UUID}] does not exist."),
        (CREATE, "ChromaError", 409, "Collection [beta] already exists"),
        (GET, "InvalidArgumentError", 400, "Collection expecting embedding with dimension of 3, got 2"),
        (GET, "InvalidArgumentError", 400, "Invalid where clause"),
        (MATCH, "InvalidArgumentError", 400, REGEX.format("(")),
        (
            CREATE,
            "InvalidArgumentError",
            400,
            "Validation error: name: Expected a name containing 3-512 characters from [a-zA-Z0-9._-]. Got: beta",
        ),
    ],
)
def test_an_echo_of_the_request_is_kept(read: Any, error: str, status: int, message: str) -> None:
    document = {"error": error, "message": message}
    assert erred(document, status, read) == document


@pytest.mark.parametrize(
    ("document", "status", "error"),
    [
        ({"error": "NotFoundError", "message": "Collection [secret_hr] does not exist"}, 404, "NotFoundError"),
        ({"error": "InvalidArgumentError", "message": "ssn is 123-45, not x"}, 400, "InvalidArgumentError"),
        ({"error": "InternalError", "message": "SELECT ssn FROM t WHERE id = 123-45"}, 500, "InternalError"),
        ({"error": "NotFoundError", "message": f"Collection [{UUID}] does not exist. 123-45"}, 404, "NotFoundError"),
        ({"error": "InvalidArgumentError", "message": REGEX.format("123-45")}, 400, "InvalidArgumentError"),
        ({"error": "ssn 123-45", "message": "Invalid where clause"}, 400, "InvalidArgumentError"),
        ({"error": ["123-45"], "message": ["123-45"]}, 422, "InvalidArgumentError"),
        ({"detail": "123-45", "embeddings": [[0.5]]}, 500, "InternalError"),
        ("123-45", 403, "AuthError"),
        (b"<html>123-45</html>", 503, "InternalError"),
        (b"", 405, "InvalidArgumentError"),
        (b'{"error":"AuthError","error":"x","message":"123-45"}', 401, "AuthorizationError"),
    ],
)
def test_no_other_text_of_the_database_comes_through(document: Any, status: int, error: str) -> None:
    shown = erred(document, status)
    assert shown["error"] == error
    assert set(shown) == {"error", "message"}
    for leak in ("123-45", "secret", "SELECT", "0.5"):
        assert leak not in str(shown)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.TOKEN_MISSING, "AuthorizationError"),
        (Reason.NO_GRANT, "AuthError"),
        (Reason.UNKNOWN_OPERATION, "AuthError"),
        (Reason.NOT_FOUND, "NotFoundError"),
        (Reason.RATE_EXCEEDED, "RateLimitError"),
        (Reason.BAD_BODY, "InvalidArgumentError"),
        (Reason.BODY_TOO_LARGE, "InvalidArgumentError"),
        (Reason.UNMASKABLE_RESPONSE, "InternalError"),
        (Reason.EVIDENCE_UNAVAILABLE, "InternalError"),
    ],
)
def test_a_refusal_carries_the_name_that_clients_know(reason: Reason, error: str) -> None:
    result = CHROMA.refuse(Refusal(reason), "abc123", None)
    assert result == Answer(reason.status, (("content-type", "application/json"),), result.body)
    assert msgspec.json.decode(result.body) == {
        "error": error,
        "message": reason.summary + (f" [{reason}, exchange abc123]" if reason is not Reason.NOT_FOUND else ""),
        "reason": reason,
        "type": f"https://vecgate.dev/reasons/{reason}",
        "exchange": "abc123",
    }


def test_a_refusal_carries_its_ticket_and_detail() -> None:
    refusal = Refusal(Reason.APPROVAL_PENDING, "Ask again later.", extra={"ticket": "t-1"})
    body = msgspec.json.decode(CHROMA.refuse(refusal, "x", None).body)
    assert (body["message"], body["ticket"]) == ("Ask again later. [approval_pending, ticket t-1, exchange x]", "t-1")


@pytest.mark.parametrize(("trace", "kept"), [("0123456789abcdef" * 2, True), ("", False), ("secret", False)])
def test_an_error_can_be_traced(trace: str, kept: bool) -> None:
    upstream = Answer(404, (("content-type", "application/json"), ("chroma-trace-id", trace)), b"{}")
    for given in (
        CHROMA.mask(GET, decided(OPEN), ALICE, upstream).answer,
        CHROMA.refuse(Refusal(Reason.NO_GRANT), trace, None),
    ):
        assert given.header("chroma-trace-id") == (trace if kept else "")


def test_a_collection_that_goes_while_it_is_fetched_or_created_is_no_surprise() -> None:
    """Judged as a read of what exists, it cannot be created any more; a plain "not found" would make no sense."""
    existing = reading("POST", f"{DATABASE}/collections", {"name": "alpha", "get_or_create": True})
    gone = {"error": "NotFoundError", "message": "Collection [alpha] does not exist"}
    assert "concurrent" in CHROMA.mask(existing, decided(OPEN), ALICE, answer(gone, 404)).answer.body.decode()
    assert erred(gone, 404, reading("GET", f"{DATABASE}/collections/alpha")) == gone
