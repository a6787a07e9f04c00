"""Outgoing: the call that is sent, built from the judged message. What is masked is not asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.messages import Outgoing, Pairs
from vecgate_milvus.calls.asked import without_numbers
from vecgate_milvus.calls.call import GrpcCall
from vecgate_milvus.calls.columns import DYNAMIC
from vecgate_milvus.collection import Collection

AS_WRITTEN: Final = frozenset({"MilvusService/DropCollection", "MilvusService/RenameCollection"})
"""The server does these by a collection's own name only. It must not do them by an alias on the gateway's account."""
_EVERYTHING: Final = "*"
_ALL_VECTORS: Final = "%"
_PARAMS: Final = ("search_params", "rank_params", "query_params")


def built(call: GrpcCall, masks: MaskSet | None) -> Outgoing:
    """`masks` are those of the collection whose records come back."""
    document = call.document
    if masks is not None or _renamed(call):
        sent = type(document)()
        sent.CopyFrom(document)
        _rename(call, sent)
        if masks is not None:
            _select(call.target, sent, masks)
        document = sent
    return grpc.call(call.row, document.SerializeToString(), metadata(call))


def metadata(call: GrpcCall) -> Pairs:
    """The database stands in the message and here: servers have gone by either of them."""
    return (("dbname", call.database),) if "{database}/" in "".join(call.row.resources) else ()


def wanted(names: Iterable[str], collection: Collection, masks: MaskSet) -> list[str]:
    """The output fields that are worth fetching. Without a schema, what stands for all fields stays: the reply is
    masked by what comes."""
    named = list(dict.fromkeys(name.strip() for name in names))
    if collection.key:
        named = list(dict.fromkeys(one for name in named for one in _expanded(name, collection, masks)))
    return [name for name in named if _shown(name, collection, masks)]


def _expanded(name: str, collection: Collection, masks: MaskSet) -> Iterable[str]:
    if name == _ALL_VECTORS:
        return sorted(collection.vectors)
    if name != _EVERYTHING or not _hides(collection, masks):
        return (name,)
    return (*collection.scalars, *((DYNAMIC,) if collection.dynamic else ()), *sorted(collection.vectors))


def _hides(collection: Collection, masks: MaskSet) -> bool:
    """There is something among all fields that need not be fetched."""
    return (bool(collection.vectors) and not masks.fetches_vectors) or any(
        masks.strategy(name) == "drop" for name in collection.scalars if name != collection.key
    )


def _shown(name: str, collection: Collection, masks: MaskSet) -> bool:
    if name in collection.vectors:
        return masks.fetches_vectors
    return name == collection.key or masks.strategy(name) != "drop"


def _renamed(call: GrpcCall) -> bool:
    return call.row.operation not in AS_WRITTEN and any(
        call.collection(name).resource != f"{call.database}/{name}" for name in call.written
    )


def _rename(call: GrpcCall, sent: Any) -> None:
    """The collections' own names in the place of aliases."""
    if call.row.operation in AS_WRITTEN or not call.written:
        return
    own = [call.collection(name).resource.rpartition("/")[2] for name in call.written]
    if call.place.several:
        getattr(sent, call.place.collection)[:] = own
    else:
        setattr(sent, call.place.collection, own[0])


def _select(collection: Collection, sent: Any, masks: MaskSet) -> None:
    """A search or a query, and the searches within it."""
    names = wanted(sent.output_fields, collection, masks)
    if sent.output_fields and not names and collection.key:
        names = [collection.key]
    sent.output_fields[:] = names
    for name in _PARAMS:
        if name in sent.DESCRIPTOR.fields_by_name:
            without_numbers(getattr(sent, name))
    for one in getattr(sent, "sub_reqs", ()):
        without_numbers(one.search_params)
    for one in getattr(sent, "requests", ()):
        one.collection_name = sent.collection_name
        one.db_name = sent.db_name
        _select(collection, one, masks)
