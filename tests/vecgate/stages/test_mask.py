from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from mitmproxy import http
from tests.support.chroma_double import CANARIES, DATABASE, RECORDS
from tests.support.stages import ALLOWED, ANNA, Scene, flow, read, reason

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations.messages import GRPC
from vecgate.reasons import Reason
from vecgate.stages.mask import LARGE, Mask
from vecgate.stages.resolve import names_epoch

JSON = {"content-type": "application/json"}
DROP = read(f"{DATABASE}/collections/kb", method="DELETE")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def came(status: int = 200, body: bytes | None = None, headers: Mapping[str, str] = JSON) -> http.HTTPFlow:
    content = msgspec.json.encode(RECORDS) if body is None else body
    made = {**headers, "server": "canary", "set-cookie": "canary"}
    return flow(response=http.Response.make(status, content, made))


async def masked(scene: Scene, one: http.HTTPFlow, **more: Any) -> Exchange:
    known = {"principal": ANNA, "reading": read(), "decision": ALLOWED, "forwarded": True, **more}
    exchange, stage = scene.begun(one, **known), Mask(scene.context)
    for hook in (stage.responseheaders, stage.response):
        if (pending := hook(one)) is not None:
            await pending
    return exchange


async def test_an_answer_is_rebuilt_masked_and_sealed(scene: Scene) -> None:
    one = came()
    exchange = await masked(scene, one)
    assert one.response is not None
    assert one.response.status_code == 200
    assert not any(canary in one.response.data.content for canary in CANARIES)  # type: ignore[operator]  # it has one
    assert {"server", "set-cookie"}.isdisjoint(one.response.headers)
    assert exchange.answer_seal is not None
    assert exchange.masked is not None
    assert exchange.masked.points == 2
    assert exchange.upstream_status == 200
    assert exchange.passed == ["mask", "mask"]


@pytest.mark.parametrize(
    "one",
    [
        came(body=b"{"),
        came(body=b'{"unexpected":1}'),
        came(body=b""),
        came(headers={"content-type": "text/html"}),
        came(headers={**JSON, "content-encoding": "gzip"}),
        came(204, b""),
        came(302),
        came(600),
        came(101),
    ],
    ids=["not JSON", "unknown", "empty", "another type", "compressed", "204", "302", "600", "101"],
)
async def test_an_answer_that_is_not_understood_is_withheld(scene: Scene, one: http.HTTPFlow) -> None:
    await masked(scene, one)
    assert reason(one) == "unmaskable_response"
    assert one.response is not None
    assert one.response.status_code == 502
    assert not any(canary in (one.response.content or b"") for canary in (*CANARIES, b"canary"))


async def test_an_error_of_the_database_says_no_more_than_it_may(scene: Scene) -> None:
    one = came(500, b'{"error":"InternalError","message":"canary at /srv/chroma"}')
    exchange = await masked(scene, one)
    assert one.response is not None
    assert one.response.status_code == 500
    assert b"canary" not in (one.response.content or b"")
    assert exchange.upstream_status == 500


@pytest.mark.parametrize(("status", "suspected"), [(401, 1), (403, 0), (500, 0), (200, 0)])
async def test_a_credential_that_the_database_refuses_is_asked_for_anew(
    scene: Scene, status: int, suspected: int
) -> None:
    await masked(scene, came(status))
    assert scene.credential.suspected == suspected


@pytest.mark.parametrize(("status", "suspected"), [("16", 1), ("7", 0), ("0", 0)])
async def test_so_is_one_that_a_call_is_refused_with(scene: Scene, status: str, suspected: int) -> None:
    one = came(body=b"", headers={"content-type": "application/grpc"})
    assert one.response is not None
    one.response.trailers = http.Headers([(b"grpc-status", status.encode())])
    await masked(scene, one, method=GRPC)
    assert scene.credential.suspected == suspected


async def test_an_answer_beyond_the_bound_is_withheld(scene: Scene) -> None:
    one = came()
    config = scene.upstream.config
    bounds = config.bounds.model_copy(update={"answer": config.bounds.headers})
    object.__setattr__(scene.upstream, "config", config.model_copy(update={"bounds": bounds}))
    one.response = http.Response.make(200, b" " * (bounds.answer.bytes + 1), JSON)
    await masked(scene, one)
    assert reason(one) == "unmaskable_response"


@pytest.mark.parametrize(
    "more", [{"forwarded": False}, {"reading": None}, {"decision": None}], ids=["not sent", "not read", "not judged"]
)
async def test_an_answer_to_nothing_that_was_sent_is_withheld(scene: Scene, more: dict[str, Any]) -> None:
    one = came()
    exchange = await masked(scene, one, **more)
    assert reason(one) == "unsealed"
    assert exchange.upstream_status == (0 if "forwarded" in more else 200)


async def test_the_gateways_own_answer_is_left_alone(scene: Scene) -> None:
    one = flow()
    exchange = scene.begun(one)
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT))
    sealed = one.response
    assert Mask(scene.context).responseheaders(one) is None
    assert Mask(scene.context).response(one) is None
    assert one.response is sealed


async def test_a_streamed_answer_is_taken_back(scene: Scene) -> None:
    one = came()
    assert one.response is not None
    one.response.stream = True
    await masked(scene, one)
    assert one.response.stream is False


@pytest.mark.parametrize("large", [False, True])
async def test_a_large_answer_leaves_the_event_loop(scene: Scene, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    dialect = type(scene.upstream.dialect)
    mask = dialect.mask

    def noting(self: Any, *asked: Any) -> Any:
        threads.append(threading.current_thread() is not threading.main_thread())
        return mask(self, *asked)

    monkeypatch.setattr(dialect, "mask", noting)
    filler = "x" * LARGE if large else "x"
    await masked(scene, came(body=msgspec.json.encode({**RECORDS, "documents": [filler, None]})))
    assert threads == [large]


async def test_once_a_name_has_changed_every_look_up_from_before_is_void(scene: Scene) -> None:
    one = came(body=b"{}")
    await masked(scene, one, reading=DROP)
    assert one.response is not None
    assert one.response.status_code == 200
    assert scene.store.epochs == {names_epoch("docs"): 1}


async def test_what_has_happened_is_told_even_if_other_workers_cannot_be(scene: Scene) -> None:
    scene.store.down = Unavailable(Reason.STATE_UNAVAILABLE)
    one = came(body=b"{}")
    await masked(scene, one, reading=DROP)
    assert one.response is not None
    assert one.response.status_code == 200


@pytest.mark.parametrize("size", [0, LARGE + 1], ids=["small", "large"])
async def test_what_whoever_was_revoked_meanwhile_read_is_withheld(
    scene: Scene, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.authenticator.refusal = Refusal(Reason.TOKEN_REVOKED)
    monkeypatch.setattr("vecgate.stages.mask.LARGE", LARGE if not size else 0)
    one = came()
    exchange = await masked(scene, one)
    assert reason(one) == "token_revoked"
    assert exchange.masked is None, "nothing of it is on record as disclosed"


async def test_what_nobody_can_tell_is_withheld_too(scene: Scene) -> None:
    scene.authenticator.refusal = Unavailable(Reason.STATE_UNAVAILABLE)
    one = came()
    exchange = await masked(scene, one)
    assert (reason(one), exchange.masked) == ("state_unavailable", None)


@pytest.mark.parametrize("why", [Refusal(Reason.TOKEN_REVOKED), Unavailable(Reason.STATE_UNAVAILABLE)])
async def test_what_has_happened_is_told_to_whoever_was_revoked_meanwhile(scene: Scene, why: Refusal) -> None:
    scene.authenticator.refusal = why
    exchange = await masked(scene, came(body=b"{}"), reading=DROP)
    assert (exchange.refusal, exchange.answer_seal is not None) == (None, True)


async def test_a_token_that_ran_out_meanwhile_was_good_when_it_asked(scene: Scene) -> None:
    scene.authenticator.refusal = Refusal(Reason.TOKEN_EXPIRED)
    exchange = await masked(scene, came())
    assert (exchange.refusal, exchange.answer_seal is not None) == (None, True)
