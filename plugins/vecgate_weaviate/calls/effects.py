"""Effects: the operations that each call comes to: one for each collection that it touches, and what it does there."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Resource, Risk, Scope
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_weaviate.calls import writes
from vecgate_weaviate.calls.call import GrpcCall
from vecgate_weaviate.calls.evident import evident
from vecgate_weaviate.calls.selection import select, tell
from vecgate_weaviate.calls.steering import Steering, checked_uuid
from vecgate_weaviate.graphql.parts import resources
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.reach import property_name, tenant_name

FEW: Final = 10
"""Objects up to which a delete by their ids is not a bulk one."""
MANY: Final = 1000
"""Objects from which reading is an export."""
USUAL: Final = 10
"""Objects of a search without a limit, where the server's configuration does not say otherwise."""

_BY_ID: Final = frozenset({"id", "_id"})
_EQUAL: Final = 1
_CONTAINS_ANY: Final = 12


def search(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_body, unknown_member."""
    grpc = _grpc(call)
    message, steering = grpc.message, Steering(grpc.known, call.row.operation)
    collection = message.collection
    select(steering, message, collection)
    searches = _decided(steering, message, collection)
    for one in message.sort_by:
        steering.sort(one.path, collection)
    if message.HasField("group_by"):
        steering.reach.walk(collection, message.group_by.path)
    if message.HasField("boost"):
        steering.boost(message.boost, collection)
    if message.HasField("generative"):
        steering.generate(message.generative, collection)
        tell(steering, message, collection)
    if message.HasField("rerank"):
        steering.rerank(message.rerank, collection)
    if message.after:
        checked_uuid(message.after)
    steering.scores |= bool(message.autocut)
    points = _points(message)
    if message.after or points is None or points > MANY:
        steering.risks[Risk.BULK_EXPORT] = None
    return _operations(grpc, (Action.SEARCH if searches else Action.READ,), steering, points=points)


def aggregate(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_body."""
    grpc = _grpc(call)
    message, steering = grpc.message, Steering(grpc.known, call.row.operation)
    collection = message.collection
    steering.reach.step(collection)
    searches = _decided(steering, message, collection)
    steering.reach.uses(collection, (property_name(one.property) for one in message.aggregations))
    if message.HasField("group_by"):
        # The server groups the call's own collection, whichever one stands here.
        for grouped in (collection, message.group_by.collection or collection):
            steering.reach.uses(grouped, (property_name(message.group_by.property),))
    return _operations(grpc, (Action.READ, Action.SEARCH) if searches else (Action.READ,), steering)


def delete(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_body, also for a delete of everything."""
    grpc = _grpc(call)
    message, steering = grpc.message, Steering(grpc.known, call.row.operation)
    if not message.HasField("filters"):
        raise Refusal(Reason.BAD_BODY, "A delete has filters.")
    steering.reach.step(message.collection)
    steering.filter(message.filters, message.collection)
    objects = _named(message.filters)
    if not message.dry_run and not 0 < objects <= FEW:
        steering.risks[Risk.BULK_DELETE] = None
    return _operations(grpc, (Action.DELETE,), steering, count=max(1, objects))


def tenants(call: Call) -> tuple[Operation, ...]:
    """The tenants of a collection; those that are named are judged one by one."""
    message = _grpc(call).message
    if message.WhichOneof("params") is None:
        return (call.row.base(call, resources=(f"{message.collection}/*",)),)
    names = tuple(f"{message.collection}/{tenant_name(name)}" for name in dict.fromkeys(message.names.values))
    return (Operation(call.row.operation, Action.META, names or (message.collection,), Scope.NAMED),)


def objects(call: Call) -> tuple[Operation, ...]:
    grpc = _grpc(call)
    return writes.objects(grpc.message, grpc.known).operations(call.row.operation)


def references(call: Call) -> tuple[Operation, ...]:
    grpc = _grpc(call)
    return writes.references(grpc.message, grpc.known).operations(call.row.operation)


def _decided(steering: Steering, message: Any, collection: str) -> bool:
    if message.HasField("filters"):
        steering.filter(message.filters, collection)
    return steering.search(message, collection)


def _operations(call: GrpcCall, actions: tuple[Action, ...], steering: Steering, **asked: Any) -> tuple[Operation, ...]:
    """One operation for each collection; of the first, one for each action. What was `asked` is the first one's."""
    tenant = tenant_name(call.message.tenant) if call.message.tenant else ""
    (collection, step), *others = steering.reach.steps.items()
    name, names = call.row.operation, places(collection, tenant, first=True)
    facts: dict[str, Any] = {
        "fields_used": tuple(step.fields),
        "vectors": step.vectors,
        "scores_steer": steering.scores,
        "risks": tuple(steering.risks),
    }
    return (
        Operation(name, actions[0], names, **facts, **asked, query=evident(call.message)),
        *(Operation(name, action, names, count=0, **facts) for action in actions[1:]),
        *(
            Operation(
                name,
                Action.READ,
                places(other, tenant, first=False),
                fields_used=tuple(walked.fields),
                vectors=walked.vectors,
                count=0,
                points=None if walked.returned else 0,
            )
            for other, walked in others
        ),
    )


def places(collection: str, tenant: str, *, first: bool) -> tuple[Resource, ...]:
    return (EVERYTHING,) if collection == EVERYTHING else resources(collection, tenant, first)


def _points(message: Any) -> int | None:
    """How many objects come back at most; None where nothing says so."""
    if message.HasField("group_by"):
        groups: int = message.group_by.number_of_groups
        each: int = message.group_by.objects_per_group
        return groups * each if groups >= 0 and each >= 0 else None
    limit: int = message.limit
    return limit or USUAL


def _named(clause: Any) -> int:
    """The objects that a filter names by their ids alone; 0 for any other filter."""
    path = [clause.target.property] if clause.HasField("target") else list(clause.on)
    if clause.filters or len(path) != 1 or path[0] not in _BY_ID:
        return 0
    if clause.operator == _EQUAL and clause.WhichOneof("test_value") == "value_text":
        return 1
    return len(clause.value_text_array.values) if clause.operator == _CONTAINS_ANY else 0


def _grpc(call: Call) -> GrpcCall:
    assert isinstance(call, GrpcCall)
    return call
