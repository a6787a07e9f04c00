"""The names under which somebody is revoked, and how long."""

from __future__ import annotations

from itertools import combinations

import pytest
from tests.support.state import revoked

from vecgate.identity.principal import Principal
from vecgate.identity.revocation import KEYS, What, account_key, folded, moment, subject_key


def test_no_name_of_one_kind_is_spelt_like_one_of_another() -> None:
    names = ["a", " a", "  a", "https://idp.test/ a"]
    keys = {what: {KEYS[what]("https://idp.test/", name) for name in names} for what in What}
    for one, other in combinations(What, 2):
        assert keys[one].isdisjoint(keys[other])


@pytest.mark.parametrize(
    ("one", "other", "longer"),
    [(10.0, 20.0, 20.0), (20.0, 10.0, 20.0), (None, 10.0, None), (10.0, None, None), (None, None, None)],
)
def test_of_two_the_longer_stands(one: float | None, other: float | None, longer: float | None) -> None:
    assert revoked("alice", until=one).joined(revoked("alice", until=other)).until == longer


def test_what_stands_keeps_saying_who_began_it() -> None:
    first, second = revoked("alice", until=20.0, by="first"), revoked("alice", until=10.0, by="second")
    assert (second.joined(first).by, first.joined(second).by) == ("first", "first")
    assert second.joined(None) is second


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (0.0, "1970-01-01T00:00:00Z"), (253_402_300_859.0, "9999-12-31T23:59:59Z")],
)
def test_every_moment_can_be_written(seconds: float | None, text: str | None) -> None:
    assert moment(seconds) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice@corp.test", "ALICE@Corp.test"),
        ("alice@corp.test", "alice@corp.test "),
        ("stra\u00dfe", "STRASSE"),
        ("jos\u00e9", "JOSE\u0301"),
        ("\u0390ota", "\u0399\u0308\u0301OTA"),
        ("\u1fb3", "\u0391\u0399"),
        ("alice", "\uff21lice"),
        ("\ufb01nance", "FINANCE"),
    ],
)
def test_an_account_is_found_however_it_is_spelt(one: str, other: str) -> None:
    assert account_key("i", one) == account_key("i", other)
    assert folded(folded(one)) == folded(one)


@pytest.mark.parametrize("other", ["alice@corp.tes", "alicia", "al ice", "\u0430lice"])
def test_another_account_is_another(other: str) -> None:
    assert account_key("i", "alice") != account_key("i", other)


def test_a_principal_that_a_plugin_made_is_found_however_it_is_composed() -> None:
    assert subject_key("i", "jose\u0301") in Principal("i", "jose\u0301").revocable
