"""docs/masking.md names what there is, and its table of patterns is true."""

from __future__ import annotations

import re

import pytest
from tests.support.pages import DOCS, sections

from vecgate.masking.scores import SCORES
from vecgate.masking.strategies import FIELDS, VECTORS
from vecgate.testing import masks

SECTIONS = sections("masking.md")


def listed(section: str) -> set[str]:
    """The names of strategies in the first column of a section's first table."""
    rows = SECTIONS[section].partition("| strategy |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([a-z]+)(?:[:`])", row.split("|")[1])}


@pytest.mark.parametrize(("section", "known"), [("Fields", FIELDS), ("Vectors", VECTORS), ("Scores", SCORES)])
def test_every_bundled_strategy_is_on_the_page(section: str, known: dict[str, object]) -> None:
    assert listed(section) == set(known)


@pytest.mark.parametrize(
    ("pattern", "masked", "open_"),
    [
        ("ssn", ["ssn", "user.ssn", "users[0].ssn"], ["ssns"]),
        ("address.city", ["address.city", "address[1].city"], ["city", "home.address.city"]),
        ("address.*", ["address.city", "address.geo.lat"], ["home"]),
        ("**.address.city", ["address.city", "home.address.city"], ["city"]),
        ("tax_*", ["tax_id", "user.tax_class"], ["user.pretax_id"]),
        ("**", ["a", "a.b", "#document"], []),
        ("#document", ["#document"], ["#uri", "document"]),
    ],
)
def test_a_pattern_means_what_the_page_says(pattern: str, masked: list[str], open_: list[str]) -> None:
    assert f"`{pattern}`" in (DOCS / "masking.md").read_text()
    found = masks({pattern: "redact"})
    assert [path for path in masked if not found.used([path])] == []
    assert [path for path in open_ if found.used([path])] == []


def test_the_rules_at_the_head_of_the_page_are_valid() -> None:
    fields = {"email": "hash", "ssn": "redact", "address.*": "drop", "card": "partial:last4"}
    page = (DOCS / "masking.md").read_text()
    assert 'fields: {email: hash, ssn: redact, "address.*": drop, card: partial:last4}' in page
    assert masks(fields, vectors="drop", scores="rank").describe()["fields"] == fields
