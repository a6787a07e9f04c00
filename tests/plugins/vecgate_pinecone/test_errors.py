"""Errors: each plane's own envelope, for refusals and for the service's failures."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.pinecone_scene import OPEN, PINECONE, answer, masked, reading, request

from vecgate.errors import Refusal
from vecgate.operations.messages import Answer
from vecgate.reasons import TYPE_PREFIX, Reason
from vecgate_pinecone import errors

DATA = [
    "POST /query",
    "GET /vectors/list",
    "GET /namespaces",
    "POST /records/namespaces/kb/search",
    "GET /bulk/imports",
]
CONTROL = ["GET /indexes", "GET /backups", "POST /embed", "POST /rerank", "GET /models", "GET /collections"]


def body(answer: Answer) -> Any:
    assert answer.header("content-type") == "application/json"
    return msgspec.json.decode(answer.body)


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.NO_GRANT, 7), (Reason.TOKEN_EXPIRED, 16), (Reason.RATE_EXCEEDED, 8), (Reason.BAD_BODY, 3)],
)
@pytest.mark.parametrize("route", DATA)
def test_the_data_plane_has_a_code_and_a_message(route: str, reason: Reason, code: int) -> None:
    refused = PINECONE.refuse(Refusal(reason), "x1", request(route))
    told = body(refused)
    assert (refused.status, told["code"], told["details"]) == (reason.status, code, [])
    assert f"[{reason}, exchange x1]" in told["message"]
    assert (told["reason"], told["type"], told["exchange"]) == (reason, TYPE_PREFIX + reason, "x1")


@pytest.mark.parametrize("route", CONTROL)
def test_the_control_plane_has_a_status_and_an_error(route: str) -> None:
    refused = PINECONE.refuse(Refusal(Reason.NO_GRANT), "x1", request(route))
    told = body(refused)
    assert (refused.status, told["status"], told["error"]["code"]) == (403, 403, "FORBIDDEN")
    assert "exchange x1" in told["error"]["message"]


def test_a_ticket_stands_in_the_message_that_clients_show() -> None:
    told = body(
        PINECONE.refuse(Refusal(Reason.APPROVAL_PENDING, extra={"ticket": "t-1"}), "x1", request("POST /query"))
    )
    assert told["ticket"] == "t-1"
    assert "ticket t-1" in told["message"]


def test_a_request_that_could_not_be_read_is_answered_too() -> None:
    assert body(PINECONE.refuse(Refusal(Reason.BAD_TARGET), "x1", None))["code"] == 3


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Vector dimension 3 does not match the dimension of the index 8", True),
        ("Namespace not found", True),
        ("Namespace not found: hr", False),
        ("record r1 has ssn 900-1", False),
        ("Resource already exists. 900-1", False),
    ],
)
@pytest.mark.parametrize("envelope", ["data", "control"])
def test_a_text_is_kept_if_it_can_disclose_nothing(text: str, kept: bool, envelope: str) -> None:
    document = {"code": 3, "message": text} if envelope == "data" else {"status": 400, "error": {"message": text}}
    told = body(errors.normalised(answer(document, status=400), request("POST /query")))
    assert (told["message"] == text) is kept
    assert ("900-1" in str(told)) is False


@pytest.mark.parametrize("raw", [b"", b"<html>900-1", b"[1]", b'{"error":"900-1"}', b'{"message":{"a":"900-1"}}'])
def test_any_body_of_a_failure_is_replaced(raw: bytes) -> None:
    found = masked(reading("GET /indexes"), OPEN, raw, status=500).answer
    assert body(found)["error"]["code"] == "INTERNAL"
    assert b"900-1" not in found.body


@pytest.mark.parametrize(("wait", "kept"), [("5", True), ("soon", False), ("-1", False), ("999999", False)])
def test_how_long_to_wait_is_told(wait: str, kept: bool) -> None:
    spent = Answer(429, (("retry-after", wait), ("x-secret", "900-1")), b"")
    headers = errors.normalised(spent, request("POST /query")).headers
    assert dict(headers).get("retry-after") == (wait if kept else None)
    assert "x-secret" not in dict(headers)
