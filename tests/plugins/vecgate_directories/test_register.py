"""The register: exact names, verified addresses, and a file that is read again when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vecgate.errors import ConfigError
from vecgate.identity.directory import DirectoryError
from vecgate.identity.principal import Principal
from vecgate_directories.register import Register

GOOGLE = "https://accounts.google.com"
FILE = """\
version: 1
issuers:
  https://accounts.google.com:
    subjects: {"1082": [analysts], "1083": []}
    emails: {ada@corp.example: [owners, analysts], "cafe\u0301@corp.example": [cooks]}
    require: {hd: corp.example}
  https://other.example: {emails: {ada@corp.example: [strangers]}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "groups.yaml"
    file.write_text(FILE)
    return file


def person(subject: str = "1", issuer: str = GOOGLE, **claims: Any) -> Principal:
    return Principal(issuer, subject, claims=claims)


ADA: dict[str, Any] = {"email": "ada@corp.example", "email_verified": True, "hd": "corp.example"}


@pytest.mark.parametrize(
    ("asked", "groups"),
    [
        (person("1082"), {"analysts"}),
        (person("1083"), set()),
        (person(**ADA), {"owners", "analysts"}),
        (person("1083", **ADA), {"owners", "analysts"}),
        (person(**ADA | {"email": "caf\u00e9@corp.example"}), {"cooks"}),
        (person(**ADA | {"email": "cafe\u0301@corp.example"}), {"cooks"}),
        (person(issuer="https://other.example", **ADA), {"strangers"}),
    ],
)
def test_a_person_has_the_groups_of_subject_and_address(path: Path, asked: Principal, groups: set[str]) -> None:
    assert Register(path).groups(asked) == groups


@pytest.mark.parametrize(
    "asked",
    [
        person("108"),
        person("1082 "),
        person("1082", issuer="https://accounts.google.com/"),
        person("1082", issuer="https://other.example"),
        person(""),
        person(**ADA | {"email": "Ada@corp.example"}),
        person(**ADA | {"email": "ada@corp.example@evil.example"}),
        person(**ADA | {"email": ["ada@corp.example"]}),
        person(**ADA | {"email_verified": False}),
        person(**ADA | {"email_verified": "true"}),
        person(**ADA | {"email_verified": 1}),
        person(**{name: value for name, value in ADA.items() if name != "email_verified"}),
        person(**ADA | {"hd": "evil.example"}),
        person(**ADA | {"hd": ["corp.example"]}),
        person(**{name: value for name, value in ADA.items() if name != "hd"}),
    ],
    ids=str,
)
def test_nobody_else_is_known(path: Path, asked: Principal) -> None:
    assert Register(path).groups(asked) is None


def test_a_required_truth_is_no_number(path: Path) -> None:
    path.write_text(FILE.replace("hd: corp.example", "admin: true"))
    register = Register(path)
    assert register.groups(person(**ADA, admin=True)) is not None
    assert register.groups(person(**ADA, admin=1)) is None


def test_a_change_counts_at_the_next_question(path: Path) -> None:
    register = Register(path)
    path.write_text(FILE.replace("[analysts]", "[analysts, added]"))
    assert register.groups(person("1082")) == {"analysts", "added"}


def test_an_edit_that_breaks_the_file_says_nothing_of_anybody_until_it_is_mended(path: Path) -> None:
    register = Register(path)
    path.write_text("version: 1\nissuers: {https://accounts.google.com: {subject: {}}}\n")
    for _ in range(2):
        with pytest.raises(DirectoryError, match=r"groups.yaml:2:\d+: .*subject: unknown key"):
            register.groups(person("1082"))
    path.unlink()
    with pytest.raises(DirectoryError, match="cannot be read"):
        register.groups(person("1082"))
    path.write_text(FILE)
    assert register.groups(person("1082")) == {"analysts"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "groups.yaml:1:1: must be a mapping"),
        ("version: 2\nissuers: {}", "groups.yaml:1:10: version: must be 1"),
        ("version: 1", "issuers: is required"),
        ("version: 1\nissuers: {i: {subjects: {a: g}}}", "groups.yaml:2:29: issuers.i.subjects.a: must be a list"),
        ("version: 1\nissuers: {i: {subjects: {a: [1]}}}", "issuers.i.subjects.a[0]: must be text"),
        ("version: 1\nissuers: {i: {subjects: {a: ['']}}}", "issuers.i.subjects.a[0]: must not be empty"),
        ("version: 1\nissuers: {i: {subjects: {a: [], a: []}}}", "the key occurs twice"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(path: Path, text: str, message: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Register(path)
    assert message in str(caught.value)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Register(tmp_path / "none.yaml")
