from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.milvus_rest import OPEN, FakeMilvus, decided, document, masks, reply, unbound

from vecgate.errors import Refusal, Unmaskable
from vecgate.reasons import Reason
from vecgate_milvus import rest

READ = unbound("entities/query", {"collectionName": "kb"})


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.status >= 400])
def test_a_refusal_has_the_envelope(reason: Reason) -> None:
    answer = rest.refuse(Refusal(reason, "Why.", extra={"ticket": "t-1"}), "exchange-1")
    body = msgspec.json.decode(answer.body)
    assert answer.status == reason.status
    assert type(body["code"]) is int
    assert body["code"] not in {0, 200}
    assert body["message"].startswith("Why.")
    assert (body["reason"], body["exchange"], body["ticket"]) == (reason, "exchange-1", "t-1")
    assert body["type"].endswith(reason)


@pytest.mark.parametrize("code", [1, 8, 100, 101, 1100, 1801, 1804, 65535, 4711, -1])
def test_a_failure_keeps_its_code_and_loses_its_text(code: int) -> None:
    masked = rest.mask(READ, decided(OPEN), reply({"code": code, "message": "row 900-11-1111 is not a number"}))
    body = document(masked)
    assert (masked.answer.status, body["code"], masked.error) == (200, code, str(code))
    assert set(body) == {"code", "message"}
    assert b"900-11" not in masked.answer.body


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("body", [{"code": 1800, "message": "900-11-1111"}, b"900-11-1111", [1], {"code": "x"}])
def test_a_failure_by_status_keeps_that(status: int, body: Any) -> None:
    masked = rest.mask(READ, decided(OPEN), reply(body, status))
    assert masked.answer.status == status
    assert type(document(masked)["code"]) is int
    assert b"900-11" not in masked.answer.body


@pytest.mark.parametrize("status", [201, 204, 301, 304])
def test_another_status_is_withheld(status: int) -> None:
    with pytest.raises(Unmaskable):
        rest.mask(READ, decided(OPEN), reply({"code": 0, "data": []}, status))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b""),
        reply(b"null"),
        reply([]),
        reply({}),
        reply({"data": []}),
        reply({"code": "0", "data": []}),
        reply({"code": None, "data": []}),
        reply({"code": 0, "data": [], "other": 1}),
        reply({"code": 0, "data": [], "cost": "x"}),
        reply(b'{"code":0,"code":1,"data":[]}'),
        reply(b'{"code":0,"data":[{"id":"1","year":NaN}]}'),
        reply({"code": 0, "data": []}, content_type="text/html"),
    ],
)
def test_what_is_not_understood_is_withheld(answer: Any) -> None:
    """milvus-io/milvus #32919: an empty answer is not an empty list."""
    with pytest.raises(Unmaskable):
        rest.mask(READ, decided(OPEN), answer)


def test_the_first_servers_said_200_for_success() -> None:
    """Later ones say it of a partition that does not exist, without data."""
    fake = FakeMilvus()
    fake.add("default/kb")
    fake.replies["entities/query"] = {"code": 200, "data": [{"id": "1", "ssn": "900-11-1111"}]}
    masked = fake.through(masks({"ssn": "redact"}), "entities/query", {"collectionName": "kb"})
    assert masked.error == ""
    assert b"900-11" not in masked.answer.body
    fake.replies["entities/query"] = {"code": 200, "message": "partition not found"}
    assert fake.through(OPEN, "entities/query", {"collectionName": "kb"}).error == "200"


def test_the_text_beside_data_is_left_out() -> None:
    masked = rest.mask(READ, decided(OPEN), reply({"code": 0, "data": [], "cost": 3, "message": "900-11"}))
    assert document(masked) == {"code": 0, "data": [], "cost": 3}
