from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.chroma_scene import masks as field_masks
from tests.support.evidence import DANA, KNOWLEDGE, PEOPLE, article, drop, exchange, person, record, recording, search

from vecgate.errors import Refusal, Unavailable
from vecgate.evidence.record import Record, parse
from vecgate.evidence.recorder import Recorder, RecorderSettings
from vecgate.evidence.sessions import Archive
from vecgate.evidence.verify import verify
from vecgate.exchange import Exchange
from vecgate.identity.certificate import Certificate
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason


def records(evidence: Path, kind: str = "", chain: str = "w0") -> list[Record]:
    data = b"".join(path.read_bytes() for path in sorted((evidence / chain).glob("*.jsonl")))
    return [made for made in map(parse, data.splitlines(keepends=True)) if kind in ("", made.kind)]


def test_what_only_a_clearance_opened_is_not_kept(tmp_path: Path) -> None:
    made = exchange(
        DANA,
        search(query={"where": {"ssn": "078-05-1120"}}, fields_used=("ssn",)),
        records=(article(1, ssn="078-05-1120"),),
    )
    assert made.decision is not None
    cleared, nobody = field_masks({}), field_masks({"ssn": "redact"})
    made.decision = replace(made.decision, masks={KNOWLEDGE: cleared}, recorded=lambda resource: nobody)
    archive = Archive(record(tmp_path, made))
    (session,) = archive.sessions()
    archive.read_contents(session)
    (visit,) = session.visits
    assert visit.records[0]["payload"]["ssn"] == "[redacted]"
    assert "078-05-1120" not in str(visit.as_dict())
    assert "hmac-sha256:" in str(visit.queries)


def test_an_outcome_says_by_which_login_token_and_certificate(tmp_path: Path) -> None:
    agent = replace(person("agent-7"), issuer="https://vecgate.example")
    alice = replace(
        person("alice"),
        account="a1",
        session="s1",
        token_id="t1",
        token_issuer="https://vecgate.example",
        actors=(agent,),
    )
    certificate = Certificate("qg" * 21 + "E", "1f", 0.0, ())
    (outcome,) = records(record(tmp_path, exchange(alice, search(), certificate=certificate)), "outcome")
    said = outcome.facts["principal"]
    assert [said[name] for name in ("issuer", "account", "session", "token_id", "token_issuer")] == [
        "https://idp.example/",
        "a1",
        "s1",
        "t1",
        "https://vecgate.example",
    ]
    assert [(each["issuer"], each["subject"]) for each in said["actors"]] == [("https://vecgate.example", "agent-7")]
    assert outcome.facts["certificate"] == certificate.fingerprint


async def test_an_intent_is_durable_before_the_request_goes_on(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        made = exchange(DANA, drop(), verdict=Verdict.ALLOW)
        await recorder.intent(made)
        assert made.intent
        assert [each.exchange for each in records(tmp_path / "evidence", "intent")] == [made.id]
        recorder.outcome(made)


def test_an_outcome_says_who_did_what_to_what_and_why(tmp_path: Path) -> None:
    made = exchange(DANA, search(), records=(article(1), article(2)), masked=("vectors", "email"))
    (outcome,) = records(record(tmp_path, made), "outcome")
    facts = outcome.facts
    assert facts["principal"] == {
        "issuer": "https://idp.example/",
        "subject": "dana",
        "name": "Dana Kim",
        "groups": ["data-science"],
        "client": "notebook",
        "account": "",
        "session": "",
        "token": "5f1e5f1e5f1e5f1e",
        "token_id": "",
        "token_issuer": "https://idp.example/",
        "actors": [],
    }
    assert (facts["connection"], facts["peer"], facts["user_agent"]) == ("docs", "192.0.2.7:51514", "chromadb/1.5.9")
    assert facts["path"] == "/api/v2/tenants/default_tenant/collections/kb_articles/query"
    assert facts["operations"][0]["action"] == "search"
    assert facts["operations"][0]["resources"] == ["default_tenant/default_database/kb_articles"]
    assert (facts["verdict"], facts["reason"], facts["decision"]["grants"]) == (
        "allow",
        "granted",
        ["data-science-read"],
    )
    assert facts["decision"]["masks"] == [
        {
            "resource": "default_tenant/default_database/kb_articles",
            "vectors": "drop",
            "scores": "rank",
            "fields": [["email", "hash"], ["ssn", "redact"]],
        }
    ]
    assert (facts["points"], facts["masked"], facts["status"]) == (2, ["vectors", "email"], 200)
    assert facts["timings"]["mask"] == 160


def test_what_requests_have_in_common_is_said_of_each_and_only_of_those_that_have_it(tmp_path: Path) -> None:
    asked = (search(), search(), search(resource="t/d/other"), search(count=9), search(count=3), search(vectors=True))
    told = [
        each.facts["operations"][0]
        for each in records(record(tmp_path, *(exchange(DANA, one) for one in asked)), "outcome")
    ]
    said = [(one["resources"], one["limit"], one["count"], one["vectors"]) for one in told]
    assert said == [([*one.resources], one.points, one.count, one.vectors) for one in asked]


DENIED = Refusal(Reason.NO_GRANT)
ENDINGS: dict[str, tuple[Exchange, tuple[str, str]]] = {
    "granted": (exchange(DANA, search()), ("allow", "granted")),
    "public": (exchange(None), ("allow", "public")),
    "approved": (exchange(DANA, drop(), approvers=("https://idp.example/ olga",)), ("allow", "approved")),
    "observed": (
        exchange(DANA, search(), verdict=Verdict.DENY, observed=(DENIED,)),
        ("allow", "observed"),
    ),
    "no grant": (
        exchange(DANA, search(), verdict=Verdict.DENY, refusal=Refusal(Reason.NO_GRANT)),
        ("deny", "no_grant"),
    ),
    "held": (exchange(DANA, drop(), refusal=Refusal(Reason.APPROVAL_PENDING)), ("hold", "approval_pending")),
    "no token": (exchange(None, refusal=Refusal(Reason.TOKEN_MISSING)), ("deny", "token_missing")),
    "malformed": (exchange(None, refusal=Refusal(Reason.BAD_TARGET), target=None), ("deny", "bad_target")),
    "client gone": (exchange(DANA, search(), refusal=Refusal(Reason.CLIENT_GONE)), ("error", "client_gone")),
    "broken": (exchange(DANA, search(), refusal=Refusal(Reason.GATEWAY_FAILURE)), ("error", "gateway_failure")),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_has_one_verdict_and_one_reason(tmp_path: Path, name: str) -> None:
    made, expected = ENDINGS[name]
    (outcome,) = records(record(tmp_path, made), "outcome")
    assert (outcome.facts["verdict"], outcome.facts["reason"]) == expected


@pytest.mark.parametrize("content", [True, False])
def test_content_is_kept_encrypted_or_not_at_all(tmp_path: Path, content: bool) -> None:
    evidence = record(tmp_path, exchange(DANA, search("the question"), records=(article(1),)), content=content)
    written = b"".join(path.read_bytes() for path in evidence.rglob("*") if path.is_file())
    assert b"the question" not in written
    assert b"Rotating keys" not in written
    session = Archive(evidence).session("w0-000001")
    assert session is not None
    texts = [query["texts"] for visit in session.visits for query in visit.queries]
    assert texts == ([["the question"]] if content else [])
    assert verify(evidence).valid


def test_a_value_compared_with_a_masked_field_and_a_vector_are_nowhere(tmp_path: Path) -> None:
    where = {"$and": [{"ssn": {"$eq": "078-05-1120"}}, {"ssn": {"$in": ["219-09-9999", 457555462]}}]}
    query = {"texts": ["q"], "where": where, "sample": [[0.11223344, 0.55667788, 1]], "limit": 3}
    probe = search(fields_used=("ssn",), query=query)
    made = exchange(DANA, probe, verdict=Verdict.DENY, refusal=Refusal(Reason.MASKED_FIELD_USED))
    evidence = record(tmp_path, made)
    session = Archive(evidence).session("w0-000001")
    assert session is not None
    everything = str(session.as_dict()).encode()
    everything += b"".join(path.read_bytes() for path in evidence.rglob("*") if path.is_file())
    for secret in (b"078-05-1120", b"219-09-9999", b"457555462", b"0.11223344"):
        assert secret not in everything
    (kept,) = session.visits[0].queries
    assert kept["where"]["$and"][0]["ssn"]["$eq"].startswith("hmac-sha256:")
    assert kept["limit"] == 3


async def test_a_pause_begins_another_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("vecgate.evidence.recorder.time.monotonic", lambda: now[0])
    async with recording(tmp_path) as recorder:
        for moment in (0, 1799, 3000, 4800, 4801):
            now[0] = moment
            recorder.outcome(exchange(DANA, search()))
        recorder.outcome(exchange(person("sam"), search()))
        recorder.outcome(exchange(DANA, search(), connection="other"))
        recorder.outcome(exchange(replace(DANA, issuer="https://other.example/"), search()))
        recorder.outcome(exchange(None))
    sessions = [each.session for each in records(tmp_path / "evidence", "outcome")]
    numbers = [1, 1, 1, 2, 2, 3, 4, 5]
    assert sessions == [f"w0-{number:06d}" for number in numbers] + [""]


async def test_events_are_recorded_and_cannot_pose_as_records_of_the_recorder(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.event("approval", {"ticket": "t1", "by": "olga"}, "e1")
        for kind in ("checkpoint", "outcome", "erasure"):
            with pytest.raises(ValueError, match="recorder's own"):
                recorder.event(kind, {})
    (event,) = records(tmp_path / "evidence", "approval")
    assert (event.exchange, event.facts) == ("e1", {"ticket": "t1", "by": "olga"})


async def test_a_recorder_that_cannot_start_says_so_and_takes_no_work(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file")
    recorder = Recorder(RecorderSettings(tmp_path / "evidence", tmp_path / "signing.pem", b"k"))
    with pytest.raises(Unavailable, match="Evidence cannot be written"):
        await recorder.start()
    assert not recorder.healthy
    for call in (recorder.check, lambda: recorder.outcome(exchange(DANA)), lambda: recorder.event("x", {})):
        with pytest.raises(Unavailable):
            call()
    with pytest.raises(Unavailable):
        await recorder.intent(exchange(DANA))


async def test_a_signing_key_inside_the_evidence_stops_the_start(tmp_path: Path) -> None:
    recorder = Recorder(RecorderSettings(tmp_path / "evidence", tmp_path / "evidence" / "signing.pem", b"k"))
    with pytest.raises(Unavailable, match="lies inside the evidence"):
        await recorder.start()


async def test_workers_have_chains_of_their_own_and_vouch_for_each_other(tmp_path: Path) -> None:
    async with recording(tmp_path) as one, recording(tmp_path, chain="w1") as two:
        for recorder in (one, two, one, two):
            recorder.outcome(exchange(DANA, search(), records=(article(1),)))
    evidence = tmp_path / "evidence"
    assert verify(evidence).chains == 2
    (session,) = Archive(evidence).sessions()
    assert len(session.visits) == 4
    assert session.parts == ["w0-000001", "w1-000001"]
    last = records(evidence, "checkpoint")[-1]
    assert set(last.facts["heads"]) == {"w0", "w1"}
    manifest = (evidence / "manifest.json").read_bytes()
    shutil.rmtree(evidence / "w1")
    damage = verify(evidence).damage
    assert damage is not None
    assert (damage.kind, damage.file) == ("missing_segment", "w1/000001.jsonl")
    assert b'"w1"' in manifest


async def test_workers_that_start_together_share_one_key_and_manifest(tmp_path: Path) -> None:
    async def one(chain: str) -> None:
        async with recording(tmp_path, chain=chain) as recorder:
            recorder.outcome(exchange(DANA, search()))

    await asyncio.gather(*(one(f"w{n}") for n in range(4)))
    assert verify(tmp_path / "evidence").chains == 4


def test_a_batch_is_recorded_by_what_differs(tmp_path: Path) -> None:
    alike = [search(f"question {n}") for n in range(100)]
    (outcome,) = records(record(tmp_path, exchange(DANA, *alike, search("other", PEOPLE))), "outcome")
    assert [(each["count"], each["limit"]) for each in outcome.facts["operations"]] == [(100, 500), (1, 5)]


def test_a_caller_whose_names_have_no_canonical_form_is_recorded(tmp_path: Path) -> None:
    odd = replace(DANA, name="Dana \ud800", groups=frozenset({"data-science", "\udfff"}))
    (outcome,) = records(record(tmp_path, exchange(odd, search())), "outcome")
    assert outcome.facts["principal"]["name"] == "Dana \\ud800"
    assert outcome.facts["principal"]["groups"] == ["data-science", "\\udfff"]


def test_callers_that_share_a_name_keep_their_own_facts(tmp_path: Path) -> None:
    folder = record(tmp_path, *(exchange(replace(DANA, fingerprint=f"{n:016x}"), search()) for n in range(3)))
    told = [outcome.facts["principal"]["token"] for outcome in records(folder, "outcome")]
    assert told == [f"{n:016x}" for n in range(3)]


def test_outcome_facts_need_no_cleaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(value: Any, depth: int = 0) -> Any:
        raise AssertionError(value)

    monkeypatch.setattr("vecgate.evidence.canonical.clean", never)
    for made, _ in ENDINGS.values():
        made.id += "0"
    record(tmp_path, *(made for made, _ in ENDINGS.values()))
