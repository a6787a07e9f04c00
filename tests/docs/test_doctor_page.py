"""docs/doctor.md: its table has everything that is looked at, and what it shows is what is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write
from tests.support.pages import DOCS, blocks

from vecgate.cli.doctor import MARKS
from vecgate.doctor.diagnosis import Status

PAGE = (DOCS / "doctor.md").read_text()
ISSUERS = 'identity: {issuers: [{issuer: "https://127.0.0.1:1/", audience: vecgate}]}\n'
TOLD = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Nothing runs where this configuration says: what is looked at is the same."""
    config = write(tmp_path_factory.mktemp("doctor"), HEAD + ISSUERS)
    return run("doctor", "-c", config, "--json")


def test_everything_that_is_looked_at_is_in_the_table(found: Any) -> None:
    subjects = [re.sub(r"\[\d+\]", "[…]", each["subject"]) for each in found.document["checks"]]
    subjects = [re.sub(r"^connections\..*", "connections.…", each) for each in subjects]
    assert list(dict.fromkeys(subjects)) == TOLD


def test_the_document_has_the_members_that_are_named(found: Any) -> None:
    assert sorted(found.document) == ["checks", "healthy"]
    (members,) = re.findall(r'"checks": \[\{(.*?)\}\]', PAGE)
    assert {tuple(each) for each in found.document["checks"]} == {tuple(re.findall(r'"(\w+)"', members))}


def test_what_is_shown_is_spelt_as_it_is_said() -> None:
    (shown,) = blocks(PAGE, "console")
    lines = shown.strip().splitlines()[1:]
    assert {line[:4] for line in lines} <= set(MARKS.values())
    assert set(MARKS) == set(Status)
    assert [re.match(r".{5}(vecgate|[a-z]+[.\[\w\].]*): ", line) is not None for line in lines] == [True] * len(lines)
