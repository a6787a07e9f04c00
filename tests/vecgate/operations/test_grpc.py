from __future__ import annotations

import gzip

import pytest

from vecgate.errors import Refusal
from vecgate.operations import grpc
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason


def test_messages_come_apart_as_they_were_put_together() -> None:
    sent = (b"", b"one", b"x" * 1000)
    assert grpc.messages(grpc.framed(sent), limit=1000) == sent


def test_a_compressed_message_is_decoded() -> None:
    packed = gzip.compress(b"one")
    assert grpc.messages(b"\1" + len(packed).to_bytes(4) + packed, encoding="gzip", limit=100) == (b"one",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\0", "bad_body"),
        (b"\0\0\0\0\2x", "bad_body"),
        (b"\0\0\0\0\1xy", "bad_body"),
        (b"\3\0\0\0\1x", "bad_body"),
        (b"\0\0\0\0\x0b" + b"x" * 11, "body_too_large"),
        (b"\1\0\0\0\1x", "unsupported_media"),
    ],
)
def test_what_does_not_come_apart_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        grpc.messages(body, limit=10)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("text", "seconds"), [("1S", 1), ("250m", 0.25), ("5u", 5e-6), ("99999999H", 99999999 * 3600)])
def test_a_deadline_is_read(text: str, seconds: float) -> None:
    assert grpc.timeout(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "S", "-1S", "1s", "123456789S", "1.5S", "١S"])
def test_what_is_no_deadline_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="grpc-timeout"):
        grpc.timeout(text)


@pytest.mark.parametrize("seconds", [0.001, 3, 86_400, 1e12])
def test_a_deadline_is_written_within_eight_digits(seconds: float) -> None:
    assert grpc.timeout(grpc.timeout_text(seconds)) == pytest.approx(min(seconds, 86_400))


REFUSALS = [reason for reason in Reason if reason.status >= 400]


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_is_a_failure_of_the_call(reason: Reason) -> None:
    answer = grpc.refused(Refusal(reason, "Ça ne va pas\n"), "0" * 32, {})
    assert 1 <= int(answer.header("grpc-status")) <= 16
    assert answer.messages == ()
    assert answer.header("vecgate-reason") == reason
    assert answer.header("grpc-message").isascii()
    assert answer.header("grpc-message").isprintable()


def test_a_dialect_may_choose_another_code() -> None:
    answer = grpc.refused(Refusal(Reason.NOT_FOUND, extra={"ticket": "t"}), "e", {Reason.NOT_FOUND: 7})
    assert answer.header("grpc-status") == "7"
    assert answer.header("vecgate-ticket") == "t"
    assert "ticket t, exchange e" in answer.header("grpc-message")


@pytest.mark.parametrize(("code", "known"), [("5", "5"), ("0", "2"), ("99", "2"), ("x", "2"), ("", "2")])
def test_the_databases_failure_keeps_its_code_and_nothing_else(code: str, known: str) -> None:
    answer = grpc.normalised(Answer(200, (("grpc-status", code), ("grpc-message", "secret")), messages=()))
    assert answer.header("grpc-status") == known
    assert "secret" not in answer.header("grpc-message")
