from __future__ import annotations

import pytest

from vecgate.masking.paths import pattern, segments


@pytest.mark.parametrize(
    "spelling",
    [
        "address.city",
        "address[].city",
        "address[0].city",
        "address[*].city",
        "address[ 12 ].city",
        "address[+1].city",
        "address[-1].city",
        'address["city"]',
        "address['city']",
        "address[`city`]",
        '"address"."city"',
        '"address.city"',
        " address . city ",
        ".address..city.",
        'address\\"."city',
    ],
)
def test_every_spelling_is_one_path(spelling: str) -> None:
    assert segments(spelling) == ("address", "city")


def test_equal_in_unicode_is_equal() -> None:
    assert segments("größe") == segments("gro\u0308ße")


def test_names_are_case_sensitive() -> None:
    assert segments("SSN") != segments("ssn")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ssn", ("**", "ssn")),
        ("ss*", ("**", "ss*")),
        ("address.*", ("address", "*")),
        ("address.**", ("address",)),
        ("**.ssn", ("**", "ssn")),
        ("**.**.ssn", ("**", "ssn")),
        ("a.**.**.b", ("a", "**", "b")),
        ("**", ("**",)),
        ("*", ("**", "*")),
        ("#document", ("#document",)),
        ('$meta["address"]["city"]', ("address", "city")),
        ("$.ssn", ("**", "ssn")),
    ],
)
def test_a_pattern_without_a_dot_is_for_any_depth(text: str, parts: tuple[str, ...]) -> None:
    assert pattern(text) == parts


@pytest.mark.parametrize("text", ["", ".", "[]", '""', "[0]"])
def test_a_pattern_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no field"):
        pattern(text)
