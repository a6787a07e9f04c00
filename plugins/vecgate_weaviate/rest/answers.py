"""Answers: what each operation may answer, and how it is masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations import media
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer
from vecgate.operations.shapes import Kind
from vecgate.operations.taking import take
from vecgate.policy.decision import Decision
from vecgate_weaviate import errors
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.reach import place
from vecgate_weaviate.rest import descriptions
from vecgate_weaviate.rest.call import RestCall
from vecgate_weaviate.rest.catalogue import Catalogue
from vecgate_weaviate.rest.descriptions import STATUS, TASK
from vecgate_weaviate.rest.objects import Objects, listed, members, scalar
from vecgate_weaviate.rest.outgoing import masks_of

type Masker = Callable[[RestCall, Decision, Objects, Any], Any]

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
    document = _MASKERS[operation](call, decision, objects, document)
    masked = objects.masked | _withheld(reading, decision) if objects.records else objects.masked
    shown = Answer(answer.status, media.JSON, dump(document))
    return Masked(shown, len(objects.records), tuple(objects.records), tuple(sorted(masked)))


def _withheld(reading: Reading, decision: Decision) -> set[str]:
    """What would have come back and was not fetched, as evidence names it."""
    asked = [name for one in reading.operations if one.vectors for name in one.resources if name != EVERYTHING]
    return set() if all(masks_of(decision, name).fetches_vectors for name in asked) else {"vectors"}


def _one(call: RestCall, decision: Decision, objects: Objects, document: Any) -> Any:
    shown = objects.shown(document, call.collection, call.tenant)
    if shown["id"].lower() != call.at["id"].lower():
        raise Unmaskable("The database answered with another object.")
    return shown


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


def _catalogue(call: RestCall, decision: Decision) -> Catalogue:
    return Catalogue(decision.visible, call.known.tenanted)


def _described(rebuild: Callable[[Catalogue, Any], Any]) -> Masker:
    """An answer that names collections, or what is in them."""
    return lambda call, decision, objects, document: rebuild(_catalogue(call, decision), document)


def _within(rebuild: Callable[[Catalogue, Any, str], Any]) -> Masker:
    """The same of what is in the collection that was asked for."""
    return lambda call, decision, objects, document: rebuild(_catalogue(call, decision), document, call.collection)


def _taken(kind: Kind) -> Masker:
    """An answer that names nothing."""
    return lambda call, decision, objects, document: take(kind, document)


_MASKERS: Final[dict[str, Masker]] = {
    "objects.class.get": _one,
    "objects.create": _written,
    "objects.class.put": _written,
    "objects.list": _list,
    "batch.objects.create": _batch,
    "batch.references.create": _linked,
    "batch.objects.delete": _deleted,
    "meta.get": lambda call, decision, objects, document: descriptions.service(document),
    "schema.dump": _described(Catalogue.schema),
    **dict.fromkeys(
        ("schema.objects.get", "schema.objects.create", "schema.objects.update"), _described(Catalogue.collection)
    ),
    "schema.objects.properties.add": _described(Catalogue.property),
    "schema.objects.indexes.get": _within(Catalogue.indexes),
    **dict.fromkeys((f"schema.objects.index.{verb}" for verb in ("upsert", "rebuild", "cancel")), _taken(TASK)),
    "schema.objects.shards.get": _within(Catalogue.shards),
    "schema.objects.shards.update": _taken(STATUS),
    **dict.fromkeys(("tenants.get", "tenants.create", "tenants.update"), _within(Catalogue.tenants)),
    "tenants.get.one": _described(Catalogue.tenant),
    "aliases.get": _described(Catalogue.aliases),
    **dict.fromkeys(("aliases.get.alias", "aliases.create", "aliases.update"), _described(Catalogue.alias)),
    **dict.fromkeys(("nodes.get", "nodes.get.class"), _described(Catalogue.nodes)),
    "backups.list": _described(Catalogue.backups),
    **dict.fromkeys(
        ("backups.create", "backups.create.status", "backups.restore", "backups.restore.status"),
        _described(Catalogue.backup),
    ),
}
ANSWERED: Final = EMPTY | _MASKERS.keys() | {"wellknown.openid"}
"""Operations whose answers are understood."""
