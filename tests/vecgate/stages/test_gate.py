from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import http
from tests.support.stages import ALLOWED, ANNA, DIALECT, Scene, flow, read, reason

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve.seal import Unsealed
from vecgate.stages.forward import seal
from vecgate.stages.gate import WireGate


@pytest.fixture
def scene() -> Scene:
    return Scene()


def sealed(scene: Scene) -> tuple[WireGate, http.HTTPFlow, Exchange]:
    one, reading = flow(), read()
    exchange = scene.begun(one, principal=ANNA, reading=reading, decision=ALLOWED)
    exchange.outgoing = DIALECT.rewrite(reading, ALLOWED)
    seal(one, exchange, scene.upstream)
    return WireGate(scene.context), one, exchange


async def test_a_sealed_request_goes_once_as_a_copy_with_the_credential(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    assert gate.may_connect(one)
    sent = gate.outgoing(one)
    assert sent is not one.request
    assert sent.headers["x-chroma-token"] == "service"
    assert "x-chroma-token" not in one.request.headers
    assert (sent.data.path, sent.data.content) == (one.request.data.path, one.request.data.content)
    assert exchange.forwarded
    assert not gate.may_connect(one)
    with pytest.raises(Unsealed):
        gate.outgoing(one)


async def test_a_rotated_credential_goes_with_the_next_request(scene: Scene) -> None:
    gate, one, _ = sealed(scene)
    scene.credential.kept = "rotated"
    assert gate.outgoing(one).headers["x-chroma-token"] == "rotated"


async def test_a_credential_that_ended_since_keeps_the_request_back(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.credential.kept = ""
    with pytest.raises(Unavailable):
        gate.outgoing(one)
    assert not exchange.forwarded


EDITS: dict[str, Callable[[http.HTTPFlow], Any]] = {
    "method": lambda one: setattr(one.request, "method", "DELETE"),
    "path": lambda one: setattr(one.request, "path", "/other"),
    "host": lambda one: setattr(one.request, "host", "localhost"),
    "port": lambda one: setattr(one.request, "port", 1),
    "scheme": lambda one: setattr(one.request, "scheme", "https"),
    "authority": lambda one: setattr(one.request, "authority", "evil"),
    "header": lambda one: one.request.headers.add("x-a", "1"),
    "header's case": lambda one: setattr(
        one.request.headers, "fields", tuple((n.upper(), v) for n, v in one.request.headers.fields)
    ),
    "body": lambda one: setattr(one.request, "raw_content", b"{}{}"),
    "version": lambda one: setattr(one.request, "http_version", "HTTP/1.0"),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_a_request_that_was_edited_behind_the_seal_does_not_go(scene: Scene, edit: str) -> None:
    gate, one, exchange = sealed(scene)
    EDITS[edit](one)
    assert not gate.may_connect(one)
    with pytest.raises(Unsealed):
        gate.outgoing(one)
    assert not exchange.forwarded


async def test_an_unsealed_request_does_not_go(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    exchange.request_seal = None
    assert not gate.may_connect(one)
    assert not gate.may_connect(flow()), "nobody knows this one"


async def test_a_request_whose_outcome_is_recorded_does_not_go(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.close(exchange)
    assert not gate.may_connect(one)


async def test_a_refused_request_does_not_go(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT))
    one.response = None  # as another addon may do
    assert not gate.may_connect(one)


async def test_a_sealed_answer_leaves_once_it_is_recorded(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.answer(one, exchange, Answer(200, (), b"masked"))
    scene.context.close(exchange)
    assert gate.leaving(one) is one.response


async def test_an_answer_that_nobody_recorded_is_recorded_and_withheld(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.answer(one, exchange, Answer(200, (), b"masked"))
    with pytest.raises(Unsealed):
        gate.leaving(one)
    assert scene.recorder.outcomes == [exchange]
    assert reason_of(gate.answer_for(one, Reason.UNMASKABLE_RESPONSE)) == "unmaskable_response"


async def test_an_answer_that_cannot_be_recorded_is_withheld(scene: Scene) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.answer(one, exchange, Answer(200, (), b"masked"))
    scene.recorder.down = Unavailable(Reason.EVIDENCE_UNAVAILABLE)
    for expected in (Unavailable, Unsealed):
        with pytest.raises(expected):
            gate.leaving(one)


ANSWER_EDITS: dict[str, Callable[[http.HTTPFlow], Any]] = {
    "another": lambda one: setattr(one, "response", http.Response.make(200, b"raw")),
    "none": lambda one: setattr(one, "response", None),
    "status": lambda one: setattr(one.response, "status_code", 201),
    "body": lambda one: setattr(one.response, "raw_content", b"raw"),
    "header": lambda one: setattr(one.response, "headers", http.Headers([(b"x", b"y")])),
    "trailers": lambda one: setattr(one.response, "trailers", http.Headers([(b"x", b"y")])),
}


@pytest.mark.parametrize("edit", ANSWER_EDITS)
async def test_an_answer_that_was_edited_behind_the_seal_does_not_leave(scene: Scene, edit: str) -> None:
    gate, one, exchange = sealed(scene)
    scene.context.answer(one, exchange, Answer(200, (), b"masked"))
    scene.context.close(exchange)
    ANSWER_EDITS[edit](one)
    with pytest.raises(Unsealed):
        gate.leaving(one)
    gate.answer_for(one, Reason.UNMASKABLE_RESPONSE)
    assert scene.recorder.events == [("withheld", {"reason": "unmaskable_response"}, exchange.id)]
    assert scene.recorder.outcomes == [exchange]


async def test_an_answer_of_a_flow_that_nobody_knows_does_not_leave(scene: Scene) -> None:
    with pytest.raises(Unsealed):
        WireGate(scene.context).leaving(flow(response=http.Response.make()))


async def test_a_refusal_in_place_of_what_was_not_sealed_is_in_the_engines_envelope(scene: Scene) -> None:
    one = flow()
    response = WireGate(scene.context).answer_for(one, Reason.UNSEALED)
    assert response.status_code == 503
    assert b'"error"' in (response.content or b"")
    scene.context.close(scene.context.exchanges[one])
    assert len(scene.recorder.outcomes) == 1


def reason_of(response: http.Response) -> str:
    return reason(flow(response=response))
