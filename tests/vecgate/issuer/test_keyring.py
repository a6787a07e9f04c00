"""Keys: one signs for a time, those that did are published while their tokens live, private parts are forgotten."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.state import Clock
from tests.support.tokens import ec, key_set, rsa

from vecgate.errors import Unavailable
from vecgate.identity.tokens import LEEWAY
from vecgate.issuer.keyring import GivenRing, Keyring, MemoryRing, Ring, RingKey

NOW = 1_790_000_000.0
LIFETIME, PERIOD = 600.0, 86_400.0
MEMBERS = {"kty", "crv", "x", "y", "kid", "use", "alg"}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def ring(clock: Clock) -> MemoryRing:
    return MemoryRing(LIFETIME, PERIOD, clock)


def kids(ring: Keyring) -> list[str]:
    return [key["kid"] for key in ring.published()]


def test_nothing_private_is_published(ring: Keyring) -> None:
    ring.rotate()
    assert [set(key) for key in ring.published()] == [MEMBERS] * 2


def test_the_same_key_signs_until_its_time_is_over(ring: Keyring, clock: Clock) -> None:
    first = ring.signer().kid
    clock.now += PERIOD - 1
    assert ring.signer().kid == first
    clock.now += 1
    second = ring.signer().kid
    assert second != first
    assert kids(ring) == [second, first]


def test_an_old_key_is_published_as_long_as_its_tokens_live(ring: Keyring, clock: Clock) -> None:
    old = ring.signer().kid
    ring.rotate()
    clock.now += LIFETIME + LEEWAY
    assert old in kids(ring)
    clock.now += LEEWAY
    assert old not in kids(ring)


def test_an_old_key_is_gone_at_once_if_it_is_to_be_forgotten(ring: Keyring) -> None:
    old = ring.signer().kid
    ring.rotate(forget=True)
    assert old not in kids(ring)
    assert len(kids(ring)) == 1


def test_a_key_that_retires_loses_its_private_part(ring: Keyring) -> None:
    kept = msgspec.json.decode(ring.rotate().dump())["keys"]
    assert ["d" in key for key in kept] == [True, False]
    assert msgspec.json.decode(Ring.parse(msgspec.json.encode({"keys": kept})).dump())["keys"] == kept


def test_rotating_again_drops_what_no_token_needs(ring: Keyring, clock: Clock) -> None:
    ring.rotate()
    clock.now += LIFETIME + 3 * LEEWAY
    assert len(ring.rotate().keys) == 2


def test_a_ring_that_is_kept_elsewhere_signs_and_is_not_rotated() -> None:
    secret = msgspec.json.encode({"keys": [ec("a").as_dict(private=True), ec("b").as_dict(private=False)]})
    ring = GivenRing(secret.decode(), LIFETIME, Clock(9e12))
    ring.open()
    assert ring.signer().kid == "a"
    assert kids(ring) == ["a", "b"]
    with pytest.raises(ValueError, match="rotated there"):
        ring.rotate()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"keys": []}',
        b'{"keys": ["d"]}',
        key_set(ec()),
        msgspec.json.encode({"keys": [rsa().as_dict(private=True)]}),
        msgspec.json.encode({"keys": [ec("x", "P-384").as_dict(private=True)]}),
        msgspec.json.encode({"keys": [ec().as_dict(private=True) | {"exp": "secret"}]}),
        msgspec.json.encode({"keys": [ec().as_dict(private=True) | {"d": "secret"}]}),
    ],
    ids=range(9),
)
def test_what_is_no_ring_is_refused_and_not_quoted(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|JSON") as refused:
        Ring.parse(data)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_without_keys_nothing_is_signed(clock: Clock) -> None:
    class Broken(MemoryRing):
        def _read(self) -> Ring:
            raise OSError

    with pytest.raises(Unavailable):
        Broken(LIFETIME, PERIOD, clock).signer()


def test_a_private_key_is_in_no_repr_and_no_public_form() -> None:
    key = RingKey.make(NOW, LIFETIME)
    private = key.dump()["d"]
    assert private not in repr(key)
    assert "d" not in key.public
