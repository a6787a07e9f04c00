"""Evidence made by the real recorder from exchanges as the pipeline leaves them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from vecgate.config.identity import Subjects
from vecgate.config.models import ApprovalRule
from vecgate.errors import Refusal
from vecgate.evidence.recorder import Recorder, RecorderSettings
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading, Record
from vecgate.operations.messages import Answer, Request, Target
from vecgate.operations.model import Action, Operation, Risk
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason

REDACTION_KEY = b"a test's key for keyed digests...."
KNOWLEDGE = "default_tenant/default_database/kb_articles"
PEOPLE = "default_tenant/default_database/hr_people"


def person(subject: str, *groups: str, name: str = "") -> Principal:
    return Principal(
        "https://idp.example/", subject, name or subject.title(), frozenset(groups), "notebook", fingerprint="5f1e" * 4
    )


DANA = person("dana", "data-science", name="Dana Kim")


@dataclass(frozen=True)
class FakeMasks:
    """The part of MaskSet that evidence asks."""

    fields: Mapping[str, str] = field(default_factory=lambda: {"email": "hash", "ssn": "redact"})

    def describe(self) -> dict[str, Any]:
        return {"vectors": "drop", "scores": "rank", "fields": dict(self.fields)}

    def used(self, fields: Iterable[str]) -> str | None:
        return next((name for name in fields if name in self.fields), None)


MASKS = cast("MaskSet", FakeMasks())
REVIEW = ApprovalRule(name="destructive", reviewers=Subjects(groups=["db-owners"]))


def exchange(
    principal: Principal | None = DANA,
    *operations: Operation,
    verdict: Verdict = Verdict.ALLOW,
    refusal: Refusal | None = None,
    records: tuple[Record, ...] = (),
    masked: tuple[str, ...] = (),
    **members: Any,
) -> Exchange:
    """An exchange that has ended; an allowed one was forwarded and answered."""
    reason = Reason.GRANTED if verdict is Verdict.ALLOW else refusal.reason if refusal else Reason.NO_GRANT
    target = Target(("api", "v2", "tenants", "default_tenant", "collections", "kb_articles", "query"))
    made = Exchange("docs", "192.0.2.7:51514", method="POST", target=target, user_agent="chromadb/1.5.9")
    made.principal = principal
    made.refusal = refusal
    if operations:
        made.reading = Reading(Request("POST", target), operations)
        made.decision = Decision(
            verdict,
            reason,
            grants=("data-science-read",) if verdict is Verdict.ALLOW else (),
            masks={name: MASKS for operation in operations for name in operation.resources},
            approval=REVIEW if verdict is Verdict.HOLD else None,
        )
    if refusal is None:
        answer = Answer(200)
        made.forwarded, made.upstream_status = True, 200
        made.masked = Masked(answer, len(records), records, masked)
        made.answer = answer
    else:
        made.answer = Answer(refusal.status)
    made.timings = {"identify": 41, "inspect": 88, "authorize": 19, "mask": 160}
    for name, value in members.items():
        setattr(made, name, value)
    return made


def search(text: str = "how do I rotate a signing key", resource: str = KNOWLEDGE, **members: Any) -> Operation:
    query = {"texts": [text], "limit": 5}
    return Operation("query", Action.SEARCH, (resource,), points=5, **{"query": query} | members)


def drop(resource: str = KNOWLEDGE) -> Operation:
    return Operation("delete_collection", Action.ADMIN, (resource,), risks=(Risk.DROP_COLLECTION,))


def article(number: int, title: str = "Rotating keys without downtime", **payload: Any) -> Record:
    shown = {"title": title, "email": "tok_9c1f0b77", "team": "platform", **payload}
    return Record(KNOWLEDGE, f"article-{number:03d}", shown, 0.9 - number / 50)


@asynccontextmanager
async def recording(folder: Path, **settings: Any) -> AsyncIterator[Recorder]:
    """A recorder that writes to `folder/evidence` and is stopped cleanly."""
    recorder = Recorder(
        RecorderSettings(folder / "evidence", folder / "signing.pem", **{"redaction_key": REDACTION_KEY} | settings)
    )
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.stop()


def record(folder: Path, *exchanges: Exchange, intents: bool = False, **settings: Any) -> Path:
    """Write these exchanges and stop; the evidence directory."""

    async def write() -> None:
        async with recording(folder, **settings) as recorder:
            for each in exchanges:
                if intents:
                    await recorder.intent(each)
                recorder.outcome(each)

    asyncio.run(write())
    return folder / "evidence"


def flip(path: Path, position: int, bit: int = 1) -> bytes:
    """Change one byte; the file's bytes before."""
    before = path.read_bytes()
    path.write_bytes(before[:position] + bytes([before[position] ^ bit]) + before[position + 1 :])
    return before


def edit_lines(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
