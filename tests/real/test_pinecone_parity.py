"""The same intent over REST and over gRPC: the same verdict, reason, masks and facts for evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from tests.support.pinecone_gateway import NUMBERS, POLICY, SECRET, PineconeScene, pinecone_scene
from tests.support.pinecone_intents import INTENTS, REFUSED, Intent
from tests.support.policies import decide, person, policy

from vecgate.errors import Refusal
from vecgate.operations.dialect import Reading
from vecgate.policy.decision import Verdict
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason
from vecgate_pinecone import PineconeDialect
from vecgate_pinecone.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real

PINECONE: Final = PineconeDialect()
PEOPLE: Final = ("owners", "readers", "pipelines", "strangers")
FACTS: Final = (
    "action",
    "resources",
    "scope",
    "fields_used",
    "vectors",
    "scores_steer",
    "risks",
    "copies",
    "count",
    "points",
)


@pytest.mark.parametrize("name", INTENTS)
def test_two_wires_judge_one_intent_alike(name: str, tmp_path: Path) -> None:
    rules = policy(tmp_path, POLICY)
    one, other = read(name)
    assert len(one.operations) == len(other.operations)
    for first, second in zip(one.operations, other.operations, strict=True):
        assert facts(first) == facts(second)
    for group in PEOPLE:
        assert judged(rules, group, one) == judged(rules, group, other)


@pytest.mark.parametrize("name", INTENTS)
def test_two_wires_leave_the_same_query_in_evidence(name: str) -> None:
    for first, second in zip(*(reading.operations for reading in read(name)), strict=True):
        assert kept(first.query) == kept(second.query)


@pytest.mark.parametrize("name", REFUSED)
def test_two_wires_refuse_alike(name: str) -> None:
    reasons = []
    for request in (REFUSED[name].rest(), REFUSED[name].grpc()):
        with pytest.raises(Refusal) as caught:
            PINECONE.read(request)
        reasons.append(caught.value.reason)
    assert reasons[0] == reasons[1]


def test_the_intents_tell_verdicts_apart(tmp_path: Path) -> None:
    """A table in which everything is denied would hold for any two wires."""
    rules = policy(tmp_path, POLICY)
    decisions = {
        name: {group: decide(rules, person(group), *read(name)[0].operations) for group in PEOPLE} for name in INTENTS
    }
    reasons = {decision.reason for people in decisions.values() for decision in people.values()}
    assert reasons >= {Reason.GRANTED, Reason.NO_GRANT, Reason.MASKED_FIELD_USED, Reason.APPROVAL_PENDING}
    assert decisions["delete all"]["pipelines"].verdict is Verdict.HOLD
    assert all(people["owners"].verdict is Verdict.ALLOW for people in decisions.values())


def test_every_call_has_an_intent() -> None:
    assert {f"/VectorService/{each.call}" for each in INTENTS.values()} == {
        method for method, _ in DESCRIPTORS.methods() if method.startswith("/VectorService/")
    }


def kept(query: Any) -> dict[str, Any]:
    """What is a default in one wire, and absent in the other, says nothing; the digest of a vector is that of its bytes
    as they came, text in one, binary in the other."""
    said = {key: value for key, value in (query or {}).items() if value}
    if vectors := said.get("vectors"):
        said["vectors"] = [{**one, "sha256": len(one["sha256"])} for one in vectors]
    return said


def read(name: str) -> tuple[Reading, Reading]:
    return PINECONE.read(INTENTS[name].rest()), PINECONE.read(INTENTS[name].grpc())


def judged(rules: Policy, group: str, reading: Reading) -> tuple[Any, ...]:
    decision = decide(rules, person(group), *reading.operations)
    masks = {at: mask.describe() for at, mask in decision.masks.items()}
    return decision.verdict, decision.reason, bool(decision.oracle), masks


def facts(operation: Any) -> dict[str, Any]:
    return {fact: getattr(operation, fact) for fact in FACTS}


# ---- through a whole gateway, with plain clients


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PineconeScene]:
    with pinecone_scene(tmp_path_factory.mktemp("wires")) as made:
        yield made


ASKED: Final = (
    "query for all",
    "query by a masked field",
    "query of no namespace",
    "query of another namespace",
    "fetch",
    "fetch by metadata",
    "fetch by a token that steers",
    "list",
    "update by a masked field, dry",
    "delete by a filter",
    "statistics",
    "namespaces",
    "drop a namespace",
)
HARMLESS: Final = frozenset({"readers", "strangers"})
CODES: Final = {200: grpc.StatusCode.OK, 403: grpc.StatusCode.PERMISSION_DENIED}


@pytest.mark.parametrize("group", sorted(HARMLESS))
@pytest.mark.parametrize("name", ASKED)
def test_two_wires_answer_one_intent_alike(name: str, group: str, scene: PineconeScene) -> None:
    before = len(outcomes(scene))
    status, reason, text = over_rest(scene, group, INTENTS[name])
    code, said, shown = over_grpc(scene, group, INTENTS[name])
    assert (CODES[status], reason) == (code, said)
    for secret in (SECRET, *NUMBERS):
        assert secret not in text
        assert secret not in shown
    first, second = ended(scene, before)
    assert first["decision"] == second["decision"]
    assert put_on_record(first) == put_on_record(second)


@pytest.mark.parametrize("name", ["query for all", "fetch", "fetch by metadata"])
def test_both_show_an_owner_everything(name: str, scene: PineconeScene) -> None:
    for text in (over_rest(scene, "owners", INTENTS[name])[2], over_grpc(scene, "owners", INTENTS[name])[2]):
        assert SECRET in text
        assert NUMBERS[0] in text


def over_rest(scene: PineconeScene, group: str, asked: Intent) -> tuple[int, str, str]:
    """Status, the reason of a refusal, and all that came back."""
    method, target, body = asked.route
    answer = scene.gateway.http.request(
        method,
        scene.host + target,
        content=body,
        headers={"api-key": scene.token(group), **({"content-type": "application/json"} if body else {})},
    )
    return answer.status_code, answer.json().get("reason", ""), answer.text


def over_grpc(scene: PineconeScene, group: str, asked: Intent) -> tuple[grpc.StatusCode, str, str]:
    with grpc.insecure_channel(f"127.0.0.1:{scene.data}") as channel:
        call: Any = channel.unary_unary(asked.path)
        try:
            reply = call(asked.message, timeout=10, metadata=[("api-key", scene.token(group))])
        except grpc.RpcError as error:
            told: Any = error
            trailers = {one.key: one.value for one in told.trailing_metadata()}
            return told.code(), str(trailers.get("vecgate-reason", "")), told.details()
    kind = DESCRIPTORS.type(DESCRIPTORS.method(asked.path).output_type.full_name)
    return grpc.StatusCode.OK, "", str(kind.FromString(reply))


def put_on_record(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in one if name not in {"name", "query"}} for one in outcome["operations"]]


def ended(scene: PineconeScene, before: int) -> list[dict[str, Any]]:
    """The facts of what ended since, as soon as they are written."""
    deadline = time.monotonic() + 10
    while len(outcomes(scene)) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    return outcomes(scene)[before:]


def outcomes(scene: PineconeScene) -> list[dict[str, Any]]:
    return [record["facts"] for record in scene.gateway.records() if record["kind"] == "outcome"]
