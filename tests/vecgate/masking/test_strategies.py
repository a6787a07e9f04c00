from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from vecgate.errors import Unmaskable
from vecgate.masking.masker import Masker
from vecgate.masking.strategies import DROPPED, REDACTED, Strategy, Where, canonical, strictest

MASKER = Masker(b"k" * 32)


def where(path: str = "email", domain: str = "") -> Where:
    return Where(path, lambda data: MASKER.digest(domain, path, data))


def masked(spec: str, value: Any, path: str = "email", domain: str = "") -> Any:
    return MASKER.field(spec)(value, where(path, domain))


@pytest.mark.parametrize("value", ["bob", 1, None, {"a": 1}, ["x"]])
def test_drop_and_redact_show_nothing_of_any_value(value: Any) -> None:
    assert masked("drop", value) is DROPPED
    assert masked("redact", value) == REDACTED


def test_a_token_is_stable_and_differs_by_value_field_domain_and_key() -> None:
    token = masked("hash", "bob@x.org")
    assert token == masked("hash", "bob@x.org")
    assert token.startswith("hash_")
    assert len(token) == len("hash_") + 32
    others = {
        masked("hash", "bob@x.com"),
        masked("hash", "bob@x.org", path="contact"),
        masked("hash", "bob@x.org", domain="acme"),
        Masker(b"j" * 32).field("hash")(
            "bob@x.org", Where("email", lambda d: Masker(b"j" * 32).digest("", "email", d))
        ),
    }
    assert len(others) == 4
    assert token not in others


@pytest.mark.parametrize("hasher", ["sha256", "sha512", "sha1", "md5"])
def test_a_token_is_no_plain_hash_of_a_known_value(hasher: str) -> None:
    token = masked("hash", "123-45-6789").removeprefix("hash_")
    assert token not in hashlib.new(hasher, b"123-45-6789").hexdigest()
    assert token not in hashlib.new(hasher, canonical("123-45-6789")).hexdigest()


def test_domain_and_field_cannot_be_shifted_into_each_other() -> None:
    assert MASKER.digest("a", "b.c", b"x") != MASKER.digest("a.b", "c", b"x")
    assert MASKER.digest("a\0", "b", b"x") != MASKER.digest("a", "\0b", b"x")
    assert MASKER.digest("ab", "", b"x") != MASKER.digest("", "ab", b"x")


def test_a_list_is_hashed_element_by_element_so_that_joins_work() -> None:
    assert masked("hash", ["a", "b"]) == [masked("hash", "a"), masked("hash", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [(5, 5.0), (0, -0.0), (Decimal(5), 5), (Decimal("0.5"), 0.5), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ((1,), [1])],
)
def test_equal_values_have_one_encoding(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


def test_different_values_have_different_encodings() -> None:
    values: list[Any] = [
        "5", 5, "5.0", 5.5, True, False, 1, 0, None, "", "None", [], {}, [1, 2], [12], ["1", "2"], [[1], 2], [1, [2]],
        {"a": 1}, {"a": "1"}, ["a", 1], {"a": {}}, {"a": []}, 2**64, 2**64 + 1, -1, 1e300, float("inf"), "ab",
        ["a", "b"], "\ud800",
    ]  # fmt: skip
    assert len({canonical(value) for value in values}) == len(values)


def test_a_value_of_unknown_type_withholds_the_answer() -> None:
    with pytest.raises(Unmaskable):
        canonical(object())


@pytest.mark.parametrize(
    ("spec", "value", "shown"),
    [
        ("partial:last4", "4111111111111111", "***1111"),
        ("partial:last4", 4111111111111111, "***1111"),
        ("partial:last4", "123456", "***456"),
        ("partial:last4", "1", REDACTED),
        ("partial:last4", "", REDACTED),
        ("partial:first1", "Bob", "B***"),
        ("partial:first3", "Bob", "B***"),
        ("partial:email", "bob@example.com", "b***@example.com"),
        ("partial:email", "b@example.com", "***@example.com"),
        ("partial:email", "bob at example.com", REDACTED),
        ("partial:email", "a@b@c", REDACTED),
        ("partial:email", "@example.com", REDACTED),
        ("partial:last4", 1.25, REDACTED),
        ("partial:last4", True, REDACTED),
        ("partial:last4", None, REDACTED),
    ],
)
def test_partial_shows_at_most_half(spec: str, value: Any, shown: str) -> None:
    assert masked(spec, value) == shown


@pytest.mark.parametrize(
    ("kind", "spec", "advice"),
    [
        ("field", "scramble", "write one of drop, hash, partial, redact"),
        ("field", "", "write one of"),
        ("field", "round:2", "write one of"),
        ("field", "drop:all", "write drop"),
        ("field", "partial", "write partial:last4"),
        ("field", "partial:last0", "write partial:last4"),
        ("field", "partial:middle2", "write partial:last4"),
        ("vectors", "redact", "write one of drop, round, zero"),
        ("vectors", "round", "write round:2"),
        ("vectors", "round:-1", "write round:2"),
        ("vectors", "round:10", "write round:2"),
        ("scores", "zero", "write one of drop, keep, rank, round"),
        ("scores", "rank:2", "write rank"),
    ],
)
def test_an_unknown_strategy_says_what_to_write(kind: str, spec: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        getattr(MASKER, kind)(spec)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("field", "drop"),
        ("field", "partial:last4"),
        ("field", "partial:email"),
        ("vectors", "round:2"),
        ("scores", "rank"),
    ],
)
def test_a_strategy_tells_how_it_was_written(kind: str, spec: str) -> None:
    assert getattr(MASKER, kind)(spec).spec == spec


def test_vector_strategies() -> None:
    vector = [0.123, -0.001, 2]
    assert MASKER.vectors("drop")(vector) is None
    assert MASKER.vectors("zero")(vector) == [0.0, 0.0, 0.0]
    rounded = MASKER.vectors("round:2")(vector)
    assert rounded == [0.12, 0.0, 2.0]
    assert str(rounded) == "[0.12, 0.0, 2.0]"


@pytest.mark.parametrize("vector", [["a"], [None], [[1.0], [2.0]], [[1.0], [2.0, 3.0]], "12", ["1"], [True]])
def test_what_is_no_vector_is_withheld(vector: Any) -> None:
    with pytest.raises(Unmaskable):
        MASKER.vectors("round:2")(vector)


def test_score_strategies_keep_the_place_of_a_missing_score() -> None:
    scores = [0.987654, None, -0.001]
    assert MASKER.scores("rank")(scores) == [0.0, None, 2.0]
    assert MASKER.scores("round:2")(scores) == [0.99, None, 0.0]
    assert MASKER.scores("drop")(scores) is None
    assert MASKER.scores("keep")(scores) == scores


@pytest.mark.parametrize(
    ("kind", "specs", "wins"),
    [
        ("field", ["hash", "drop", "redact"], "drop"),
        ("field", ["partial:last4", "hash"], "hash"),
        ("field", ["partial:last4", "partial:last2"], "partial:last2"),
        ("field", ["partial:last4", "partial:first1"], "redact"),
        ("field", ["partial:last4", "hash", "partial:first1"], "hash"),
        ("field", ["partial:email", "partial:email"], "partial:email"),
        ("vectors", ["round:3", "zero"], "zero"),
        ("vectors", ["round:3", "round:1", "round:2"], "round:1"),
        ("scores", ["keep", "rank", "round:1"], "rank"),
        ("scores", ["rank", "drop"], "drop"),
    ],
)
def test_the_strictest_wins_in_any_order(kind: str, specs: list[str], wins: str) -> None:
    known = {"redact": MASKER.field("redact"), "drop": getattr(MASKER, kind)("drop")}
    strategies: list[Strategy] = [getattr(MASKER, kind)(spec) for spec in specs]
    assert strictest(strategies, known).spec == wins
    assert strictest(strategies[::-1], known).spec == wins
