"""Cursors: what a client's own token of pagination could carry, and what the service's could tell."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest

from vecgate_pinecone import cursors

STEERING = b'{"filter":{"ssn":"1"}}'


@pytest.mark.parametrize(
    ("token", "fields"),
    [
        (None, ()),
        ("", ()),
        ("Tm90aGluZyB0byBzZWUgaGVyZQo=", ()),
        ("opaque-token", ()),
        (b64encode(b'{"skip_past":"r1","prefix":"r"}').decode(), ()),
        (STEERING.decode(), ("*",)),
        (b64encode(STEERING).decode(), ("*",)),
        (b64encode(STEERING).decode().rstrip("="), ("*",)),
        (urlsafe_b64encode(b'{"skip_past":"r1","order":"\xc3\xbf\xc3\xbf"}').decode(), ("*",)),
        (b64encode(b'["ssn"]').decode(), ("*",)),
    ],
    ids=str,
)
def test_a_token_that_holds_more_than_a_position_may_steer(token: str | None, fields: tuple[str, ...]) -> None:
    assert cursors.steers(token) == fields


@pytest.mark.parametrize(
    ("token", "tells"),
    [("past:hr", True), (b64encode(b'{"skip_past":"hr"}').decode(), True), ("past:kb", False), ("", False)],
    ids=str,
)
def test_a_token_may_name_what_is_hidden(token: str, tells: bool) -> None:
    assert cursors.tells(token, ["hr", ""]) is tells
