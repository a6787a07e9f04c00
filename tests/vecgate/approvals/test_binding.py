from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.support.approvals import ALICE, asked, rule
from tests.support.state import person

from vecgate.approvals.asked import Asked
from vecgate.approvals.binding import binding, plain
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations.document import Numbers
from vecgate.operations.messages import Request, Target
from vecgate.operations.model import Action, Operation
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason

BASE = asked()


class Mask:
    def __init__(self, strategy: str) -> None:
        self.strategy = strategy

    def describe(self) -> dict[str, Any]:
        return {"vectors": self.strategy, "fields": {}}


def decided(**changes: Any) -> Decision:
    return replace(BASE.decision, **changes)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BASE, connection="other"), id="connection"),
        pytest.param(replace(BASE, principal=person("bob")), id="principal"),
        pytest.param(replace(BASE, principal=replace(BASE.principal, actors=(person("bot"),))), id="actor"),
        pytest.param(replace(BASE, principal=Principal("https://other.test/", "alice")), id="issuer"),
        pytest.param(replace(BASE, request=replace(BASE.request, method="PUT")), id="method"),
        pytest.param(replace(BASE, request=replace(BASE.request, target=Target(("api", "kb2")))), id="path"),
        pytest.param(
            replace(BASE, request=replace(BASE.request, target=replace(BASE.request.target, query=(("a", "b"),)))),
            id="query",
        ),
        pytest.param(asked({"where": {"city": "Wien"}}), id="body"),
        pytest.param(
            replace(BASE, operations=(replace(BASE.operations[0], resources=("t/d/other",)),)), id="moved alias"
        ),
        pytest.param(replace(BASE, operations=(*BASE.operations, Operation("x", Action.META))), id="operations"),
        pytest.param(replace(BASE, decision=decided(grants=("other",))), id="grant"),
        pytest.param(replace(BASE, decision=decided(masks={"t/d/kb": Mask("drop")})), id="mask"),
        pytest.param(asked(rule=rule(name="other")), id="rule"),
        pytest.param(asked(rule=rule(approvals=2)), id="number of approvals"),
        pytest.param(asked(rule=rule(reviewers={"groups": ["others"]})), id="reviewers"),
        pytest.param(replace(BASE, decision=decided(approval=None)), id="no rule any more"),
    ],
)
def test_everything_that_is_approved_changes_it(other: Asked) -> None:
    assert binding(other) != binding(BASE)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(replace(BASE, exchange="f" * 32), id="exchange"),
        pytest.param(replace(BASE, peer="127.0.0.1:9", user_agent="other"), id="peer"),
        pytest.param(replace(BASE, principal=replace(ALICE, name="A.", fingerprint="2")), id="another token"),
        pytest.param(
            replace(BASE, request=replace(BASE.request, body=b' {"where":{"city":"Graz"}}')), id="white space"
        ),
        pytest.param(asked(rule=rule(hold="1s", expires="1h")), id="how long it may take"),
        pytest.param(replace(BASE, decision=decided(verdict=Verdict.ALLOW)), id="verdict"),
    ],
)
def test_what_a_retry_may_change_does_not(same: Asked) -> None:
    assert binding(same) == binding(BASE)


def test_the_order_of_members_does_not_matter() -> None:
    assert binding(asked({"a": 1, "b": 2})) == binding(asked({"b": 2, "a": 1}))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (2**60, 2**60 + 1),
        (2**60, {"\0int": str(2**60)}),
        (msgspec.Raw(b"[1,2]"), msgspec.Raw(b"[1,3]")),
        (msgspec.Raw(b"x"), b"x"),
        (Numbers([1.0], b"[1.0]"), Numbers([1.0], b"[1.00]")),
        (Numbers([1.0, 2.0], b"[1.0,2.0]"), [1.0, 2.0]),
        (b"a", b"b"),
        ({"\0a": 1}, {"\0\0a": 1}),
        ("1", 1),
        (None, "null"),
        (True, 1),
        ([], {}),
        (["a", "b"], ["b", "a"]),
    ],
)
def test_different_documents_never_look_the_same(one: Any, two: Any) -> None:
    assert plain(one) != plain(two) or type(plain(one)) is not type(plain(two))
    assert binding(asked({"v": one})) != binding(asked({"v": two}))


def test_a_document_that_is_not_plain_data_is_refused() -> None:
    with pytest.raises(TypeError):
        binding(asked({"v": object()}))
    with pytest.raises(TypeError):
        binding(asked({1: 2}))


def test_a_document_without_a_canonical_form_is_refused() -> None:
    for value in (float("nan"), "\ud800"):
        with pytest.raises(Refusal) as refused:
            binding(asked({"v": value}))
        assert refused.value.reason is Reason.BAD_BODY


def test_a_request_without_a_body() -> None:
    bodyless = replace(BASE, request=Request("DELETE", Target(("api", "kb"))), document=None)
    assert len(binding(bodyless)) == 64
