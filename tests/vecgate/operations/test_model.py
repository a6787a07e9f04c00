from __future__ import annotations

from dataclasses import fields, replace

from vecgate.operations.model import Action, Operation, Risk, Scope


def test_an_operation_on_other_resources_differs_in_nothing_else() -> None:
    operation = Operation(
        "search",
        Action.SEARCH,
        ("a/b/1",),
        Scope.LIST,
        fields_used=("city",),
        vectors=True,
        scores_steer=True,
        risks=(Risk.EGRESS,),
        copies=True,
        count=3,
        points=None,
        query={"limit": 3},
    )
    plain = Operation("", Action.META)
    assert all(getattr(operation, one.name) != getattr(plain, one.name) for one in fields(Operation)), "each one told"
    assert operation.on(("a/b/c",)) == replace(operation, resources=("a/b/c",))
