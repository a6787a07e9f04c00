"""Key sources: rotation, floods, outages and hostile origins (threats J3, J6–J9, J27)."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.origin import DISCOVERY, JWKS, Origin, Reply, json
from tests.support.state import Clock
from tests.support.tokens import AUDIENCE, ISSUER, ec, encode, jwks_file, key_set, public, rsa

from vecgate.config.identity import Issuer
from vecgate.config.units import Duration
from vecgate.errors import Refusal, Unavailable
from vecgate.identity import fetch
from vecgate.identity.fetch import Fetcher
from vecgate.identity.jwks import FileKeys, KeySource, RemoteKeys
from vecgate.identity.rules import Misconfigured
from vecgate.reasons import Reason

type Make = Callable[..., RemoteKeys]


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def origin() -> Origin:
    return Origin(rsa(), ec())


@pytest.fixture
async def make(origin: Origin, clock: Clock) -> AsyncIterator[Make]:
    fetcher = Fetcher(origin)

    def remote(**changes: Any) -> RemoteKeys:
        return RemoteKeys(Issuer(**{"issuer": ISSUER, "audience": AUDIENCE} | changes), fetcher, clock)

    yield remote
    await fetcher.close()


async def outcome(source: KeySource, kid: str | None, algorithm: str = "ES256") -> Reason | str | None:
    try:
        return (await source.find(kid, algorithm)).kid
    except Refusal as refusal:
        return refusal.reason


@pytest.mark.parametrize("jwks", ["discover", JWKS])
async def test_keys_are_found_by_discovery_or_at_a_url(make: Make, origin: Origin, jwks: str) -> None:
    source = make(jwks=jwks)
    await source.prime()
    assert await outcome(source, "ec") == "ec"
    assert origin.requests == ({DISCOVERY: 1, JWKS: 1} if jwks == "discover" else {JWKS: 1})


async def test_a_flood_of_unknown_key_ids_makes_at_most_two_fetches(make: Make, origin: Origin) -> None:
    source = make()
    await source.prime()
    found = await asyncio.gather(*(outcome(source, f"kid{number}") for number in range(500)))
    found += [await outcome(source, f"kid{number}") for number in range(500, 1000)]
    assert set(found) == {Reason.TOKEN_INVALID}
    assert origin.requests[JWKS] <= 2


async def test_a_new_key_is_good_after_one_refetch_that_all_waiters_share(make: Make, origin: Origin) -> None:
    source = make()
    await source.prime()
    origin.publish(ec(), ec("new"))
    origin.delay = 0.01
    assert set(await asyncio.gather(*(outcome(source, "new") for _ in range(50)))) == {"new"}
    assert origin.requests[JWKS] == 2
    assert source.epoch == 2


async def test_refetches_for_unknown_ids_are_thirty_seconds_apart(make: Make, origin: Origin, clock: Clock) -> None:
    source = make()
    await source.prime()
    assert await outcome(source, "x") is Reason.TOKEN_INVALID
    origin.publish(ec("new"))
    clock.now += 29
    assert await outcome(source, "new") is Reason.TOKEN_INVALID
    assert origin.requests[JWKS] == 2
    clock.now += 2
    assert await outcome(source, "new") == "new"


async def test_an_unknown_id_is_not_asked_for_again_soon(make: Make, origin: Origin, clock: Clock) -> None:
    source = make()
    await source.prime()
    for _ in range(4):
        assert await outcome(source, "gone") is Reason.TOKEN_INVALID
        clock.now += 29
    assert origin.requests[JWKS] == 2


async def test_a_caller_that_leaves_does_not_end_the_fetch_for_others(make: Make, origin: Origin) -> None:
    source = make()
    origin.delay = 0.01
    first, second = (asyncio.create_task(outcome(source, "ec")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "ec"
    assert origin.requests[JWKS] == 1


async def test_a_removed_key_ends_with_the_next_refresh(make: Make, origin: Origin) -> None:
    source = make()
    assert source.period <= 300
    await source.prime()
    origin.publish(ec())
    await source.refresh()
    assert await outcome(source, "rsa", "RS256") is Reason.TOKEN_INVALID


async def test_keys_are_kept_fresh_in_the_background(make: Make, origin: Origin) -> None:
    source = make()
    source.period = 0.001
    await source.prime()
    task = asyncio.create_task(source.keep_fresh())
    origin.publish(ec("later"))
    while source.epoch < 2:
        await asyncio.sleep(0.001)
    task.cancel()
    await source.stop()
    assert await outcome(source, "later") == "later"


BROKEN: dict[str, Any] = {
    "down": httpx.ConnectError("refused"),
    "slow": httpx.ReadTimeout("slow"),
    "500": json({}, 500),
    "HTML": Reply(200, b"<html>", {"content-type": "text/html"}),
    "HTML named JSON": json(b"<html>"),
    "no type": Reply(200, key_set(ec())),
    "redirect": Reply(302, b"", {"location": "http://evil.test/keys"}),
    "204": Reply(204),
    "too large": json(b" " * (fetch.MAX_BYTES + 1)),
    "compressed": json(key_set(ec()), encoding="gzip"),
    "no set": json({"error": "x"}),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
async def test_an_outage_spares_known_keys_until_the_grace_time_ends(
    make: Make, origin: Origin, clock: Clock, reply: Any
) -> None:
    source = make(grace=Duration.parse("15m"))
    await source.prime()
    origin.replies[JWKS] = reply
    for _ in range(3):
        clock.now += 299
        await source.refresh()
        assert await outcome(source, "ec") == "ec"
    clock.now += 4
    with pytest.raises(Unavailable) as caught:
        await source.find("ec", "ES256")
    assert caught.value.reason is Reason.IDENTITY_UNAVAILABLE
    assert 1 <= int(caught.value.headers["retry-after"]) <= 30
    origin.publish(ec())
    clock.now += 30
    assert await outcome(source, "ec") == "ec"
    assert "evil.test" not in str(origin.requests)


async def test_a_cold_start_without_the_issuer_is_unavailable_and_retried(
    make: Make, origin: Origin, clock: Clock
) -> None:
    origin.replies[DISCOVERY] = httpx.ConnectError("refused")
    source = make()
    await source.prime()
    for _ in range(100):
        assert await outcome(source, "ec") is Reason.IDENTITY_UNAVAILABLE
    assert origin.requests[DISCOVERY] == 1, "requests are not turned into traffic at the issuer"
    origin.replies[DISCOVERY] = json({"issuer": ISSUER, "jwks_uri": JWKS})
    clock.now += 2
    assert await outcome(source, "ec") == "ec"


async def test_what_nobody_foresaw_is_named_and_not_quoted(make: Make, origin: Origin) -> None:
    source = make()
    origin.replies[JWKS] = RuntimeError("canary")
    await source.prime()
    assert source.problem == "RuntimeError"


async def test_pauses_grow_while_the_issuer_is_down(make: Make, origin: Origin, clock: Clock) -> None:
    origin.replies[DISCOVERY] = httpx.ConnectError("refused")
    source = make()
    await source.prime()
    for _ in range(300):
        clock.now += 1
        await outcome(source, "ec")
    assert 10 <= origin.requests[DISCOVERY] <= 16


async def test_an_unknown_key_during_an_outage_is_unavailable_not_invalid(make: Make, origin: Origin) -> None:
    source = make()
    await source.prime()
    origin.replies[JWKS] = json({}, 500)
    assert await outcome(source, "new") is Reason.IDENTITY_UNAVAILABLE
    assert await outcome(source, "other") is Reason.IDENTITY_UNAVAILABLE
    assert origin.requests[JWKS] == 2
    assert await outcome(source, "ec") == "ec"


async def test_a_slow_origin_is_given_up(make: Make, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vecgate.identity.jwks.SECONDS", 0.02)
    origin.delay = 0.015
    assert await outcome(make(), "ec") is Reason.IDENTITY_UNAVAILABLE, "the time counts for both documents together"


async def test_a_set_of_bad_keys_is_empty_and_says_so(
    make: Make, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.publish({"kty": "oct", "k": ""}, public(rsa(), n="AQAB"))
    source = make()
    with caplog.at_level(logging.WARNING):
        await source.prime()
        await source.refresh()
    assert [record.message.partition("key ignored: ")[2][:6] for record in caplog.records] == ["keys/0", "keys/1"]
    assert await outcome(source, "rsa", "RS256") is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"issuer": "https://evil.test/", "jwks_uri": JWKS}, "issuer"),
        ({"issuer": ISSUER[:-1], "jwks_uri": JWKS}, "issuer"),
        ({"jwks_uri": JWKS}, "issuer"),
        ({"issuer": ISSUER}, "jwks"),
        ({"issuer": ISSUER, "jwks_uri": "http://issuer.test/keys"}, "jwks"),
        ({"issuer": ISSUER, "jwks_uri": "http://127.0.0.1/keys"}, "jwks"),
        ({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}, "jwks"),
        ({"issuer": ISSUER, "jwks_uri": ["https://issuer.test/keys"]}, "jwks"),
        ({"issuer": ISSUER, "jwks_uri": "https://user:pw@issuer.test/keys"}, "jwks"),
    ],
)
async def test_a_discovery_document_of_another_issuer_or_http_keys_is_misconfigured(
    make: Make, origin: Origin, document: dict[str, Any], key: str
) -> None:
    origin.replies[DISCOVERY] = json(document)
    source = make()
    with pytest.raises(Misconfigured) as caught:
        await source.prime()
    assert caught.value.key == key
    assert origin.requests == {DISCOVERY: 1}
    assert await outcome(source, "ec") is Reason.IDENTITY_UNAVAILABLE


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks": "http://issuer.test/keys", "allow_http": True},
        {"jwks": "http://127.0.0.1:1/keys"},
        {"jwks": "keys.json"},
        {"issuer": "http://issuer.test"},
        {"issuer": "accounts.example"},
    ],
)
async def test_an_address_that_keys_must_not_come_from_is_misconfigured(make: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        make(**changes)


def local(path: Path, clock: Clock, **changes: Any) -> FileKeys:
    return FileKeys(Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=f"file:{path}", **changes), path, clock)


async def test_a_key_file_is_read_again_when_it_changes(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "jwks.json"
    jwks_file(path, rsa(), ec())
    source = local(path, clock)
    await source.prime()
    assert await outcome(source, "ec") == "ec"
    jwks_file(path, ec("new"))
    os.utime(path, ns=(1, 1))
    await source.refresh()
    assert source.epoch == 2
    assert await outcome(source, "ec") is Reason.TOKEN_INVALID
    assert await outcome(source, "new") == "new"
    assert source.period <= 1


async def test_a_key_new_in_the_file_is_found_at_once(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "jwks.json"
    jwks_file(path, ec())
    source = local(path, clock)
    await source.prime()
    jwks_file(path, ec(), rsa())
    assert await outcome(source, "rsa", "RS256") == "rsa"


@pytest.mark.parametrize("content", [None, b"", b"{", encode({"keys": 1}), b" " * (fetch.MAX_BYTES + 1)])
async def test_a_key_file_that_cannot_be_read_is_misconfigured(
    tmp_path: Path, clock: Clock, content: bytes | None
) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"jwks\.json"):
        await local(path, clock).prime()


async def test_a_key_file_that_breaks_later_counts_for_the_grace_time(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "jwks.json"
    jwks_file(path, ec())
    source = local(path, clock, grace=Duration.parse("60s"))
    await source.prime()
    path.write_bytes(b"{")
    clock.now += 59
    await source.refresh()
    assert await outcome(source, "ec") == "ec"
    clock.now += 2
    assert await outcome(source, "ec") is Reason.IDENTITY_UNAVAILABLE
