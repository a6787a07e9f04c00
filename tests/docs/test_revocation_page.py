"""docs/revocation.md: its tables are complete, its numbers hold, its snippets load, what it shows is what is said."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write
from tests.support.pages import DOCS, blocks, sections

from vecgate.config.identity import Identity
from vecgate.config.load import load
from vecgate.control.scim import PAGE as PAGES
from vecgate.identity.challenge import challenge
from vecgate.identity.open import SECRET
from vecgate.identity.provisioning import User
from vecgate.identity.resource import ProtectedResource
from vecgate.identity.revocation import What
from vecgate.reasons import Reason
from vecgate.state.mirror import STALE
from vecgate.state.sqlite import FOLLOW

PAGE = (DOCS / "revocation.md").read_text()
SECTIONS = sections("revocation.md")


def test_every_name_is_in_the_table() -> None:
    assert re.findall(r"^\| `(\w+)` \|", SECTIONS["What can be revoked"], re.MULTILINE) == [
        "subject",
        "account",
        "session",
        "token",
    ]
    assert {str(what) for what in What} == {"subject", "account", "session", "token"}


def test_every_step_is_in_the_table() -> None:
    source = (DOCS.parent / "addons/vecgate/identity/revocations.py").read_text()
    assert re.findall(r"^\| `(\w+)` \|", SECTIONS["Evidence"], re.MULTILINE) == re.findall(r'facts\("(\w+)"', source)


@pytest.mark.parametrize(
    "said",
    [
        f"within {FOLLOW} s",
        f"for {STALE:.0f} s",
        f"of {SECRET} random characters",
        f"pages of {PAGES}",
    ],
)
def test_numbers(said: str) -> None:
    assert said in PAGE


def test_what_is_kept_of_a_user_is_said() -> None:
    kept = set(User.model_fields) - {"id", "meta", "schemas"}
    assert kept == {"user_name", "external_id", "display_name", "active"}


def test_the_snippets_load(tmp_path: Path) -> None:
    for snippet in blocks(PAGE, "yaml"):
        assert load(write(tmp_path, HEAD + snippet)).config.identity != Identity()


def test_every_shown_verb_exists() -> None:
    (shown,) = blocks(PAGE, "console")
    for line in shown.splitlines():
        verb = line.removeprefix("$ vecgate ").split()[:2]
        assert run(*verb, "--help").code == 0, line


def test_the_shown_answer_is_the_gateways() -> None:
    made = ProtectedResource.of("https://vectors.corp.example", "docs", ["https://idp.corp.example/"])
    (shown,) = blocks(PAGE, "json")
    assert msgspec.json.decode(shown) == msgspec.json.decode(made.document)
    (refused,) = blocks(PAGE, "http")
    assert f"WWW-Authenticate: {challenge(Reason.TOKEN_MISSING, made.url)}" in refused
