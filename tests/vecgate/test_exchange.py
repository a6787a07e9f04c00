from __future__ import annotations

import weakref

from vecgate.exchange import Exchange


def test_ids_are_128_random_bits() -> None:
    ids = {Exchange("docs", "peer").id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(bytes.fromhex(one)) == 16 for one in ids)


def test_nothing_is_decided_or_sealed_at_first() -> None:
    exchange = Exchange("docs", "peer")
    assert (exchange.request_seal, exchange.answer_seal, exchange.decision, exchange.principal) == (None,) * 4
    assert not any((exchange.public, exchange.forwarded, exchange.recorded, exchange.consumed, exchange.passed))


def test_what_must_not_be_logged_is_not_in_its_repr() -> None:
    exchange = Exchange("docs", "peer", fields=((b"authorization", b"Bearer canary"),))
    exchange.request_seal = exchange.answer_seal = ("canary",)
    assert "canary" not in repr(exchange)


def test_exchanges_share_no_state_and_can_be_watched() -> None:
    one, other = Exchange("docs", "peer"), Exchange("docs", "peer")
    one.passed.append("sanitize")
    one.timings["sanitize"] = 1
    assert (other.passed, other.timings) == ([], {})
    assert weakref.ref(one)() is one
    assert 0 <= one.elapsed_us <= other.elapsed_us + 10**6
