"""Answers: what each operation may answer, and how it is masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations import media
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer
from vecgate.policy.decision import Decision
from vecgate_weaviate import errors
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.rest.call import RestCall, place
from vecgate_weaviate.rest.objects import Objects, listed, members, scalar
from vecgate_weaviate.rest.outgoing import masks_of

EMPTY: Final = frozenset(
    {
        *("weaviate.wellknown.liveness", "weaviate.wellknown.readiness", "objects.class.head", "tenant.exists"),
        *("objects.class.delete", "objects.class.patch", "objects.validate", "schema.objects.delete", "tenants.delete"),
        *("objects.class.references.create", "objects.class.references.put", "objects.class.references.delete"),
        *("aliases.delete", "backups.cancel", "backups.restore.cancel", "schema.objects.properties.delete"),
        "schema.objects.vectors.delete",
    }
)
"""Operations whose answer has nothing in it; a body that comes all the same is left out."""
PLAIN: Final = frozenset(
    {
        *("meta.get", "schema.objects.get", "schema.objects.create", "schema.objects.update"),
        *("schema.objects.properties.add", "schema.objects.indexes.get", "schema.objects.index.upsert"),
        *("schema.objects.index.rebuild", "schema.objects.index.cancel", "schema.objects.shards.get"),
        *("schema.objects.shards.update", "tenants.get.one", "tenants.create", "tenants.update"),
        *("aliases.get.alias", "aliases.create", "aliases.update", "nodes.get", "nodes.get.class"),
        *("backups.create", "backups.list", "backups.create.status", "backups.restore", "backups.restore.status"),
    }
)
"""Operations whose answer describes, and has no object in it."""


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """The answer as the caller may see it. Raises Unmaskable."""
    call: RestCall = reading.detail
    operation = call.row.operation
    if answer.status >= 400:
        return Masked(errors.normalised(answer))
    if answer.status not in {200, 201, 202, 204}:
        raise Unmaskable("The database answered with an unexpected status.")
    if operation in EMPTY:
        return Masked(Answer(answer.status, (), b""))
    document = media.answered(answer)
    objects = Objects(decision)
    if operation not in PLAIN:
        document = _MASKERS[operation](call, decision, objects, document)
    masked = objects.masked | _withheld(reading, decision) if objects.records else objects.masked
    shown = Answer(answer.status, media.JSON, dump(document))
    return Masked(shown, len(objects.records), tuple(objects.records), tuple(sorted(masked)))


def _withheld(reading: Reading, decision: Decision) -> set[str]:
    """What would have come back and was not fetched, as evidence names it."""
    asked = [name for one in reading.operations if one.vectors for name in one.resources if name != EVERYTHING]
    return set() if all(masks_of(decision, name).fetches_vectors for name in asked) else {"vectors"}


def _one(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    return objects.shown(document, call.collection, call.tenant)


def _written(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    return objects.shown(document, call.sent["class"], call.sent.get("tenant") or "")


def _list(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    page = members(document, {"objects", "totalResults", "deprecations"})
    found = [objects.shown(one, call.collection, call.tenant) for one in listed(page.get("objects"))]
    return {"objects": found, "totalResults": len(found), "deprecations": []}


def _batch(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    """In the order of the request."""
    sent = call.sent["objects"]
    if len(listed(document)) != len(sent):
        raise Unmaskable("The database did not answer for each object.")
    return [objects.stored(one, asked) for one, asked in zip(document, sent, strict=True)]


def _linked(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    if len(listed(document)) != len(call.sent):
        raise Unmaskable("The database did not answer for each reference.")
    return [
        {"from": asked["from"], "to": asked["to"], "result": objects.result(members(one).get("result"))}
        for one, asked in zip(document, call.sent, strict=True)
    ]


def _deleted(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    shown = dict(members(document, {"match", "output", "dryRun", "results", "deletionTimeUnixMilli"}))
    results = members(shown.get("results"), {"matches", "limit", "successful", "failed", "objects"})
    found = results.get("objects")
    kept = {name: scalar(value) for name, value in results.items() if name != "objects"}
    if found is not None:
        at = place(call.sent["match"]["class"], call.tenant)
        kept["objects"] = [objects.deleted(one, at) for one in listed(found)]
    said = {name: scalar(value) for name, value in shown.items() if name not in {"match", "results"}}
    return {**said, "match": call.sent["match"], "results": kept}


def _schema(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    classes = listed(members(document, {"classes", "maintainer", "name"}).get("classes"))
    return {"classes": [one for one in classes if decision.visible(_name(one, "class"))]}


def _tenants(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    seen = listed(document)
    return [one for one in seen if decision.visible(f"{call.collection}/{_name(one, 'name')}")]


def _aliases(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    found = listed(members(document, {"aliases"}).get("aliases"))
    return {"aliases": [one for one in found if decision.visible(_name(one, "class"))]}


def _name(one: Any, member: str) -> str:
    value = one.get(member) if type(one) is dict else None
    if type(value) is not str:
        raise Unmaskable("a name is not a text")
    return value


_MASKERS: Final[dict[str, Callable[[RestCall, Decision, Objects, Any], Any]]] = {
    "objects.class.get": _one,
    "objects.create": _written,
    "objects.class.put": _written,
    "objects.list": _list,
    "batch.objects.create": _batch,
    "batch.references.create": _linked,
    "batch.objects.delete": _deleted,
    "schema.dump": _schema,
    "tenants.get": _tenants,
    "aliases.get": _aliases,
}
ANSWERED: Final = EMPTY | PLAIN | _MASKERS.keys() | {"wellknown.openid"}
"""Operations whose answers are understood."""
