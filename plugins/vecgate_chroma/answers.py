"""Answers: what each operation may answer, and how it is masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.model import Operation, Resource
from vecgate.operations.shapes import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Kind,
    MapOf,
    Nullable,
    OneOf,
    Shape,
)
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_chroma import catalogue
from vecgate_chroma.effects import sibling
from vecgate_chroma.outgoing import withheld
from vecgate_chroma.records import Masking


@dataclass(slots=True)
class Rebuilt:
    document: Any
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rebuilding function may look at besides the answer."""

    call: Call
    operations: tuple[Operation, ...]
    decision: Decision

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self.operations[0].resources

    def masks(self, resource: Resource) -> MaskSet:
        return masks_of(self.decision, resource)


def masks_of(decision: Decision, resource: Resource) -> MaskSet:
    masks = decision.masks.get(resource)
    return decision.masks_for(resource) if masks is None else masks


def rebuild(context: Context, document: Any) -> Rebuilt:
    """The answer as the caller may see it. Raises Unmaskable."""
    operation = context.call.row.operation
    if kind := _SHAPES.get(operation):
        try:
            kind.check(document, "")
        except Refusal:
            raise Unmaskable("The database's answer is not of the expected form.") from None
        return Rebuilt(document)
    return _FUNCTIONS[operation](context, document)


def _collection(context: Context, document: Any) -> Rebuilt:
    resource = catalogue.judged(document, context.resources)
    masked: set[str] = set()
    return Rebuilt(catalogue.collection(document, resource, context.masks(resource), masked), masked=masked)


def _collections(context: Context, document: Any) -> Rebuilt:
    masked: set[str] = set()
    shown = catalogue.collections(document, context.decision, masked)
    return Rebuilt(catalogue.page(shown, context.call.query), masked=masked)


def _count_collections(context: Context, document: Any) -> Rebuilt:
    return Rebuilt(len(catalogue.collections(document, context.decision, set())))


def _database(context: Context, document: Any) -> Rebuilt:
    one = catalogue.database(document)
    if f"{one['tenant']}/{one['name']}" not in context.resources:
        raise Unmaskable("The database answered with another database.")
    return Rebuilt(one)


def _databases(context: Context, document: Any) -> Rebuilt:
    return Rebuilt(catalogue.page(catalogue.databases(document, context.decision), context.call.query))


def _attached(context: Context, document: Any) -> Rebuilt:
    """The name of an output collection that the caller may not know of is left out."""
    try:
        _ATTACHED.check(document, "")
    except Refusal:
        raise Unmaskable("The database's answer is not of the expected form.") from None
    function = dict(document["attached_function"])
    if not context.decision.visible(sibling(context.call, function["output_collection"])):
        function |= {"output_collection": "", "output_collection_id": None, "params": None}
    return Rebuilt({"attached_function": function})


def _records(method: Callable[[Masking, Any], Any]) -> Callable[[Context, Any], Rebuilt]:
    def rebuild_records(context: Context, document: Any) -> Rebuilt:
        resource = context.resources[0]
        masks = context.masks(resource)
        masking = Masking(resource, masks)
        shown = method(masking, document)
        masked = masking.masked | withheld(context.call, masks) if masking.points else masking.masked
        return Rebuilt(shown, masking.points, tuple(masking.records), masked)

    return rebuild_records


_EMPTY: Final = Shape({})
_ATTACHED: Final = Shape(
    {
        "attached_function": Shape(
            {
                "id": TEXT,
                "name": TEXT,
                "function_name": TEXT,
                "input_collection_id": TEXT,
                "output_collection": TEXT,
                "output_collection_id": Nullable(TEXT),
                "params": Nullable(TEXT),
                "tenant_id": TEXT,
                "database_id": TEXT,
                "completion_offset": INTEGER,
                "min_records_for_invocation": INTEGER,
            },
            frozenset({"name", "output_collection"}),
        )
    },
    frozenset({"attached_function"}),
)
_SHAPES: Final[dict[str, Kind]] = {
    "root_heartbeat": Shape({"nanosecond heartbeat": INTEGER}),
    "heartbeat": Shape({"nanosecond heartbeat": INTEGER}),
    "healthcheck": OneOf((TEXT, MapOf(BOOLEAN))),
    "version": TEXT,
    "pre_flight_checks": Shape({"max_batch_size": INTEGER, "supports_base64_encoding": BOOLEAN}),
    "create_tenant": _EMPTY,
    "get_tenant": Shape({"name": TEXT, "resource_name": Nullable(TEXT)}, frozenset({"name"})),
    "update_tenant": _EMPTY,
    "create_database": _EMPTY,
    "delete_database": _EMPTY,
    "update_collection": _EMPTY,
    "delete_collection": _EMPTY,
    "fork_count": Shape({"count": INTEGER}, frozenset({"count"})),
    "indexing_status": Shape(
        {
            "op_indexing_progress": NUMBER,
            "num_unindexed_ops": INTEGER,
            "num_indexed_ops": INTEGER,
            "total_ops": INTEGER,
        }
    ),
    "attach_function": Shape(
        {"attached_function": Shape({"id": TEXT, "name": TEXT, "function_name": TEXT}), "created": BOOLEAN}
    ),
    "detach_function": Shape({"success": BOOLEAN}),
    "collection_add": _EMPTY,
    "collection_upsert": _EMPTY,
    "collection_update": _EMPTY,
    "collection_delete": Shape({"deleted": INTEGER}),
    "collection_count": INTEGER,
}
_FUNCTIONS: Final[dict[str, Callable[[Context, Any], Rebuilt]]] = {
    "list_databases": _databases,
    "get_database": _database,
    "list_collections": _collections,
    "count_collections": _count_collections,
    "create_collection": _collection,
    "get_collection": _collection,
    "get_collection_by_id": _collection,
    "fork_collection": _collection,
    "get_attached_function": _attached,
    "collection_get": _records(Masking.got),
    "collection_query": _records(Masking.queried),
    "collection_search": _records(Masking.searched),
}
ANSWERED: Final = _SHAPES.keys() | _FUNCTIONS.keys()
"""Operations whose answers are understood; the gateway answers `get_user_identity` itself."""
