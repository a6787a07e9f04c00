"""Answers: what each operation may answer, on either wire, and how it is masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc, media
from vecgate.operations.dialect import Masked, Reading, Record
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer
from vecgate.operations.model import Resource
from vecgate.operations.shapes import Kind
from vecgate.operations.site import Site
from vecgate.operations.table import Call
from vecgate.operations.taking import take
from vecgate.policy.decision import Decision
from vecgate_pinecone import catalogue, records, replies, shapes, versions
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.masking import Masking


@dataclass(frozen=True, slots=True)
class Context:
    """What a rebuilding function may look at besides the answer."""

    reading: Reading
    decision: Decision

    @property
    def call(self) -> Call:
        call: Call = self.reading.detail
        return call

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self.reading.operations[0].resources

    @property
    def index(self) -> str:
        return self.call.params["index"]

    @property
    def site(self) -> Site:
        return self.reading.request.site

    @property
    def newer(self) -> bool:
        return versions.is_newer(self.reading.request.headers)

    def masking(self) -> Masking:
        resource = self.resources[0]
        masks = masks_of(self.decision, resource)
        masking = Masking(resource, masks)
        if self.reading.operations[0].vectors and masks.hides_vectors:
            masking.masked.add("vectors")  # what was not fetched is hidden as well
        return masking


@dataclass(slots=True)
class Rebuilt:
    document: Any
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)


def masks_of(decision: Decision, resource: Resource) -> MaskSet:
    masks = decision.masks.get(resource)
    return decision.masks_for(resource) if masks is None else masks


def rebuilt(context: Context, answer: Answer) -> Masked:
    """A JSON answer as the caller may see it. Raises Unmaskable."""
    operation = context.call.row.operation
    if operation in EMPTY:
        return Masked(Answer(answer.status, media.JSON if operation in _OBJECT else (), b"{}" * (operation in _OBJECT)))
    made = _FUNCTIONS[operation](context, media.answered(answer))
    return _masked(Answer(answer.status, media.JSON, dump(made.document)), made)


def replied(context: Context, answer: Answer) -> Masked:
    """A gRPC answer as the caller may see it. Raises Unmaskable."""
    row = context.call.row
    reply = DESCRIPTORS.reply(row.path, answer)
    made = _CALLS[row.operation](context, reply)
    return _masked(grpc.answered(reply.SerializeToString()), made)


def _masked(answer: Answer, made: Rebuilt) -> Masked:
    return Masked(answer, made.points, made.records, tuple(sorted(made.masked)))


def _records(method: Callable[[Masking, Any], Any]) -> Callable[[Context, Any], Rebuilt]:
    def rebuild(context: Context, document: Any) -> Rebuilt:
        masking = context.masking()
        shown = method(masking, document)
        return Rebuilt(shown, masking.points, tuple(masking.records), masking.masked if masking.points else set())

    return rebuild


def _taken(kind: Kind) -> Callable[[Context, Any], Rebuilt]:
    return lambda context, document: Rebuilt(take(kind, document))


def _index(context: Context, document: Any) -> Rebuilt:
    shown = catalogue.index(document, context.site, context.newer)
    if shown["name"] not in context.resources:
        raise Unmaskable("The database answered with another index.")
    return Rebuilt(shown)


def _backup(context: Context, document: Any) -> Rebuilt:
    shown = catalogue.backup(document)
    if shown["source_index_name"] not in context.resources:
        raise Unmaskable("The database answered with a backup of another index.")
    return Rebuilt(shown)


def _index_backups(context: Context, document: Any) -> Rebuilt:
    shown = take(shapes.BACKUPS, document)
    if not all(one["source_index_name"] in context.resources for one in shown.get("data") or ()):
        raise Unmaskable("The database answered with a backup of another index.")
    return Rebuilt(shown)


def _job(context: Context, document: Any) -> Rebuilt:
    shown = take(shapes.JOB, document)
    if shown["target_index_name"] not in context.resources:
        raise Unmaskable("The database answered with a job of another index.")
    return Rebuilt(shown)


def _reranked(context: Context, document: Any) -> Rebuilt:
    """The documents are the caller's own, by their place in the request."""
    asked = context.reading.document
    shown = take(shapes.RERANKED, document)
    for one in shown["data"]:
        if not int(one["index"]) < len(asked["documents"]):
            raise Unmaskable("The database ranked a document that was not sent.")
        if asked.get("return_documents") is not False:
            one["document"] = asked["documents"][int(one["index"])]
    return Rebuilt(shown)


_OBJECT: Final = frozenset({"delete", "delete_namespace", "cancel_import"})
EMPTY: Final = _OBJECT | {"delete_index", "delete_backup", "delete_collection", "upsert_records"}
"""Answers that say nothing: an empty object, or no body at all."""

_FUNCTIONS: Final[Mapping[str, Callable[[Context, Any], Rebuilt]]] = {
    "query": _records(records.matches),
    "fetch": _records(records.fetched),
    "fetch_by_metadata": _records(records.fetched),
    "list": _records(records.listed),
    "search_records": _records(records.hits),
    "upsert": _taken(shapes.UPSERTED),
    "update": _taken(shapes.UPDATED),
    "describe_index_stats": lambda at, document: Rebuilt(catalogue.stats(document, at.index, at.decision)),
    "describe_index_stats_get": lambda at, document: Rebuilt(catalogue.stats(document, at.index, at.decision)),
    "list_namespaces": lambda at, document: Rebuilt(catalogue.namespaces(document, at.index, at.decision)),
    "create_namespace": lambda at, document: Rebuilt(catalogue.namespace(document, at.resources, at.index)),
    "describe_namespace": lambda at, document: Rebuilt(catalogue.namespace(document, at.resources, at.index)),
    "list_imports": lambda at, document: Rebuilt(catalogue.imports(document)),
    "start_import": _taken(shapes.STARTED),
    "describe_import": lambda at, document: Rebuilt(catalogue.one_import(document)),
    "list_indexes": lambda at, document: Rebuilt(catalogue.indexes(document, at.decision, at.site, at.newer)),
    "create_index": _index,
    "create_index_for_model": _index,
    "describe_index": _index,
    "configure_index": _index,
    "list_index_backups": _index_backups,
    "create_backup": _backup,
    "list_project_backups": lambda at, document: Rebuilt(catalogue.backups(document, at.decision)),
    "describe_backup": _backup,
    "create_index_from_backup": _taken(shapes.RESTORED),
    "list_restore_jobs": lambda at, document: Rebuilt(catalogue.jobs(document, at.decision)),
    "describe_restore_job": _job,
    "list_collections": _taken(shapes.COLLECTIONS),
    "create_collection": _taken(shapes.COLLECTION),
    "describe_collection": _taken(shapes.COLLECTION),
    "embed": _taken(shapes.EMBEDDED),
    "rerank": _reranked,
    "list_models": _taken(shapes.MODELS),
    "get_model": _taken(shapes.MODEL),
}


def _stats(context: Context, reply: Any) -> Rebuilt:
    replies.stats(reply, context.index, context.decision)
    return Rebuilt(reply)


def _namespaces(context: Context, reply: Any) -> Rebuilt:
    replies.namespaces(reply, context.index, context.decision)
    return Rebuilt(reply)


def _namespace(context: Context, reply: Any) -> Rebuilt:
    replies.namespace(reply, context.resources, context.index)
    return Rebuilt(reply)


def _as_it_is(context: Context, reply: Any) -> Rebuilt:
    return Rebuilt(reply)


_CALLS: Final[Mapping[str, Callable[[Context, Any], Rebuilt]]] = {
    "VectorService/Query": _records(replies.matches),
    "VectorService/Fetch": _records(replies.fetched),
    "VectorService/FetchByMetadata": _records(replies.fetched),
    "VectorService/List": _records(replies.listed),
    "VectorService/Upsert": _as_it_is,
    "VectorService/Update": _as_it_is,
    "VectorService/Delete": _as_it_is,
    "VectorService/DescribeIndexStats": _stats,
    "VectorService/ListNamespaces": _namespaces,
    "VectorService/CreateNamespace": _namespace,
    "VectorService/DescribeNamespace": _namespace,
    "VectorService/DeleteNamespace": _as_it_is,
}
ANSWERED: Final = EMPTY | _FUNCTIONS.keys() | _CALLS.keys()
"""Operations whose answers are understood."""
