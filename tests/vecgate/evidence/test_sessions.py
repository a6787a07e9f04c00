from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.evidence import DANA, article, drop, exchange, flip, person, record, recording, search
from tests.support.sample import make

from vecgate.errors import Refusal
from vecgate.evidence.damage import Damage
from vecgate.evidence.erasure import erase
from vecgate.evidence.sessions import Archive
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason


def test_a_session_is_what_one_person_did_on_one_connection_also_across_restarts(tmp_path: Path) -> None:
    for _ in range(2):
        evidence = record(tmp_path, exchange(DANA, search()), exchange(person("sam"), search()))
    sessions = Archive(evidence).sessions()
    assert [(each.id, len(each.visits), each.parts) for each in sessions] == [
        ("w0-000001", 2, ["w0-000001", "w0-000003"]),
        ("w0-000002", 2, ["w0-000002", "w0-000004"]),
    ]


def test_a_session_is_found_by_any_of_its_names_and_has_its_contents(tmp_path: Path) -> None:
    made = exchange(DANA, search("what"), records=(article(1), article(2)))
    archive = Archive(record(tmp_path, made, intents=True))
    for name in ("w0-000001", made.id):
        session = archive.session(name)
        assert session is not None
        (visit,) = session.visits
        assert [query["texts"] for query in visit.queries] == [["what"]]
        assert [each["id"] for each in visit.records] == ["article-001", "article-002"]
    assert archive.session("w0-000099") is None


def test_the_unknown_are_told_apart_by_address(tmp_path: Path) -> None:
    missing = Refusal(Reason.TOKEN_MISSING)
    peers = ("192.0.2.1:1", "192.0.2.1:2", "[2001:db8::1]:1")
    evidence = record(tmp_path, *(exchange(None, refusal=missing, peer=peer) for peer in peers))
    assert [len(each.visits) for each in Archive(evidence).sessions()] == [2, 1]


def test_a_pause_cuts_a_session_and_an_approval_stands_with_what_waited_for_it(tmp_path: Path) -> None:
    archive = Archive(make(tmp_path))
    sessions = archive.sessions()
    assert [each.connection for each in sessions] == ["docs"] * 4
    pipeline = next(each for each in sessions if each.principal and each.principal["subject"] == "pipeline-7")
    waited = [visit for visit in pipeline.visits if visit.events]
    assert [visit.facts["reason"] for visit in waited] == ["approval_pending", "approved"]
    assert waited[0].events[0].facts["reviewer"] == "https://idp.example/ olga"


def test_erased_content_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    evidence = record(tmp_path, exchange(DANA, search("what"), records=(article(1),)))
    erase(evidence, tmp_path / "signing.pem", ["w0-000001"], by="olga", reason="asked to")
    session = Archive(evidence).session("w0-000001")
    assert session is not None
    (visit,) = session.visits
    assert visit.erased
    assert (visit.queries, visit.records) == ([], [])
    assert visit.facts["reason"] == "granted"


async def test_a_gateway_that_runs_can_be_read_and_its_sessions_erased(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        made = exchange(DANA, drop())
        await recorder.intent(made)
        (session,) = Archive(tmp_path / "evidence").sessions()
        assert session.verdicts == {"open": 1}
        erase(tmp_path / "evidence", tmp_path / "signing.pem", ["w0-000001"], by="olga", reason="asked to")
        recorder.outcome(made)


@pytest.mark.parametrize("file", ["w0/000001.content", "w0/keys/000001.key", "w0/000001.jsonl", "manifest.json"])
def test_what_was_tampered_with_is_not_shown(tmp_path: Path, file: str) -> None:
    evidence = record(tmp_path, exchange(DANA, search("what"), records=(article(1),)))
    flip(evidence / file, 20)
    with pytest.raises(Damage):
        Archive(evidence).session("w0-000001")


@pytest.mark.parametrize("session", ["", "w0", "w0-1/../../x", "../w0-000001", "x-123456789012"])
def test_only_a_session_s_id_can_be_erased(tmp_path: Path, session: str) -> None:
    evidence = record(tmp_path, exchange(DANA, search()))
    with pytest.raises(ValueError, match="no session"):
        erase(evidence, tmp_path / "signing.pem", [session], by="olga", reason="asked to")


def test_what_is_done_through_an_agent_is_a_session_of_its_own(tmp_path: Path) -> None:
    bot = Principal(DANA.issuer, "bot", name="Bot", groups=frozenset({"agents"}))
    acting = replace(DANA, actors=(bot,))
    evidence = record(tmp_path, *(exchange(who, search()) for who in (DANA, acting, DANA, acting)))
    sessions = list(Archive(evidence).sessions())
    assert sorted(len(session.visits) for session in sessions) == [2, 2]
    (through,) = [session for session in sessions if session.principal and session.principal["actors"]]
    assert through.principal is not None
    assert (through.principal["subject"], through.principal["actors"]) == (
        "dana",
        [{"issuer": DANA.issuer, "subject": "bot", "name": "Bot", "groups": ["agents"], "client": ""}],
    )
    assert len(through.parts) == 1
