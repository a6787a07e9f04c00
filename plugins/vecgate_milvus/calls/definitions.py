"""Definitions: what a new or changed schema brings with it: texts that leave for a model, data from elsewhere, loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Operation, Risk
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_milvus.calls.packed import unpacked
from vecgate_milvus.calls.schema import OUTSIDE

_EVERYTHING: Final = "**"


def create_collection(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_body for a schema that names another collection than the request."""
    schema = unpacked(call.document, "schema")
    for inner, outer in ((schema.name, call.params["collection"]), (schema.dbName, call.params["database"])):
        if inner not in ("", outer):
            raise Refusal(Reason.BAD_BODY, "The schema names another collection than the request.")
    operation = _outside(call.row.base(call), schema.functions)
    if schema.external_source or schema.external_spec:
        # Whose data lies there, its address does not say.
        resources = (*operation.resources, _EVERYTHING)
        return (replace(operation, resources=resources, risks=_joined(operation.risks, Risk.EGRESS)),)
    return (operation,)


def alter(call: Call) -> tuple[Operation, ...]:
    """A time to live deletes what is older."""
    operation = call.row.base(call)
    if any("ttl" in one.key.lower() for one in call.document.properties):
        return (replace(operation, risks=_joined(operation.risks, Risk.BULK_DELETE)),)
    return (operation,)


def function(call: Call) -> tuple[Operation, ...]:
    return (_outside(call.row.base(call), (call.document.functionSchema,)),)


def alter_schema(call: Call) -> tuple[Operation, ...]:
    """A field that is dropped takes its data along."""
    action = call.document.action
    operation = _outside(call.row.base(call), action.add_request.func_schema)
    if action.HasField("drop_request"):
        return (replace(operation, risks=_joined(operation.risks, Risk.BULK_DELETE)),)
    return (operation,)


def _outside(operation: Operation, functions: Iterable[Any]) -> Operation:
    if any(one.type in OUTSIDE for one in functions):
        return replace(operation, risks=_joined(operation.risks, Risk.EGRESS))
    return operation


def _joined(risks: tuple[Risk, ...], risk: Risk) -> tuple[Risk, ...]:
    return tuple(dict.fromkeys((*risks, risk)))
