from __future__ import annotations

import msgspec
import pytest
from tests.support.saml import QUERY, VERIFIER, WAITING

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason
from vecgate.saml.steps import Loopback, Proved, secret


def test_a_browser_alone_brings_no_query() -> None:
    assert Loopback.parse({}) is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:43210", "http://127.0.0.1:1024/", "http://[::1]:65535/callback"])
def test_a_program_waits_on_loopback(address: str) -> None:
    found = Loopback.parse(QUERY | {"redirect_uri": address})
    assert found == Loopback(address, WAITING.state, WAITING.challenge)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"redirect_uri": uri}, id=uri)
        for uri in (
            "",
            "//evil.test",
            "https://evil.test/",
            "http://evil.test:43210/",
            "http://127.0.0.1:43210@evil.test/",
            "http://127.0.0.1.evil.test:43210/",
            "http://localhost:43210/",
            "http://127.0.0.1/",
            "http://127.0.0.1:80/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:43210//evil.test",
            "http://127.0.0.1:43210/?a=b",
            "http://127.0.0.1:43210/#a",
            "http://127.0.0.1:43210/a\r\nx: y",
            "https://127.0.0.1:43210/",
            "HTTP://127.0.0.1:43210/",
            "http://2130706433:43210/",
            "javascript:alert(1)",
        )
    ]
    + [
        pytest.param({"response_type": "token"}, id="implicit"),
        pytest.param({"client_id": "other"}, id="client"),
        pytest.param({"state": "short"}, id="short-state"),
        pytest.param({"state": "x" * 129}, id="long-state"),
        pytest.param({"state": "&code=evil&state=xx"}, id="state-that-is-a-query"),
        pytest.param({"code_challenge": "x"}, id="challenge"),
        pytest.param({"code_challenge_method": "plain"}, id="plain"),
        pytest.param({"prompt": "none"}, id="unknown-member"),
        pytest.param({"rd": "//evil"}, id="rd"),
    ],
)
def test_no_other_query_is_a_login(change: dict[str, str]) -> None:
    with pytest.raises(Refusal) as raised:
        Loopback.parse(QUERY | change)
    assert raised.value.reason is Reason.BAD_TARGET


@pytest.mark.parametrize("missing", QUERY)
def test_nothing_may_be_left_out(missing: str) -> None:
    with pytest.raises(Refusal):
        Loopback.parse({name: value for name, value in QUERY.items() if name != missing})


def test_a_person_is_remembered_as_proved() -> None:
    person = Principal(
        "https://idp.test/", "alice", "Alice", frozenset({"b", "a"}), "gateway", {"dept": ["x", "y"]}, 5.0, session="s1"
    )
    kept = Proved.of(person, "corp", "browser", None)
    again = msgspec.json.decode(msgspec.json.encode(kept), type=Proved).person
    assert (again, again.revocable) == (person, person.revocable)
    assert (again.name, again.groups, again.client, again.claims, again.expires) == (
        person.name,
        person.groups,
        person.client,
        person.claims,
        person.expires,
    )


def test_only_who_knows_the_verifier_is_the_program() -> None:
    kept = Proved.of(Principal("i", "s"), "corp", "", WAITING)
    assert kept.shown_by(VERIFIER)
    for other in ("", "x", secret(), WAITING.challenge, VERIFIER + "x"):
        assert not kept.shown_by(other)
    assert not Proved.of(Principal("i", "s"), "corp", "", None).shown_by(VERIFIER)
