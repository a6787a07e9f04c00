from __future__ import annotations

import pytest
from tests.support.state import Clock

from vecgate.config.units import Rate
from vecgate.errors import Refusal
from vecgate.identity.attempts import Attempts, network

HERE = "192.0.2.1:5000"


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(Rate.parse("3/minute"), clock)


def refused(attempts: Attempts, address: str, digest: bytes) -> bool:
    try:
        attempts.check(address, digest)
    except Refusal:
        return True
    return False


def guess(attempts: Attempts, address: str = HERE, count: int = 3) -> None:
    for number in range(count):
        attempts.check(address, b"%d" % number)
        attempts.failed(address, b"%d" % number)


def test_who_guesses_is_refused_until_the_window_ends(attempts: Attempts, clock: Clock) -> None:
    guess(attempts, count=2)
    clock.now += 20
    assert not refused(attempts, HERE, b"new")
    attempts.failed(HERE, b"new")
    with pytest.raises(Refusal) as caught:
        attempts.check("192.0.2.1:6000", b"another")
    assert caught.value.reason == "too_many_failures"
    assert caught.value.headers == {"retry-after": "40"}
    assert not refused(attempts, "192.0.2.2:5000", b"another")
    clock.now += 40
    assert not refused(attempts, HERE, b"another")


def test_what_was_good_once_is_looked_at_still(attempts: Attempts) -> None:
    attempts.proved(b"good")
    guess(attempts)
    assert refused(attempts, HERE, b"new")
    assert not refused(attempts, HERE, b"good")


def test_one_that_fails_again_and_again_uses_up_its_own_chances(attempts: Attempts) -> None:
    attempts.proved(b"expired")
    for _ in range(3):
        assert not refused(attempts, HERE, b"expired")
        attempts.failed(HERE, b"expired")
    assert refused(attempts, HERE, b"expired")
    assert not refused(attempts, HERE, b"new")


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("192.0.2.1:80", "192.0.2.1"),
        ("::ffff:192.0.2.1:80", "192.0.2.1"),
        ("2001:db8:1:2:3::4:80", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff:0:0:1:80", "2001:0db8:0001:0002"),
        ("2001:db8:1:3::1:80", "2001:0db8:0001:0003"),
        ("unix:0", "unix"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, one: str) -> None:
    assert network(address) == one
