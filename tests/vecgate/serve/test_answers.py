"""Answers that no hook gives: rendered by the gateway, whatever the renderer does."""

from __future__ import annotations

import pytest
from mitmproxy import connection, http
from tests.support.serving import LaxGate

from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve import answers, wiring
from vecgate.serve.failures import Failure
from vecgate.serve.listeners import Listeners
from vecgate.serve.wiring import Render, Wiring

CLIENT = connection.Client(peername=("192.0.2.1", 4711), sockname=("127.0.0.1", 6010))
FAILURE = Failure(Reason.UPSTREAM_PROTOCOL, "unexpected server response: b'secret'", CLIENT)


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> list[Render]:
    """Put the renderer to use into the list."""
    chosen: list[Render] = []

    def render(failure: Failure, flow: http.HTTPFlow | None) -> Answer:
        return chosen[-1](failure, flow)

    def report(failure: Failure, flow: http.HTTPFlow | None) -> None:
        raise RuntimeError

    monkeypatch.setattr(wiring._Holder, "wiring", Wiring(LaxGate(), render, report, Listeners()))
    return chosen


def test_an_answer_is_completed_for_the_wire(rendering: list[Render]) -> None:
    headers = (
        ("Server", "x"),
        ("Connection", "keep-alive"),
        ("Content-Length", "99"),
        ("X-A", "1"),
        ("x-b", "1\r\nx-c: 2"),
    )
    rendering.append(lambda failure, flow: Answer(502, headers, b"sorry"))
    answer = answers.rendered(FAILURE, None)
    assert answer.headers == (("x-a", "1"), ("cache-control", "no-store"), ("content-length", "5"))
    lines = (b"HTTP/1.1 502 Bad Gateway", b"x-a: 1", b"cache-control: no-store", b"content-length: 5")
    assert answers.http1_bytes(answer) == b"\r\n".join((*lines, b"connection: close", b"", b"sorry"))
    assert answers.http1_bytes(answer, head=True).endswith(b"\r\n\r\n")
    assert answers.http2_headers(answer)[0] == (b":status", b"502")


def test_a_renderer_that_fails_leaves_the_bare_reason(rendering: list[Render]) -> None:
    def broken(failure: Failure, flow: http.HTTPFlow | None) -> Answer:
        raise RuntimeError

    rendering.append(broken)
    answer = answers.rendered(FAILURE, None)
    assert (answer.status, answer.body) == (502, b'{"reason":"upstream_protocol"}')
    assert b"secret" not in answers.http1_bytes(answer)


def test_a_report_that_fails_changes_nothing(rendering: list[Render], caplog: pytest.LogCaptureFixture) -> None:
    answers.report(FAILURE)
    assert "could not be recorded" in caplog.text


def test_a_failure_says_where_it_came_from() -> None:
    assert FAILURE.peer == "192.0.2.1:4711"
