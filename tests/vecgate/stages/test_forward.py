from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from mitmproxy import http
from tests.support.chroma_double import DATABASE, KB
from tests.support.stages import ALLOWED, ANNA, DENIED, HELD, LIMIT, Scene, flow, read, reason

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.serve.image import request_image
from vecgate.stages.forward import BEFORE, Forward
from vecgate.stages.resolve import names_epoch

DELETE = read(f"{DATABASE}/collections/{KB}/delete", {"ids": ["a"]})
DROP = read(f"{DATABASE}/collections/kb", method="DELETE")


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def forwarded(scene: Scene, one: http.HTTPFlow, **more: Any) -> Exchange:
    known: Mapping[str, Any] = {"principal": ANNA, "reading": read(), "decision": ALLOWED}
    exchange = scene.begun(one, *more.pop("passed", BEFORE), **{**known, **more})
    if (pending := Forward(scene.context).request(one)) is not None:
        await pending
    return exchange


async def test_the_request_is_built_anew_from_what_was_judged(scene: Scene) -> None:
    one = flow(body=b'{ "limit": 3 }', headers=[(b"cookie", b"a"), (b"x-forwarded-for", b"b"), (b"te", b"c")])
    one.request.data.authority = b"evil"
    one.request.trailers = http.Headers([(b"x", b"y")])
    one.request.stream = True
    exchange = await forwarded(scene, one, reading=read(document={"limit": 3}))
    data = one.request.data
    assert (data.method, data.host, data.port, data.scheme, data.authority) == (
        b"POST",
        "127.0.0.1",
        8000,
        b"http",
        b"",
    )
    assert data.path == f"/base{DATABASE}/collections/{KB}/get".encode()
    assert data.content is not None
    assert msgspec.json.decode(data.content)["limit"] == 3
    assert "embeddings" not in data.content.decode(), "what is masked is not asked for"
    assert [name for name, _ in data.headers.fields] == [
        b"host",
        b"accept",
        b"accept-encoding",
        b"user-agent",
        b"content-type",
        b"content-length",
    ]
    assert data.headers["content-length"] == str(len(data.content))
    assert (data.trailers, one.request.stream) == (None, False)
    assert exchange.request_seal == request_image(one.request)
    assert scene.recorder.intents == []


async def test_the_credential_is_not_on_the_flow(scene: Scene) -> None:
    one = flow()
    await forwarded(scene, one)
    assert b"service" not in b"".join(value for _, value in one.request.data.headers.fields)


async def test_over_http2_the_authority_is_the_databases(scene: Scene) -> None:
    one = flow()
    one.request.data.http_version = b"HTTP/2.0"
    await forwarded(scene, one)
    assert one.request.data.authority == b"127.0.0.1:8000"


@pytest.mark.parametrize("missing", BEFORE)
async def test_a_stage_that_did_not_pass_refuses(scene: Scene, missing: str) -> None:
    one = flow()
    exchange = await forwarded(scene, one, passed=[name for name in BEFORE if name != missing])
    assert reason(one) == "gateway_failure"
    assert exchange.request_seal is None


@pytest.mark.parametrize(
    "more",
    [
        {"passed": [*BEFORE, "approve"]},
        {"passed": BEFORE[::-1]},
        {"reading": None},
        {"decision": None},
        {"principal": None},
        {"decision": replace(ALLOWED, limits=(LIMIT,))},
    ],
    ids=["twice", "in another order", "nothing read", "nothing decided", "nobody", "nothing charged"],
)
async def test_what_a_stage_did_not_leave_behind_refuses(scene: Scene, more: dict[str, Any]) -> None:
    one = flow()
    exchange = await forwarded(scene, one, **more)
    assert reason(one) == "gateway_failure"
    assert exchange.request_seal is None


@pytest.mark.parametrize("decision", [DENIED, HELD])
async def test_only_what_is_allowed_is_sealed(scene: Scene, decision: Any) -> None:
    one = flow()
    exchange = await forwarded(scene, one, decision=decision)
    assert reason(one) == decision.reason
    assert exchange.request_seal is None


async def test_what_was_given_up_meanwhile_is_not_sealed(scene: Scene) -> None:
    one = flow()
    exchange = scene.begun(one, *BEFORE, principal=ANNA, reading=read(), decision=ALLOWED)
    scene.context.abandon(exchange)
    Forward(scene.context).request(one)
    assert exchange.request_seal is None


async def test_a_change_is_on_record_before_it_is_sealed(scene: Scene) -> None:
    exchange = await forwarded(scene, flow(), reading=DELETE)
    assert scene.recorder.intents == [exchange]
    assert exchange.request_seal is not None


async def test_a_change_that_cannot_be_recorded_is_refused(scene: Scene) -> None:
    scene.recorder.down = Unavailable(Reason.EVIDENCE_UNAVAILABLE)
    one = flow()
    exchange = await forwarded(scene, one, reading=DELETE)
    assert reason(one) == "evidence_unavailable"
    assert exchange.request_seal is None


async def test_reads_are_on_record_first_where_configuration_wants_it() -> None:
    scene = Scene(reads="intent")
    exchange = await forwarded(scene, flow())
    assert scene.recorder.intents == [exchange]


async def test_what_may_change_a_name_voids_every_workers_look_ups(scene: Scene) -> None:
    await forwarded(scene, flow(), reading=DROP)
    assert scene.store.epochs == {names_epoch("docs"): 1}


async def test_a_name_that_others_would_not_hear_of_is_not_changed(scene: Scene) -> None:
    scene.store.down = Unavailable(Reason.STATE_UNAVAILABLE)
    one = flow()
    exchange = await forwarded(scene, one, reading=DROP)
    assert reason(one) == "state_unavailable"
    assert exchange.request_seal is None


async def test_without_a_credential_nothing_is_begun(scene: Scene) -> None:
    scene.credential.kept = ""
    one = flow()
    exchange = await forwarded(scene, one, reading=DELETE)
    assert reason(one) == "credential_unavailable"
    assert one.response is not None
    assert one.response.status_code == 503
    assert scene.recorder.intents == []
    assert exchange.request_seal is None


async def test_what_the_gateway_answers_itself_is_not_sent(scene: Scene) -> None:
    one = flow("GET", "/api/v2/auth/identity", b"")
    exchange = await forwarded(scene, one, reading=read("/api/v2/auth/identity", method="GET"))
    assert one.response is not None
    assert one.response.status_code == 200
    assert exchange.request_seal is None
    assert exchange.answer_seal is not None


async def test_a_public_route_needs_nobody(scene: Scene) -> None:
    one = flow("GET", "/api/v2/heartbeat", b"")
    reading = read("/api/v2/heartbeat", method="GET")
    exchange = await forwarded(scene, one, reading=reading, principal=None, public=True)
    assert exchange.request_seal is not None
    assert "content-length" not in one.request.headers


@pytest.mark.parametrize("why", [Reason.TOKEN_REVOKED, Reason.TOKEN_EXPIRED])
@pytest.mark.parametrize("reading", [read(), DELETE], ids=["a read", "a change"])
async def test_whoever_lost_the_right_since_the_headers_came_sends_nothing(
    scene: Scene, why: Reason, reading: Any
) -> None:
    scene.authenticator.refusal = Refusal(why)
    one = flow()
    exchange = await forwarded(scene, one, reading=reading)
    assert (reason(one), exchange.request_seal, scene.recorder.intents) == (why, None, [])


async def test_whoever_loses_it_while_the_intent_is_written_sends_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def intent(exchange: Exchange) -> None:
        scene.authenticator.refusal = Refusal(Reason.TOKEN_REVOKED)

    monkeypatch.setattr(scene.recorder, "intent", intent)
    one = flow()
    exchange = await forwarded(scene, one, reading=DELETE)
    assert (reason(one), exchange.request_seal) == ("token_revoked", None)
