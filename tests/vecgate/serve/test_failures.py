"""Failures: one reason for each, the first cause stands."""

from __future__ import annotations

import gc
import weakref

import pytest
from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.proxy.layers.http._events import ErrorCode
from mitmproxy.test import tflow

from vecgate.reasons import Reason
from vecgate.serve import failures


def flow() -> http.HTTPFlow:
    made: http.HTTPFlow = tflow.tflow()
    return made


def test_the_first_cause_stands_until_the_flow_begins_anew() -> None:
    failed = flow()
    failures.note(failed, Reason.UPSTREAM_UNREACHABLE, "connection refused")
    failures.note(failed, Reason.PROTOCOL_ERROR, "then that")
    found = failures.failure_of(failed)
    assert found is not None
    assert found.reason is Reason.UPSTREAM_UNREACHABLE
    failures.forget(failed)
    assert failures.failure_of(failed) is None


def test_a_noted_flow_is_not_kept_alive() -> None:
    failed = flow()
    failures.note(failed, Reason.PROTOCOL_ERROR, "x")
    gone = weakref.ref(failed)
    del failed
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("message", "answered", "reason"),
    [
        (Error.KILLED_MESSAGE, False, Reason.INTERRUPTED),
        ("Client disconnected.", True, Reason.CLIENT_GONE),
        ("peer closed connection", False, Reason.CLIENT_GONE),
        ("Received invalid header name", False, Reason.PROTOCOL_ERROR),
        ("Received invalid header name", True, Reason.UPSTREAM_PROTOCOL),
    ],
)
def test_an_error_without_a_cause_gets_a_reason_by_what_is_known(message: str, answered: bool, reason: Reason) -> None:
    failed: http.HTTPFlow = tflow.tflow(resp=answered)
    failed.error = Error(message)
    failures.note_error(failed)
    found = failures.failure_of(failed)
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_that_has_an_answer_has_the_reason_of_that_status(code: ErrorCode) -> None:
    status = code.http_status_code()
    if status is not None and code is not ErrorCode.DESTINATION_UNKNOWN:
        assert failures.reason_for_code(code).status == status


def test_a_client_that_left_is_not_one_that_broke_the_protocol() -> None:
    code = ErrorCode.GENERIC_CLIENT_ERROR
    assert failures.reason_for_client_error("HTTP/1 protocol error: bad chunk", code) is Reason.PROTOCOL_ERROR
    assert failures.reason_for_client_error("HTTP/1 protocol error: peer closed connection", code) is Reason.CLIENT_GONE
