"""The test kit for plugin authors: values to call hooks with, and checks that hold a plugin to its contract.

Nothing here needs a gateway, a database or a network. For hooks of a module of yours: `Hooks.of(mine=module)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vecgate.config.models import MaskRule
from vecgate.identity.principal import Principal
from vecgate.masking.masker import KEY_BYTES, Masker
from vecgate.masking.maskset import MaskSet
from vecgate.masking.strategies import FieldStrategy, VectorStrategy
from vecgate.operations.dialect import Dialect
from vecgate.operations.messages import Request
from vecgate.operations.model import Action, Operation
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason

type Strategies = Mapping[str, FieldStrategy | VectorStrategy]


def principal(subject: str = "alice", groups: Sequence[str] = (), **claims: Any) -> Principal:
    """Somebody that the issuer `https://idp.example/` proved."""
    return Principal("https://idp.example/", subject, name=subject, groups=frozenset(groups), claims=claims)


def operation(action: Action = Action.SEARCH, *resources: str, **facts: Any) -> Operation:
    """An operation on `kb`, or on these resources; `facts` are further members of Operation."""
    return replace(Operation(f"test_{action}", action, resources or ("kb",)), **facts)


def masks(fields: Mapping[str, str], strategies: Strategies | None = None, **rest: str) -> MaskSet:
    """The mask set of one rule, as a caller without clearance meets it; `rest` may be `vectors` and `scores`.

    `strategies` are what your plugin contributes. The key is fixed, so that tokens are the same in every run.
    Raises ValueError for a strategy that is not known.
    """
    rule = MaskRule.model_validate({"name": "test", "fields": dict(fields), **rest})
    return MaskSet.combine([rule], vectors_open=True, masker=Masker(bytes(KEY_BYTES), strategies))


def decision(in_force: MaskSet, *, visible: Callable[[str], bool] = lambda resource: True) -> Decision:
    """Policy's consent, with the same masks on every resource."""
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: in_force)


def reread(dialect: Dialect, request: Request, consent: Decision) -> tuple[Operation, ...]:
    """Check that what is judged is what is sent: the upstream request, read again, means the same or less.

    Returns the operations. What masks take away (stored vectors, queries that evidence keeps) may be missing the second
    time. Raises AssertionError where anything else differs, and Refusal where the dialect refuses.
    """
    reading = dialect.read(request)
    sent = dialect.rewrite(reading, consent)
    again = dialect.read(Request(sent.method, parse(sent.path), dict(sent.headers), sent.body))
    judged, meant = (
        [replace(one, vectors=False, query={}) for one in operations]
        for operations in (reading.operations, again.operations)
    )
    assert meant == judged, f"judged {judged}, sent {meant}"
    more = [
        one.name
        for one, before in zip(again.operations, reading.operations, strict=True)
        if one.vectors > before.vectors
    ]
    assert not more, f"vectors were judged as not fetched, and are fetched by {more}"
    return reading.operations
