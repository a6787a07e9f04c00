"""docs/doctor.md: what it says is looked at, what is found, and how grave that is, is what the code does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from tests.support.cli import Ran, run
from tests.support.configs import write
from tests.support.pages import DOCS, blocks
from tests.support.stages import Scene
from tests.support.tokens import ec, jwks_file, rsa

from vecgate.cli.app import verb
from vecgate.cli.doctor import MARKS
from vecgate.doctor import upstreams
from vecgate.doctor.diagnosis import Diagnosis, Status
from vecgate.doctor.upstreams import Reception
from vecgate.operations.messages import Answer, Outgoing
from vecgate.runtime import Fields, Upstream

PAGE = (DOCS / "doctor.md").read_text()
CONFIG = """
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 127.0.0.1:6010
    upstream: http://10.0.0.5:8000
    credential: {header: x-chroma-token, value: "file:service.key"}
identity:
  issuers: [{issuer: "https://login.example/", audience: vecgate, jwks: "file:jwks.json"}]
state: {url: "sqlite:///state.db"}
evidence: {directory: evidence}
"""


async def open_to_all(self: Upstream, outgoing: Outgoing, proof: Fields) -> Answer:
    """A database that answers whoever asks, and that nobody contacts."""
    return Answer(200, (("content-type", "application/json"),), b"{}")


def examined(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ran:
    monkeypatch.setattr(Upstream, "ask", open_to_all)
    (folder / "service.key").touch(0o600)
    (folder / "service.key").write_text("canary")
    jwks_file(folder / "jwks.json", rsa(), ec())
    return run("doctor", "-c", write(folder, CONFIG), *arguments)


def table(columns: int) -> list[list[str]]:
    """The cells below the heading of the page's one table of so many columns."""
    lines = [line.replace("`", "")[1:-1].split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns][1:]


def test_the_console_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = examined(tmp_path, monkeypatch)
    printed = (ran.out + ran.err).replace(str(tmp_path), "/srv/vecgate")
    (shown,) = blocks(PAGE, "console")
    assert sorted(printed.splitlines()) == sorted(shown.splitlines()[1:])


def test_every_subject_is_in_the_table_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(tmp_path, monkeypatch, "--json").document
    subjects = {re.sub(r"\[\d+\]", "[…]", each["subject"]) for each in found["checks"]}
    named = {subject for subject, _ in table(2)}
    assert {subject.replace("connections.docs", "connections.…") for subject in subjects} == named


def test_every_level_is_in_the_table() -> None:
    assert {status: mark.strip() for status, mark in MARKS.items()} == {status: mark for mark, status, _ in table(3)}
    assert set(MARKS) == set(Status)


RECEPTIONS = (Reception.ANSWERED, Reception.TURNED_AWAY, Reception.UNCLEAR)
"""In the order of the table's columns."""
ASKED: dict[str, Callable[[Reception], Diagnosis]] = {
    "the gateway": lambda reception: upstreams._credential("", Scene().upstream, "", reception),
    "anybody else": lambda reception: upstreams._stranger("", "", "", reception, False),
    "anybody else, --enclosed": lambda reception: upstreams._stranger("", "", "", reception, True),
}


def test_how_grave_each_answer_is() -> None:
    assert {who: marks for who, *marks in table(4)} == {
        who: [MARKS[diagnosed(reception).status].strip() for reception in RECEPTIONS]
        for who, diagnosed in ASKED.items()
    }


def test_the_document_and_the_options_are_those_there_are() -> None:
    (listed,) = re.findall(r'"checks": \[\{(.+?)\}\]', PAGE)
    assert re.findall(r'"(\w+)"', listed) == [each.name for each in fields(Diagnosis)]
    options = {name for each in verb("doctor", "doctor").params for name in each.opts if name.startswith("--")}
    assert set(re.findall(r"`(--[\w-]+)", PAGE)) == options - {"--config"}
