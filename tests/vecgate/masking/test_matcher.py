"""What a field stands under, asked as clients ask: through `MaskSet.used` and `MaskSet.strategy`."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from vecgate.masking.matcher import Matcher
from vecgate.masking.strategies import Drop
from vecgate.testing import masks


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({"ssn": "drop"}, "ssn"),
        ({"ssn": "drop"}, '"ssn"'),
        ({"ssn": "drop"}, "user.ssn"),
        ({"ssn": "drop"}, "users[].ssn"),
        ({"ssn": "drop"}, "users[0].ssn"),
        ({"ssn": "drop"}, 'user["ssn"]'),
        ({"ssn": "drop"}, "$meta['ssn']"),
        ({"ssn": "drop"}, "ssn.digits"),
        ({"ssn": "drop"}, "ssn[0]"),
        ({"ssn": "drop"}, "s*"),
        ({"ssn": "drop"}, ""),
        ({"ssn": "drop"}, "$meta"),
        ({"ssn": "drop"}, "$"),
        ({"größe": "drop"}, "gro\u0308ße"),
        ({"address.city": "drop"}, "address.city"),
        ({"address.city": "drop"}, "address"),
        ({"address.city": "drop"}, "address[0]"),
        ({"address.city": "drop"}, "address[0].city"),
        ({"address.city": "drop"}, "address.0.city"),
        ({"address.city": "drop"}, "$.address.city"),
        ({"address.city": "drop"}, '$meta["address"]'),
        ({"address.city": "drop"}, "address.city.name"),
        ({"address.*": "drop"}, "address"),
        ({"address.*": "drop"}, "address.anything"),
        ({"address.*.city": "drop"}, "address[].city"),
        ({"history.20*.pay": "drop"}, "history.2024.pay"),
        ({"**.address.city": "drop"}, "home.address"),
        ({"a.**.z": "drop"}, "a"),
        ({"a.**.z": "drop"}, "a.b.z"),
        ({"#document": "drop"}, "#document"),
        ({"**": "drop"}, "anything"),
    ],
)
def test_a_masked_field_its_parents_and_children_count_as_used(fields: dict[str, str], used: str) -> None:
    assert masks(fields).used(["title", used]) == ("title" if "**" in fields else used)


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({"ssn": "drop"}, "title"),
        ({"ssn": "drop"}, "user"),
        ({"ssn": "drop"}, "user.name"),
        ({"ssn": "drop"}, "ssns"),
        ({"ssn": "drop"}, "#document"),
        ({"address.city": "drop"}, "address.zip"),
        ({"address.city": "drop"}, "city"),
        ({"**.address.city": "drop"}, "home"),
        ({}, "s*"),
    ],
)
def test_an_open_field_does_not_count_as_used(fields: dict[str, str], used: str) -> None:
    assert masks(fields).used([used]) is None


NAMES = ["a", "b", "ssn", "0", "7"]
PATTERNS = ["ssn", "a", "a.b", "a.*", "a.*.b", "a.0.b", "**.b.ssn", "a.**.ssn", "*.ssn", "s*n", "a.7", "a[0].b", "**"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_whatever_is_masked_in_a_payload_counts_as_used(pattern: str) -> None:
    """Every path of up to four names, as objects and with lists in between, asked for in several spellings."""
    found = masks({pattern: "redact"})
    for length in range(1, 5):
        for names in itertools.product(NAMES, repeat=length):
            for listed in (False, True):
                value: Any = "secret"
                for name in reversed(names):
                    value = {name: [value] if listed else value}
                if "secret" in str(found.payload(value)[0]):
                    continue
                spellings = [".".join(names), "[0].".join(names), "[].".join(names), '"."'.join(names)]
                assert all(found.used([spelling]) for spelling in spellings), (pattern, names)
                assert found.strategy(".".join(names)) or listed


def test_names_from_answers_do_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vecgate.masking.matcher._NODES", 100)
    matcher = Matcher((("ssn", ("**", "ssn"), Drop()),))
    for number in range(1000):
        matcher.root.child(f"name{number}")
    matcher.root.child("n" * 10_000)
    assert len(matcher.root.children) == 100
    assert matcher.root.child("ssn").mask
