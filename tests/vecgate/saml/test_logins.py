from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from tests.support.saml import IDP, VERIFIER, WAITING, Response, metadata, provider
from tests.support.state import Clock

from vecgate.config.units import Rate
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason
from vecgate.saml.logins import ASKED, CODE, Granted, Logins
from vecgate.saml.provider import Provider
from vecgate.saml.steps import Loopback, secret
from vecgate.state.memory import MemoryStore

PEER = "127.0.0.1:1"
BROWSER = secret()


@dataclass
class Minted:
    token: str
    token_id: str = "t1"
    lifetime: int = 600


class Scene:
    """Logins at two providers on a store whose time passes when it is told to. Tokens are subjects."""

    def __init__(self, folder: Path) -> None:
        (folder / "other").mkdir()
        corp = provider(folder, idp_initiated=True, claims=["dept"])
        other = provider(
            folder / "other", metadata(issuer="https://other.test/"), name="other", issuer="https://other.test/"
        )
        self.clock = Clock(time.time())
        self.store = MemoryStore(self.clock)
        self.records: list[tuple[str, Mapping[str, Any]]] = []
        self.banned: set[str] = set()
        self.full = False
        self.logins = Logins(
            {"corp": corp, "other": other},
            self.store,
            mint=lambda person: Minted(f"token of {person.subject}"),
            record=self._record,
            check=self._check,
            failures=Rate.parse("20/minute"),
        )
        self.corp, self.other = corp, other

    async def _record(self, kind: str, facts: Mapping[str, Any]) -> None:
        if self.full:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE)
        self.records.append((kind, facts))

    def _check(self, person: Principal) -> None:
        if person.subject in self.banned:
            raise Refusal(Reason.TOKEN_REVOKED)

    async def asked(self, browser: str = BROWSER, loopback: Loopback | None = None) -> tuple[str, str]:
        """The id of a request that is under way, and its relay state."""
        url = await self.logins.begin(self.corp, PEER, browser, loopback)
        (relay,) = parse_qs(urlparse(url).query)["RelayState"]
        (request,) = [key.rpartition(" ")[2] for key in self.store._slips if key.startswith("saml request")][-1:]
        return request, relay

    async def accept(self, response: Response, relay: str = "", at: Provider | None = None) -> str:
        return (await self.logins.accept(at or self.corp, PEER, response.posted(), relay)).code

    async def accepted(self, loopback: Loopback | None = None) -> str:
        request, relay = await self.asked(loopback=loopback)
        return await self.accept(Response(asked=request, id=f"_{secret()}"), relay)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def token(result: Granted | str) -> str:
    assert isinstance(result, Granted)
    return result.token


async def test_a_browser_gets_a_token(scene: Scene) -> None:
    code = await scene.accepted()
    granted = await scene.logins.finish(scene.corp, PEER, code, BROWSER)
    assert token(granted) == "token of alice@example.org"
    login, issued = scene.records
    assert login[0] == "login"
    assert (login[1]["provider"], login[1]["peer"]) == ("corp", PEER)
    principal = login[1]["principal"]
    assert (principal["issuer"], principal["subject"]) == (IDP, "alice@example.org")
    assert principal["groups"] == ["admins", "eng"]
    assert issued == (
        "token",
        {"grant": "saml corp", "token": "t1", "lifetime": 600, "principal": principal, "peer": PEER},
    )


async def test_a_token_that_cannot_be_put_on_record_is_not_given_away(scene: Scene) -> None:
    code = await scene.accepted()
    scene.full = True
    with pytest.raises(Unavailable):
        await scene.logins.finish(scene.corp, PEER, code, BROWSER)
    with pytest.raises(Unavailable):
        await scene.accepted()


async def test_a_program_gets_a_code_and_then_a_token(scene: Scene) -> None:
    code = await scene.accepted(WAITING)
    address = await scene.logins.finish(scene.corp, PEER, code, BROWSER)
    assert isinstance(address, str)
    assert address.startswith(f"{WAITING.redirect}?code=")
    query = parse_qs(urlparse(address).query)
    assert query["state"] == [WAITING.state]
    granted = await scene.logins.exchange(PEER, query["code"][0], VERIFIER, WAITING.redirect)
    assert granted.token == "token of alice@example.org"


async def waiting_code(scene: Scene) -> str:
    address = await scene.logins.finish(scene.corp, PEER, await scene.accepted(WAITING), BROWSER)
    assert isinstance(address, str)
    return parse_qs(urlparse(address).query)["code"][0]


async def refused(attempt: Any, reason: Reason = Reason.TOKEN_INVALID) -> str:
    with pytest.raises(Refusal) as raised:
        await attempt
    assert raised.value.reason is reason
    return raised.value.detail


async def test_a_code_counts_once(scene: Scene) -> None:
    code = await scene.accepted()
    results = await asyncio.gather(
        *(scene.logins.finish(scene.corp, PEER, code, BROWSER) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, Granted) for each in results) == 1
    code = await waiting_code(scene)
    await scene.logins.exchange(PEER, code, VERIFIER, WAITING.redirect)
    await refused(scene.logins.exchange(PEER, code, VERIFIER, WAITING.redirect))


async def test_a_code_lives_a_minute(scene: Scene) -> None:
    code, other = await scene.accepted(), await waiting_code(scene)
    scene.clock.now += CODE
    await refused(scene.logins.finish(scene.corp, PEER, code, BROWSER))
    await refused(scene.logins.exchange(PEER, other, VERIFIER, WAITING.redirect))


@pytest.mark.parametrize("browser", ["", "x" * 43])
async def test_a_login_ends_in_the_browser_that_began_it(scene: Scene, browser: str) -> None:
    code = await scene.accepted()
    assert (
        await refused(scene.logins.finish(scene.corp, PEER, code, browser)) == "the login was begun in another browser"
    )
    await refused(scene.logins.finish(scene.corp, PEER, code, BROWSER))


async def test_a_program_shows_its_verifier_and_where_it_waits(scene: Scene) -> None:
    for verifier, redirect in ((secret(), WAITING.redirect), ("", WAITING.redirect), (VERIFIER, "http://127.0.0.1:1/")):
        code = await waiting_code(scene)
        await refused(scene.logins.exchange(PEER, code, verifier, redirect))
        await refused(scene.logins.exchange(PEER, code, VERIFIER, WAITING.redirect))


async def test_codes_of_one_step_are_none_of_another(scene: Scene) -> None:
    await refused(scene.logins.exchange(PEER, await scene.accepted(WAITING), VERIFIER, WAITING.redirect))
    await refused(scene.logins.exchange(PEER, await scene.accepted(), VERIFIER, WAITING.redirect))
    await refused(scene.logins.finish(scene.corp, PEER, await waiting_code(scene), ""))
    await refused(scene.logins.finish(scene.other, PEER, await scene.accepted(), BROWSER))


async def test_an_answer_counts_once(scene: Scene) -> None:
    request, relay = await scene.asked()
    await scene.accept(Response(asked=request), relay)
    assert await refused(scene.accept(Response(asked=request), relay)) == "it answers no login that is under way"


async def test_an_assertion_counts_once_until_it_has_ended(scene: Scene) -> None:
    again = Response(asked=None)
    await scene.accept(again)
    assert await refused(scene.accept(again)) == "the assertion was used before"
    for passed in (300, 3300):
        scene.clock.now += passed
        said = await refused(scene.accept(again))
        assert said == "the assertion was used before", "though the host's clock was set back"
    request, relay = await scene.asked()
    assert await refused(scene.accept(Response(asked=request), relay)) == "the assertion was used before"


async def test_an_answer_comes_in_time(scene: Scene) -> None:
    request, relay = await scene.asked()
    scene.clock.now += ASKED
    await refused(scene.accept(Response(asked=request), relay))


async def test_an_answer_brings_its_relay_state(scene: Scene) -> None:
    for relay in ("", "https://evil.test/", "//evil", secret()):
        request, _ = await scene.asked()
        assert "relay state" in await refused(scene.accept(Response(asked=request), relay))


async def test_an_answer_to_a_request_that_was_never_made(scene: Scene) -> None:
    for request in ("_never", "ONELOGIN_" + "0" * 40):
        await refused(scene.accept(Response(asked=request), secret()))


async def test_an_answer_to_the_request_of_another_provider(scene: Scene) -> None:
    request, relay = await scene.asked()
    await refused(scene.accept(Response(asked=request, issuer="https://other.test/"), relay, scene.other))


async def test_a_login_that_began_at_the_provider_is_tied_to_the_browser_that_brings_it(scene: Scene) -> None:
    accepted = await scene.logins.accept(scene.corp, PEER, Response(asked=None).posted(), "")
    assert accepted.browser
    assert token(await scene.logins.finish(scene.corp, PEER, accepted.code, accepted.browser))
    request, relay = await scene.asked()
    assert not (await scene.logins.accept(scene.corp, PEER, Response(asked=request, id="_2").posted(), relay)).browser


async def test_it_brings_no_relay_state(scene: Scene) -> None:
    assert "relay state" in await refused(scene.accept(Response(asked=None), "https://evil.test/"))


async def test_it_is_refused_where_configuration_does_not_say_so(scene: Scene) -> None:
    unasked = Response(asked=None, issuer="https://other.test/")
    assert await refused(scene.accept(unasked, at=scene.other)) == "nobody asked: begin the login here"


async def test_who_is_revoked_does_not_come_in(scene: Scene) -> None:
    code, other = await scene.accepted(), await waiting_code(scene)
    scene.banned.add("alice@example.org")
    await refused(scene.accepted(), Reason.TOKEN_REVOKED)
    await refused(scene.logins.finish(scene.corp, PEER, code, BROWSER), Reason.TOKEN_REVOKED)
    await refused(scene.logins.exchange(PEER, other, VERIFIER, WAITING.redirect), Reason.TOKEN_REVOKED)


async def test_a_refused_response_is_on_record_without_what_it_said(scene: Scene) -> None:
    request, relay = await scene.asked()
    await refused(scene.accept(Response(asked=request, audiences=("urn:x",)), relay), Reason.AUDIENCE_MISMATCH)
    facts = {"provider": "corp", "issuer": IDP, "peer": PEER, "reason": Reason.AUDIENCE_MISMATCH}
    assert scene.records == [("login_refused", facts)]


async def test_who_guesses_is_refused_before_anything_is_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        await refused(scene.accept(Response(asked=f"_{number}")))
    monkeypatch.setattr("vecgate.saml.logins.Envelope", None)
    await refused(scene.accept(Response(asked=None)), Reason.TOO_MANY_FAILURES)
    assert len(scene.records) == 20
    with pytest.raises(AttributeError):
        await scene.logins.accept(scene.corp, "127.0.0.2:1", "", "")


async def test_logins_are_begun_at_a_bounded_rate(scene: Scene) -> None:
    for _ in range(20):
        await scene.asked()
    await refused(scene.asked(), Reason.RATE_EXCEEDED)
    await scene.logins.begin(scene.corp, "127.0.0.2:1", BROWSER, None)
    scene.clock.now += 60
    await scene.asked()


async def test_the_state_store_learns_no_secret(scene: Scene) -> None:
    request, relay = await scene.asked(loopback=WAITING)
    code = await scene.accepted()
    kept = repr(scene.store._slips)
    assert request in kept
    for hidden in (relay, code, BROWSER, VERIFIER):
        assert hidden not in kept


async def test_without_the_state_store_nobody_comes_in(scene: Scene) -> None:
    request, relay = await scene.asked()
    code = await scene.accepted()
    await scene.store.close()
    for attempt in (
        scene.asked(),
        scene.accept(Response(asked=request), relay),
        scene.accept(Response(asked=None)),
        scene.logins.finish(scene.corp, PEER, code, BROWSER),
    ):
        with pytest.raises(Unavailable):
            await attempt


def test_there_are_no_other_providers(scene: Scene) -> None:
    assert scene.logins.provider("corp") is scene.corp
    with pytest.raises(Refusal) as raised:
        scene.logins.provider("Corp")
    assert raised.value.reason is Reason.NOT_FOUND
