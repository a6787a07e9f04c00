from __future__ import annotations

import msgspec
import pytest
from tests.support.stages import Scene

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations.messages import GRPC, Answer, Request
from vecgate.reasons import Reason
from vecgate.refusals import problem, render


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.status >= 400])
def test_problem_details_have_the_members_that_clients_may_rely_on(reason: Reason) -> None:
    answer = problem(Refusal(reason, extra={"ticket": "t"}), "id")
    document = msgspec.json.decode(answer.body)
    assert answer.header("content-type") == "application/problem+json"
    assert document["status"] == answer.status == reason.status
    assert (document["reason"], document["exchange"], document["ticket"]) == (reason, "id", "t")
    assert document["type"].endswith(f"/{reason}")
    assert document["detail"] == document["title"] == reason.summary


def test_a_refusal_is_in_the_engines_own_envelope(scene: Scene) -> None:
    answer = render(scene.runtime, Exchange("docs", "peer", id="id"), Refusal(Reason.NO_GRANT, "Not yours."))
    document = msgspec.json.decode(answer.body)
    assert (answer.status, document["error"], document["exchange"]) == (403, "AuthError", "id")
    assert document["message"].startswith("Not yours.")


@pytest.mark.parametrize("connection", ["", "other"])
def test_without_an_engine_it_is_problem_details(scene: Scene, connection: str) -> None:
    for runtime in (scene.runtime, None):
        answer = render(runtime, Exchange(connection, "peer"), Refusal(Reason.BAD_TARGET))
        assert answer.header("content-type") == "application/problem+json"


def test_it_says_when_to_come_back_and_how_to_authenticate(scene: Scene) -> None:
    exchange = Exchange("docs", "peer")
    assert render(scene.runtime, exchange, Unavailable(Reason.STATE_UNAVAILABLE)).header("retry-after") == "5"
    assert render(scene.runtime, exchange, Refusal(Reason.TOKEN_MISSING)).header("www-authenticate") != ""
    assert render(scene.runtime, exchange, Refusal(Reason.NO_GRANT)).header("www-authenticate") == ""


def test_a_dialect_that_cannot_say_it_is_no_way_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        raise ValueError

    monkeypatch.setattr(type(scene.upstream.dialect), "refuse", refuse)
    answer = render(scene.runtime, Exchange("docs", "peer"), Refusal(Reason.NO_GRANT))
    assert (answer.status, msgspec.json.decode(answer.body)["reason"]) == (403, "no_grant")


def test_a_401_says_where_the_issuers_are_found_and_a_call_that_ends_so_does_not(scene: Scene) -> None:
    url = "https://gw.test/.well-known/oauth-protected-resource"
    for method, expected in (("GET", True), (GRPC, False)):
        answer = render(scene.runtime, Exchange("docs", "peer", method=method), Refusal(Reason.TOKEN_MISSING))
        assert (url in answer.header("www-authenticate")) is expected
