from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.evidence import MASKS, search

from vecgate.evidence.redaction import Redactor, describe_vector, without_vectors
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason

REDACTOR = Redactor(b"key")
DECISION = Decision(Verdict.ALLOW, Reason.GRANTED, masks={"t/d/c": MASKS}, masks_for=lambda name: MASKS)
WHERE = {"must": [{"key": "ssn", "match": {"value": "078-05-1120"}}, "ssn like '1%'", {"gte": 17, "flag": True}]}


@pytest.mark.parametrize(
    ("fields", "decision", "resource", "hidden"),
    [
        (("title",), DECISION, "t/d/c", False),
        ((), None, "t/d/c", False),
        (("ssn",), DECISION, "t/d/c", True),
        (("title", "email"), DECISION, "t/d/c", True),
        (("ssn",), DECISION, "t/d/unlisted", True),
        (("title",), None, "t/d/c", True),
    ],
)
def test_values_are_hidden_where_a_masked_field_is_used_or_nobody_knows(
    fields: tuple[str, ...], decision: Decision | None, resource: str, hidden: bool
) -> None:
    operation = search(resource=resource, fields_used=fields, query={"where": WHERE, "texts": ["q"], "limit": 5})
    query = REDACTOR.query(operation, decision)
    assert ("078-05-1120" not in str(query)) is hidden
    assert ("17" not in str(query["where"]["must"][2])) is hidden
    assert ("like" not in str(query)) is hidden
    assert (query["texts"], query["limit"]) == (["q"], 5)


def test_without_a_resource_everything_compared_is_hidden() -> None:
    operation = replace(search(fields_used=("title",), query={"where": {"title": "a secret"}}), resources=())
    assert "secret" not in str(REDACTOR.query(operation, DECISION))


def test_equal_values_have_equal_digests_under_one_key_and_others_under_another() -> None:
    assert REDACTOR.digest("a") == REDACTOR.digest("a")
    assert REDACTOR.digest("1") != REDACTOR.digest(1)
    assert REDACTOR.digest("a") != Redactor(b"other").digest("a")


@pytest.mark.parametrize(
    ("value", "is_vector"),
    [
        ([0.1, 0.2, 0.3], True),
        ([1, 2, 0.5], True),
        ([0.1, 0.2], False),
        ([1, 2, 3, 4, 5, 6, 7, 8], False),
        ([True, False, 0.5], False),
        (["a", "b", 0.5], False),
    ],
)
def test_a_vector_is_known_by_its_fractions(value: list[Any], is_vector: bool) -> None:
    kept = without_vectors({"deep": [{"x": value}]})["deep"][0]["x"]
    assert kept == (describe_vector(value) if is_vector else value)


def test_a_vector_is_described_by_digest_dimension_and_norm() -> None:
    described = describe_vector([3.0, 4.0])
    assert (described["dimension"], described["norm"], len(described["sha256"])) == (2, 5.0, 64)
    assert describe_vector([1e300, 1.0, 0.0])["dimension"] == 3
