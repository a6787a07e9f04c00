"""Answers: what each route may answer in `data`, and how it is filtered and masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision
from vecgate_milvus.rest import effects, steering
from vecgate_milvus.rest.call import RestCall
from vecgate_milvus.rest.replies import NOTHING, SHAPES
from vecgate_milvus.rest.rows import Rows, counted

_SECRETIVE: Final = ("key", "secret", "token", "credential", "password")


@dataclass(slots=True)
class Rebuilt:
    data: Any
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rebuilding function may look at besides `data`."""

    call: RestCall
    operations: tuple[Operation, ...]
    decision: Decision
    document: Mapping[str, Any]

    def visible(self, name: str) -> bool:
        return self.decision.visible(self.call.resource(name))

    def masks(self, resource: Resource) -> MaskSet:
        masks = self.decision.masks.get(resource)
        return self.decision.masks_for(resource) if masks is None else masks


def rebuild(context: Context, data: Any) -> Rebuilt:
    """The answer as the caller may see it. Raises Unmaskable."""
    route = context.call.row.operation.removeprefix("rest ")
    kind = SHAPES.get(route, NOTHING)
    try:
        kind.check(data, "")
    except Refusal:
        raise Unmaskable("The database's answer is not of the expected form.") from None
    function = _FUNCTIONS.get(route)
    return Rebuilt(data) if function is None else function(context, data)


def _collections(context: Context, data: Any) -> Rebuilt:
    return Rebuilt([name for name in data if context.visible(name)])


def _databases(context: Context, data: Any) -> Rebuilt:
    return Rebuilt([name for name in data if context.decision.visible(name)])


def _aliases(context: Context, data: Any) -> Rebuilt:
    """Of a collection that the caller may see, all; of a database, those whose own names it may see."""
    return Rebuilt(data if context.call.collection else [name for name in data if context.visible(name)])


def _has(context: Context, data: Any) -> Rebuilt:
    return Rebuilt({"has": data["has"] and context.decision.visible(context.operations[0].resources[0])})


def _alias(context: Context, data: Any) -> Rebuilt:
    if data["collectionName"] != context.call.params.get("target"):
        raise Unmaskable("The database answered with another collection.")
    if data.get("dbName", "") not in {"", context.call.database}:
        raise Unmaskable("The database answered with another database.")
    return Rebuilt(data)


def _database(context: Context, data: Any) -> Rebuilt:
    if data["dbName"] != context.call.database:
        raise Unmaskable("The database answered with another database.")
    return Rebuilt(data)


def _collection(context: Context, data: Any) -> Rebuilt:
    """Without sources and credentials of outside, and without defaults of fields that are masked."""
    if data["collectionName"] != context.call.collection:
        raise Unmaskable("The database answered with another collection.")
    masks = context.masks(context.operations[0].resources[0])
    shown = {name: member for name, member in data.items() if name not in {"externalSource", "externalSpec"}}
    shown["aliases"] = [name for name in data.get("aliases") or () if context.visible(name)]
    shown["fields"] = [_field(field, field.get("name"), masks) for field in data["fields"]]
    if "structFields" in data:
        shown["structFields"] = [
            {**one, "fields": [_field(sub, f"{one.get('name')}.{sub.get('name')}", masks) for sub in one["fields"]]}
            for one in data["structFields"]
        ]
    shown["functions"] = [_function(function) for function in data.get("functions") or ()]
    return Rebuilt(shown)


def _field(described: dict[str, Any], path: Any, masks: MaskSet) -> dict[str, Any]:
    if type(path) is not str or masks.used((path,)) is not None:
        return {name: member for name, member in described.items() if name != "defaultValue"}
    return described


def _function(described: dict[str, Any]) -> dict[str, Any]:
    params = described.get("params")
    return {**described, "params": list(_harmless(params))} if type(params) is list else {**described, "params": []}


def _harmless(params: list[Any]) -> Iterator[Any]:
    for pair in params:
        name = str(pair.get("key", "")).lower() if type(pair) is dict else "key"
        if not any(part in name for part in _SECRETIVE):
            yield pair


def _jobs(context: Context, data: Any) -> Rebuilt:
    """Jobs on collections that the caller may see. Why one failed could quote what is stored."""
    shown = []
    for record in data["records"]:
        database = record.get("dbName") or context.call.database
        if context.decision.visible(f"{database}/{record['collectionName']}"):
            shown.append(_reasonless(record))
    return Rebuilt({"records": shown})


def _job(context: Context, data: Any) -> Rebuilt:
    details = [_reasonless(detail) for detail in data.get("details") or ()]
    return Rebuilt({**_reasonless(data), **({"details": details} if "details" in data else {})})


def _reasonless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in record.items() if name not in {"reason", "externalSource", "externalSpec"}}


def _records(context: Context, data: Any) -> Rebuilt:
    call, operation = context.call, context.operations[0]
    names = call.document.get("outputFields", effects.DEFAULT_OUTPUT)
    if len(names) == 1 and steering.COUNTED.fullmatch(names[0]):
        return Rebuilt(counted(data))
    return _masked(context, data, operation, scored=False)


def _results(context: Context, data: Any) -> Rebuilt:
    return _masked(context, data, context.operations[0], scored=True)


def _masked(context: Context, data: Any, operation: Operation, *, scored: bool) -> Rebuilt:
    if not data:
        return Rebuilt([])
    if context.call.schema is None:
        raise Unmaskable("The database answered with records of a collection that it did not describe.")
    resource = operation.resources[0]
    rows = Rows(resource, context.call.schema, context.masks(resource))
    sizes = context.document.get("topks") or [len(data)]
    shown = rows.shown(data, scored=scored, sizes=[int(size) for size in sizes])
    return Rebuilt(shown, len(data), tuple(rows.records), rows.masked)


_FUNCTIONS: Final[dict[str, Callable[[Context, Any], Rebuilt]]] = {
    "collections/list": _collections,
    "collections/has": _has,
    "collections/describe": _collection,
    "databases/list": _databases,
    "databases/describe": _database,
    "entities/query": _records,
    "entities/get": _records,
    "entities/search": _results,
    "entities/hybrid_search": _results,
    "entities/advanced_search": _results,
    "aliases/list": _aliases,
    "aliases/describe": _alias,
    "jobs/import/list": _jobs,
    "jobs/import/get_progress": _job,
    "jobs/import/describe": _job,
    "jobs/snapshot/describe": _job,
    "jobs/snapshot/list": _jobs,
    "jobs/external_collection/list": _jobs,
}
