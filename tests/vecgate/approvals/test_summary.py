from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.support.approvals import asked

from vecgate.approvals import summary as module
from vecgate.approvals.summary import effect, summary
from vecgate.operations.messages import Request, Target
from vecgate.operations.model import Action, Operation, Risk

DELETE = Operation("delete", Action.DELETE, ("t/d/kb",), risks=(Risk.BULK_DELETE,), count=3)
SEARCH = Operation("query", Action.SEARCH, ("t/d/kb",))


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([DELETE], "delete 3 in t/d/kb (bulk_delete)"),
        ([DELETE, DELETE, SEARCH], "delete 6 in t/d/kb (bulk_delete); search 1 in t/d/kb"),
        ([Operation("reset", Action.ADMIN)], "admin 1"),
        ([replace(SEARCH, resources=("a", "b", "c", "d", "e"))], "search 1 in a, b, c and 2 more"),
        ([replace(SEARCH, resources=(str(n),)) for n in range(12)], None),
    ],
)
def test_the_effect_is_one_line(operations: list[Operation], expected: str | None) -> None:
    line = effect(operations)
    assert line == expected or (expected is None and line.endswith("; and 2 more"))


def test_a_reviewer_sees_what_runs() -> None:
    request = Request("POST", Target(("a b", "kb"), (("x", "ä"),)), body=b"body")
    shown = summary(asked(request=request))
    assert shown["method"] == "POST"
    assert shown["target"] == "/a%20b/kb?x=%C3%A4"
    assert shown["body_bytes"] == 4
    assert shown["body_sha256"] == hashlib.sha256(b"body").hexdigest()
    (operation,) = shown["operations"]
    assert operation["query"] == {"where": {"city": "Graz"}}
    assert operation["resources"] == ["t/d/kb"]
    assert operation["risks"] == ["bulk_delete"]
    assert shown["complete"]


def test_vectors_are_never_shown() -> None:
    operation = replace(SEARCH, query={"vectors": [[0.125, 0.25, 0.5]], "where": {"near": [0.125, 0.5, 0.75]}})
    assert "0.125" not in str(summary(asked(operations=(operation,))))


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param((replace(SEARCH, query={"text": "x" * module.QUERY}),), id="a long query"),
        pytest.param((SEARCH,) * (module.OPERATIONS + 1), id="many operations"),
        pytest.param((replace(SEARCH, resources=("r",) * (module.RESOURCES + 1)),), id="many resources"),
    ],
)
def test_what_does_not_fit_is_cut_and_said_to_be(operations: tuple[Operation, ...]) -> None:
    shown = summary(asked(operations=operations))
    assert not shown["complete"]
    assert shown["operations_total"] == len(operations)
    assert len(str(shown)) < 4 * module.QUERY
