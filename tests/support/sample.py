"""A realistic afternoon at a gateway, as evidence: what a report has to show at its best and at its worst."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.support.evidence import DANA, KNOWLEDGE, PEOPLE, article, drop, exchange, person, recording, search
from vecgate.errors import Refusal
from vecgate.evidence.entry import Entry
from vecgate.exchange import Exchange
from vecgate.operations.model import Action, Operation
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason

CANARY = "<script>alert('vecgate')</script><img src=x onerror=alert(1)>\u202etxt.exe\x1b[31m"
START = 1_795_442_400_000_000_000
"""2026-11-23 14:00 UTC, in nanoseconds."""
CHANGES = (Action.WRITE, Action.ADMIN)
MINUTE = 60_000_000_000

QUESTIONS = (
    "how do I rotate a signing key without downtime",
    "retention of audit logs",
    "wer darf eine Sammlung löschen?",
    "incident 4711 root cause",
    "vector index rebuild duration",
    "who owns the embeddings pipeline",
)


def dana() -> Iterator[tuple[float, Exchange]]:
    """A data scientist: searches, a probe at a masked field, something not granted, a limit."""
    chance = random.Random(7)
    for minute in (0, 1, 2.5, 4, 4.2, 4.4, 9, 13, 13.5, 17, 21, 22):
        records = tuple(
            article(number, f"Article {number}") for number in chance.sample(range(90), chance.randint(2, 5))
        )
        vector = {"dimension": 384, "norm": 1.0, "sha256": "7d1a"}
        asked = search(query={"texts": [chance.choice(QUESTIONS)], "vectors": [vector], "n_results": 5})
        yield minute, exchange(DANA, asked, records=records, masked=("vectors", "email"))
    probe = search("anyone", fields_used=("ssn",), query={"texts": ["anyone"], "where": {"ssn": "078-05-1120"}})
    refused = Refusal(Reason.MASKED_FIELD_USED, "The filter uses ssn, which is masked for you.")
    yield 6, exchange(DANA, probe, verdict=Verdict.DENY, refusal=refused)
    denied = Refusal(Reason.NO_GRANT, "No grant covers search on this collection.")
    yield 6.3, exchange(DANA, search("salaries", PEOPLE), verdict=Verdict.DENY, refusal=denied)
    yield 7, exchange(DANA, search("salaries 2026", PEOPLE), verdict=Verdict.DENY, refusal=denied)
    spent = Refusal(Reason.BUDGET_EXCEEDED, "everyone: 50000 records in a day", {"retry-after": "3600"})
    yield 23, exchange(DANA, search(), refusal=spent)


def pipeline() -> Iterator[tuple[float, Exchange]]:
    """A service that writes, and a collection that somebody had to approve the end of."""
    robot = person("pipeline-7", "pipelines", name="Nightly pipeline")
    write = Operation("upsert", Action.WRITE, (KNOWLEDGE,), count=200, query={"ids": ["article-001", "article-002"]})
    for minute in (3, 3.1, 3.2, 15):
        yield minute, exchange(robot, write, user_agent="chromadb-js/3.5.0", peer="198.51.100.20:40022")
    pending = Refusal(Reason.APPROVAL_PENDING, "destructive: waits for db-owners", extra={"ticket": "tk_5b21"})
    ticket: dict[str, Any] = {"ticket": "tk_5b21", "peer": "198.51.100.20:40023"}
    yield 10, exchange(robot, drop(), verdict=Verdict.HOLD, refusal=pending, **ticket)
    yield 12, exchange(robot, drop(), approvers=("https://idp.example/ olga",), **ticket)


def stranger() -> Iterator[tuple[float, Exchange]]:
    """Without identity, with a name that tries to be markup, and with an upstream that broke."""
    missing = Refusal(Reason.TOKEN_MISSING)
    yield 8, exchange(None, refusal=missing, user_agent=CANARY, peer="203.0.113.9:1024")
    agent = person(CANARY, CANARY, name=CANARY)
    sam = replace(
        person("sam", CANARY, name=CANARY),
        account=CANARY,
        session=CANARY,
        token_id=CANARY,
        token_issuer=CANARY,
        actors=(agent,),
    )
    canary = article(1, CANARY, **{CANARY: CANARY, "note": "=1+1"})
    yield 8.5, exchange(sam, search(CANARY), records=(canary,), user_agent=CANARY)
    yield 8.7, exchange(sam, search(), refusal=Refusal(Reason.UNMASKABLE_RESPONSE, CANARY), forwarded=True)


def make(folder: Path) -> Path:
    """Record it all; the evidence directory."""
    visits = sorted([*dana(), *pipeline(), *stranger()], key=lambda each: each[0])
    now = [0.0]

    def entry(*members: Any, **named: Any) -> Entry:
        made = Entry(*members, **named)
        made.wall = START + int(now[0] * MINUTE)
        return made

    async def write() -> None:
        async with recording(folder) as recorder:
            for minute, each in visits:
                now[0] = minute
                if each.forwarded and each.reading and each.reading.operations[0].action in CHANGES:
                    await recorder.intent(each)
                recorder.outcome(each)
            now[0] = 11.0
            decided = {
                "step": "approved",
                "ticket": "tk_5b21",
                "state": "approved",
                "reviewer": "https://idp.example/ olga",
            }
            recorder.event("approval", decided)

    with patch("vecgate.evidence.recorder.Entry", entry):
        asyncio.run(write())
    return folder / "evidence"
