"""Effects: the operations that a request comes to, where the table alone cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Resource, Risk, Scope
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.steering import shown
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.reach import Reach, collection_name, place, property_name, steering
from vecgate_weaviate.rest.addresses import names_address
from vecgate_weaviate.rest.call import RestCall
from vecgate_weaviate.rest.kinds import SOURCE_TEXT, located
from vecgate_weaviate.rest.naming import is_reference
from vecgate_weaviate.writes import Written

FEW: Final = 10
"""Objects up to which a delete by their ids is not a bulk one."""
MANY: Final = 1000
"""Objects from which reading is an export."""
USUAL: Final = 25
"""Objects of a list without a limit; the server's configuration may say otherwise."""
_TIMES: Final = frozenset({"_creationTimeUnix", "_lastUpdateTimeUnix", "_id", "id"})


def listed(call: Call) -> tuple[Operation, ...]:
    """A list of objects; of all collections, if none is named."""
    rest = _rest(call)
    limit = int(rest.asked("limit") or USUAL)
    sorts = [steering(name.strip()) for name in rest.asked("sort").split(",") if name.strip()]
    export = bool(rest.asked("after")) or limit > MANY or not rest.collection
    return (
        Operation(
            call.row.operation,
            Action.READ,
            (rest.resource if rest.collection else EVERYTHING,),
            fields_used=tuple(name for name in sorts if name not in _TIMES),
            vectors=includes_vector(rest),
            risks=(Risk.BULK_EXPORT,) if export else (),
            points=limit,
            query=dict(rest.query),
        ),
    )


def one(call: Call) -> tuple[Operation, ...]:
    rest = _rest(call)
    head = call.row.method == "HEAD"
    query = {"ids": [rest.at["id"]]}
    return (
        Operation(
            call.row.operation,
            call.row.action,
            (rest.resource,),
            vectors=not head and includes_vector(rest),
            points=1 if call.row.action is Action.READ else 0,
            query=query,
        ),
    )


def includes_vector(call: RestCall) -> bool:
    """`vector` in `include` brings the named vectors, too."""
    return "vector" in call.asked("include").split(",")


def stored(call: Call) -> tuple[Operation, ...]:
    """Objects that are written. The server echoes them, with their vectors; what does not exist yet it makes."""
    rest = _rest(call)
    written = Written(rest.known)
    for each in rest.sent.get("objects", [rest.sent]):
        collection, tenant = each["class"], each.get("tenant") or ""
        properties = each.get("properties") or {}
        written.object(collection, tenant, names(properties))
        for name, value in properties.items():
            for link in value if is_reference(value) else ():
                written.leads(_target(rest, collection, name, link), tenant)
    return written.operations(call.row.operation)


def validated(call: Call) -> tuple[Operation, ...]:
    """An object that is not written: whether references lead to something is read."""
    made = stored(call)
    return tuple(replace(one, action=Action.READ, risks=(), query={}) for one in made if one.action is not Action.ADMIN)


def links(call: Call) -> tuple[Operation, ...]:
    """References of one object: it is written, and what they lead to is read."""
    rest = _rest(call)
    written = Written(rest.known)
    for link in rest.sent if type(rest.sent) is list else [rest.sent]:
        written.leads(_target(rest, rest.collection, rest.at["propertyName"], link), rest.tenant)
    name, action, risks = call.row.operation, call.row.action, call.row.risks
    return (
        Operation(name, action, (rest.resource,), risks=risks, query={"ids": [rest.at["id"]]}),
        *written.reads(name),
    )


def references(call: Call) -> tuple[Operation, ...]:
    rest = _rest(call)
    written = Written(rest.known)
    for one in rest.sent:
        found = SOURCE_TEXT.fullmatch(one["from"])
        assert found is not None
        tenant = one.get("tenant") or ""
        written.link(found[1], tenant)
        written.leads(_target(rest, found[1], found[3], {"beacon": one["to"]}), tenant)
    return written.operations(call.row.operation)


def deleted(call: Call) -> tuple[Operation, ...]:
    """A delete of what a filter finds, which is read for that in other collections, too."""
    rest = _rest(call)
    match = rest.sent["match"]
    reach = Reach()
    reach.step(match["class"])
    reach.where(match["class"], match["where"])
    objects = _named(match["where"])
    risks = () if rest.sent.get("dryRun") or 0 < objects <= FEW else (Risk.BULK_DELETE,)
    return _steered(
        rest, Action.DELETE, reach, risks=risks, count=max(1, objects), query={"where": shown(match["where"])}
    )


def created(call: Call) -> tuple[Operation, ...]:
    """A collection with its properties: those that refer lead to others."""
    rest = _rest(call)
    body = rest.sent
    described = body.get("properties") or ([body] if "dataType" in body else [])
    own = rest.collection or body["class"]
    others = {kind for one in described for kind in one["dataType"] if kind[:1].isupper()} - {own}
    return (
        Operation(call.row.operation, Action.ADMIN, (own,), risks=_configured(body, call.row.risks)),
        *_reads(call.row.operation, dict.fromkeys(sorted(others)), Action.META),
    )


def dropped(call: Call) -> tuple[Operation, ...]:
    """A collection by the name that is written; if the server takes it for an alias, by that, too."""
    rest = _rest(call)
    written = rest.at["className"]
    names = tuple(dict.fromkeys((written, rest.known.collection(written))))
    return (Operation(call.row.operation, Action.ADMIN, names, risks=call.row.risks),)


def shards(call: Call) -> tuple[Operation, ...]:
    """Shards of a collection with tenants are those, by their names: those that the caller may know, or one."""
    rest = _rest(call)
    name, action, risks = call.row.operation, call.row.action, call.row.risks
    collection, shard = rest.collection, rest.at.get("shardName") or rest.asked("shardName")
    if not rest.known.tenanted(collection):
        return (Operation(name, action, (collection,), risks=risks),)
    if rest.tenant:
        return (Operation(name, action, (rest.resource,), risks=risks),)
    if shard:
        return (Operation(name, action, (collection, place(collection, shard)), risks=risks),)
    if action is Action.META:
        return (Operation(name, action, (f"{collection}/*",), Scope.LIST),)
    return (Operation(name, action, (collection, f"{collection}/*"), risks=risks),)


def indexed(call: Call) -> tuple[Operation, ...]:
    """The index of a property is made anew: for the tenants that are named, or for all there are."""
    rest = _rest(call)
    tenants = [name for name in rest.asked("tenants").split(",") if name]
    names = tuple(dict.fromkeys((rest.collection, *(place(rest.collection, name) for name in tenants))))
    return (Operation(call.row.operation, call.row.action, names, risks=call.row.risks),)


def tenants(call: Call) -> tuple[Operation, ...]:
    """Each tenant of a list by itself."""
    rest = _rest(call)
    names = [one if type(one) is str else one["name"] for one in rest.sent]
    if not names:
        raise Refusal(Reason.BAD_BODY, "The list of tenants is empty.")
    places = tuple(dict.fromkeys(place(rest.collection, name) for name in names))
    return (Operation(call.row.operation, Action.ADMIN, places, risks=call.row.risks, count=len(places)),)


def alias(call: Call) -> tuple[Operation, ...]:
    """An alias, what it stands for until then, and what it is to stand for."""
    rest = _rest(call)
    body = rest.sent or {}
    written = rest.at.get("aliasName") or body["alias"]
    names = [written, rest.known.collection(written), *([body["class"]] if "class" in body else [])]
    return (Operation(call.row.operation, Action.ADMIN, tuple(dict.fromkeys(names)), risks=call.row.risks),)


def alias_read(call: Call) -> tuple[Operation, ...]:
    rest = _rest(call)
    return (Operation(call.row.operation, Action.META, (rest.known.collection(rest.at["aliasName"]),)),)


def copied(call: Call) -> tuple[Operation, ...]:
    """Backups and exports: of the collections that are included, or of everything."""
    rest = _rest(call)
    body = rest.sent
    names: list[Resource] = list(dict.fromkeys(body.get("include") or ()))
    config: Mapping[str, Any] = body.get("config") or {}
    whole = not names or body.get("includeUsers") or body.get("includeRoles") or body.get("overwriteAlias")
    access = any(config.get(name) == "all" for name in ("rolesOptions", "usersOptions"))
    if whole or access:
        names.append(EVERYTHING)
    risks = dict.fromkeys(call.row.risks)
    if any(config.get(name) for name in ("Endpoint", "Bucket", "Path")):
        risks[Risk.EGRESS] = None
    if access or body.get("includeUsers") or body.get("includeRoles"):
        risks[Risk.ACCESS_CHANGE] = None
    if body.get("overwriteAlias"):
        risks[Risk.ALIAS_CHANGE] = None
    return (Operation(call.row.operation, Action.ADMIN, tuple(names), risks=tuple(risks)),)


def _steered(call: RestCall, action: Action, reach: Reach, **asked: Any) -> tuple[Operation, ...]:
    (collection, step), *others = reach.steps.items()
    tenant = (call.sent.get("tenant") if type(call.sent) is dict else "") or call.tenant
    scores = asked.pop("scores_steer", False)
    risks = asked.pop("risks", ())
    return (
        Operation(
            call.row.operation,
            action,
            (place(collection, tenant),),
            fields_used=tuple(step.fields),
            scores_steer=scores,
            risks=risks,
            **asked,
        ),
        *(
            Operation(
                call.row.operation,
                Action.READ,
                call.known.led(other, tenant),
                fields_used=tuple(walked.fields),
                count=0,
            )
            for other, walked in others
        ),
    )


def _reads(name: str, targets: Iterable[str], action: Action = Action.READ) -> Iterable[Operation]:
    return (Operation(name, action, (target,), count=0) for target in targets)


def names(properties: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Of the properties of an object, with those of objects within it."""
    for written, value in properties.items():
        if value is None:
            continue  # the server leaves it out
        name = f"{above}{written}" if above else property_name(written)
        yield name
        for one in () if is_reference(value) else value if type(value) is list else (value,):
            if type(one) is dict:
                yield from names(one, f"{name}.")


def _target(call: RestCall, collection: str, name: str, link: Mapping[str, Any]) -> str:
    named, _ = located(link["beacon"])
    return collection_name(named) if named else call.known.only(collection, property_name(name))


def _named(clause: Mapping[str, Any]) -> int:
    """The objects that a filter names by their ids alone; 0 for any other filter."""
    if clause.get("operands") or tuple(clause.get("path") or ()) not in {("id",), ("_id",)}:
        return 0
    many = clause.get("valueTextArray") or clause.get("valueStringArray")
    if clause["operator"] == "ContainsAny" and type(many) is list:
        return len(many)
    return 1 if clause["operator"] == "Equal" and (clause.get("valueText") or clause.get("valueString")) else 0


def _configured(body: Mapping[str, Any], risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    """Settings of modules may name where texts are sent to; objects with a time to live are deleted without a call."""
    egress = (Risk.EGRESS,) if names_address(body) else ()
    expiry = body.get("objectTtlConfig") or {}
    return (*risks, *egress, *((Risk.BULK_DELETE,) if expiry.get("enabled") else ()))


def _rest(call: Call) -> RestCall:
    assert isinstance(call, RestCall)
    return call
