"""Configurations in tests: text in, `Loaded` out, with a dialect of three-part names that answers nothing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import ClassVar

from vecgate.config.known import Known
from vecgate.config.load import Loaded, load
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.operations.dialect import CredentialHeader, Dialect, Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.model import Action
from vecgate.operations.table import Row, Table
from vecgate.policy.decision import Decision

HEAD = """\
version: 1
connections:
  - {name: docs, dialect: chroma, listen: "127.0.0.1:6010", upstream: "http://127.0.0.1:8000"}
"""


class ThreePart(Dialect):
    """Knows its names, and nothing else."""

    name: ClassVar[str] = "chroma"
    credential: ClassVar[CredentialHeader] = CredentialHeader("x-chroma-token")
    table: ClassVar[Table] = Table(
        "chroma", "Three-part names", [Row("get", "GET", "/{t}/{d}/{c}", Action.READ, ("{t}/{d}/{c}",))]
    )

    def read(self, request: Request) -> Reading:
        raise NotImplementedError

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        raise NotImplementedError

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        raise NotImplementedError

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        raise NotImplementedError


MASKER = Masker(bytes(range(32)))
KNOWN = Known({"chroma": ThreePart()}, MASKER)


def write(folder: Path, text: str, name: str = "vecgate.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def loaded(folder: Path, text: str, head: str = HEAD) -> Loaded:
    """The configuration of one chroma connection, `docs`, with the text as what follows."""
    return load(write(folder, head + dedent(text)), lambda plugins, base: KNOWN)
